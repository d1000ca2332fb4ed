// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Exclusive sections nest, those of LockOSThread, of ThreadLocker.Do, and of both:
// the section ends with the outermost.

package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
)

var l = runtime.MakeThreadLocker()
var inside, stop atomic.Bool
var turns atomic.Int64

// wait lets others run, as far as they may.
func wait() {
	for range 3 {
		runtime.Gosched()
		c := make(chan bool)
		go func() { c <- true }()
		<-c
	}
}

// turn returns when the other goroutine of the thread has run.
func turn() {
	for n := turns.Load(); turns.Load() == n; {
		runtime.Gosched()
	}
}

// lock returns a function that calls f between LockOSThread and UnlockOSThread.
func lock(f func()) func() {
	return func() {
		runtime.LockOSThread()
		wait()
		f()
		wait()
		runtime.UnlockOSThread()
	}
}

func do(f func()) func() {
	return func() {
		l.Do(func() {
			wait()
			f()
			wait()
		})
	}
}

func main() {
	l.Lock()
	tid := syscall.Gettid()
	stopped := make(chan bool)
	l.Go(func() {
		for !stop.Load() {
			if inside.Load() {
				panic("ran in the exclusive section of another goroutine")
			}
			turns.Add(1)
			runtime.Gosched()
		}
		close(stopped)
	})
	exclusive := func(f func()) func() {
		return func() {
			inside.Store(true)
			f()
			inside.Store(false)
		}
	}
	outer := []func(func()) func(){lock, do}
	for _, a := range outer {
		for _, b := range outer {
			for _, c := range outer {
				turn()
				a(exclusive(b(c(func() {}))))()
				turn()
				a(exclusive(func() { b(func() {})(); c(func() {})() }))()
			}
		}
	}
	// They need not end in the order in which they began.
	turn()
	l.Do(func() {
		inside.Store(true)
		runtime.LockOSThread()
		runtime.LockOSThread()
	})
	wait()
	runtime.UnlockOSThread()
	wait()
	inside.Store(false)
	runtime.UnlockOSThread()
	turn()
	runtime.LockOSThread()
	inside.Store(true)
	l.Do(func() {
		runtime.UnlockOSThread()
		wait()
		inside.Store(false)
	})
	turn()

	// UnlockOSThread without LockOSThread changes nothing.
	l.Do(func() {
		inside.Store(true)
		runtime.UnlockOSThread()
		wait()
		inside.Store(false)
	})
	turn()
	stop.Store(true)
	<-stopped
	if syscall.Gettid() != tid {
		panic("moved")
	}
}
