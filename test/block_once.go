// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// BlockOSThread has wake called once for all goroutines that can run, not at all if there is
// none, and never for a caller that is not locked. When it has returned, wake is not in
// progress, and those that could run have had a turn each, first in first out.

package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	p := newPipe()
	bad := func() { panic("wake is called") }
	inC := func() { waitFor("syscall, locked to thread") }

	// Not locked.
	called := false
	runtime.BlockOSThread(func() { called = true }, bad)
	if !called {
		panic("block is not called")
	}
	func() {
		defer func() {
			if recover() != 1 {
				panic("bad panic")
			}
		}()
		runtime.BlockOSThread(func() { panic(1) }, bad)
	}()

	l := runtime.MakeThreadLocker()
	l.Lock()
	// Nobody can run.
	go func() {
		inC()
		runtime.GC()
		p.write()
	}()
	runtime.BlockOSThread(p.read, bad)

	// Once for all.
	var wakes atomic.Int32
	var mu sync.Mutex
	var order []int
	add := func(i int) {
		mu.Lock()
		order = append(order, i)
		mu.Unlock()
	}
	start := make(chan int) // to those that wait
	const n = 10
	for i := range n {
		l.Go(func() {
			<-start
			add(i)
			runtime.Gosched()
			add(n + i)
		})
		runtime.Gosched() // let it wait
	}
	go func() {
		inC()
		start <- 0
		for wakes.Load() == 0 {
			runtime.Gosched()
		}
		for range n - 1 {
			start <- 0
		}
		runtime.GC()
		if wakes.Load() != 1 {
			panic("want one wake")
		}
		p.write()
	}()
	runtime.BlockOSThread(p.read, func() { wakes.Add(1) })
	mu.Lock()
	for i := range n {
		// They may have had another one, when the thread had no P after the call.
		if len(order) < n || order[i] != i {
			panic(fmt.Sprint("not each has had one turn, in order: ", order))
		}
	}
	for len(order) < 2*n {
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
	}
	if !slices.IsSorted(order) {
		panic("bad order")
	}

	// Nobody is woken late.
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for !stop.Load() {
				l.Do(func() {})
			}
		}()
		c := make(chan int)
		go func() {
			for i := 0; !stop.Load(); i++ {
				c <- i
			}
			close(c)
			wg.Done()
		}()
		l.Go(func() {
			for range c {
			}
		})
	}
	for range 200 {
		over, waking := false, false // each wake's own block
		runtime.BlockOSThread(p.read, func() {
			if over {
				panic("wake is called when BlockOSThread has returned")
			}
			waking = true
			p.write()
			runtime.Gosched()
			waking = false
		})
		if waking {
			panic("wake is in progress when BlockOSThread has returned")
		}
		over = true
	}
	stop.Store(true)
	wg.Add(1)
	go func() { wg.Done() }()
	wg.Wait()
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
