// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// BlockOSThread by a goroutine of a thread on which another one is in BlockOSThread:
// the innermost one's wake counts. It counts also for a goroutine that blocks the thread
// without BlockOSThread, in the middle of another one's.

package main

import (
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	bad := func() { panic("the wake function of an outer block is called") }
	inC := func() { waitFor("syscall, locked to thread") }

	// By the same goroutine.
	p := newPipe()
	go func() {
		inC()
		l.Do(func() {})
	}()
	runtime.BlockOSThread(func() {
		runtime.BlockOSThread(func() {
			runtime.BlockOSThread(p.read, p.write)
		}, bad)
	}, bad)

	// The outer block goes on, and wakes again.
	q := newPipe()
	var outer atomic.Int32
	done := make(chan bool)
	go func() {
		inC()
		l.Do(func() {})
		inC()
		l.Do(func() {})
		close(done)
	}()
	runtime.BlockOSThread(func() {
		runtime.BlockOSThread(p.read, p.write)
		q.read()
	}, func() {
		outer.Add(1)
		q.write()
	})
	if outer.Load() == 0 {
		panic("the outer block is not woken")
	}
	<-done

	// By another goroutine. The outer block is one that lets it run.
	in := make(chan bool)
	l.Go(func() {
		runtime.BlockOSThread(p.read, p.write)
		in <- true
	})
	go func() {
		inC()
		l.Do(func() {})
	}()
	runtime.BlockOSThread(func() { <-in }, func() {})

	// They end in any order.
	step := make(chan bool)
	l.Go(func() {
		runtime.BlockOSThread(func() {
			in <- true
			<-step
			p.read()
		}, p.write)
		in <- true
	})
	runtime.BlockOSThread(func() { <-in }, func() {}) // the outer one ends first
	go func() {
		inC()
		l.Do(func() {})
	}()
	step <- true
	<-in

	// Without BlockOSThread.
	l.Go(func() {
		p.read()
		in <- true
	})
	go func() {
		inC()
		l.Do(func() {})
	}()
	runtime.BlockOSThread(func() { <-in }, p.write)
}

// A pipe blocks who reads from it until somebody writes to it.
type pipe [2]int

func newPipe() *pipe {
	p := new(pipe)
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	return p
}

func (p *pipe) read() {
	for {
		n, err := syscall.Read(p[0], make([]byte, 1))
		if n == 1 {
			return
		}
		if err != syscall.EINTR {
			panic(err)
		}
	}
}

func (p *pipe) write() {
	if n, _ := syscall.Write(p[1], []byte("x")); n != 1 {
		panic("cannot write")
	}
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}
