// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// BlockOSThread: whenever a goroutine of a thread that is blocked can run, however it has
// become runnable, wake is called. wake is called by a goroutine that is not locked. The
// program hangs if one is lost.

package main

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	p := newPipe()
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	wakes := 0
	wake := func() {
		wakes++ // ordered before and after by BlockOSThread
		if l.Held() || syscall.Gettid() == tid {
			panic("wake is called by a goroutine that is locked")
		}
		p.write()
	}
	inC := func() { waitFor("syscall, locked to thread") }
	r, w, err := os.Pipe() // by way of the network poller
	if err != nil {
		panic(err)
	}
	var ran atomic.Bool
	for _, test := range []struct {
		name   string
		before func() // on the thread, before BlockOSThread
		during func() // elsewhere
	}{
		{"runnable at the call",
			func() { l.Go(func() { ran.Store(true) }) },
			nil},
		{"readied by the caller",
			func() {
				c := make(chan bool)
				l.Go(func() { <-c; ran.Store(true) })
				runtime.Gosched()
				c <- true
			},
			nil},
		{"Go", nil, func() { l.Go(func() { ran.Store(true) }) }},
		{"Lock", nil, func() {
			l.Lock()
			ran.Store(true)
			l.Unlock()
		}},
		{"Do", nil, func() { l.Do(func() { ran.Store(true) }) }},
		{"Do by a locked goroutine", nil, func() {
			runtime.LockOSThread()
			l.Do(func() { ran.Store(true) })
			runtime.UnlockOSThread()
		}},
		{"timer", func() {
			l.Go(func() { time.Sleep(time.Microsecond); ran.Store(true) })
			runtime.Gosched()
		}, nil},
		{"network poller", func() {
			l.Go(func() { r.Read(make([]byte, 1)); ran.Store(true) })
			runtime.Gosched()
		}, func() { inC(); w.Write([]byte("x")) }},
		{"preempted", func() {
			// One that computes until the thread is in the block would never end. This one
			// is runnable, in the middle of something.
			l.Go(func() { runtime.Gosched(); runtime.Gosched(); ran.Store(true) })
			runtime.Gosched()
			runtime.Gosched()
		}, nil},
	} {
		for _, early := range []bool{false, true} {
			if test.during == nil && early {
				continue
			}
			ran.Store(false)
			wakes = 0
			if test.before != nil {
				test.before()
			}
			var wg sync.WaitGroup
			if test.during != nil {
				wg.Go(func() {
					if !early {
						inC()
					}
					test.during()
				})
			}
			for !ran.Load() { // it may take more than one turn
				runtime.BlockOSThread(p.read, wake)
			}
			if wakes == 0 {
				panic(test.name + ": wake is not called")
			}
			if !l.Held() || syscall.Gettid() != tid {
				panic("moved")
			}
			wg.Wait()
		}
	}
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
