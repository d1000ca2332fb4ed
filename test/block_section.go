// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// What locks and waits in C at once works as sync.Cond.Wait does: if block unlocks a mutex,
// whoever can run because of that has wake called. An exclusive section around
// BlockOSThread ends for that time.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	p := newPipe()
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	for range 200 {
		var mu sync.Mutex
		locked := false
		mu.Lock()
		l.Go(func() {
			mu.Lock()
			locked = true
			mu.Unlock()
		})
		runtime.Gosched() // it waits for mu
		runtime.BlockOSThread(func() {
			mu.Unlock()
			p.read()
		}, p.write)
		mu.Lock()
		if !locked {
			panic("nobody else has got the mutex")
		}
		mu.Unlock()
	}

	var inside atomic.Bool
	joined := make(chan bool, 100)
	come := func() {
		if inside.Load() {
			panic("ran in the exclusive section of another goroutine")
		}
		if syscall.Gettid() != tid {
			panic("on another thread")
		}
		joined <- true
	}
	wait := func() {
		runtime.Gosched()
		c := make(chan bool)
		go func() { c <- true }()
		<-c
	}
	section := func() {
		inside.Store(true)
		l.Go(come)
		go l.Do(come)
		wait()
		for range 2 {
			// If a block is preempted before it reads, wake is called for each part of it. Then
			// one of the next blocks ends at once.
			for n := len(joined); len(joined) == n; {
				inside.Store(false)
				runtime.BlockOSThread(p.read, p.write)
				inside.Store(true)
			}
			go l.Do(come)
			wait()
		}
		// Left by a panic, it goes on as well.
		func() {
			defer func() { recover() }()
			inside.Store(false)
			runtime.BlockOSThread(func() { panic(1) }, p.write)
		}()
		inside.Store(true)
		wait()
		inside.Store(false)
	}
	for range 10 {
		runtime.LockOSThread()
		section()
		runtime.UnlockOSThread()
		l.Do(section)
		l.Do(func() {
			runtime.LockOSThread()
			section()
			runtime.UnlockOSThread()
			section()
		})
		for len(joined) != 0 {
			<-joined
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
