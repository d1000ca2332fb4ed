// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// LockOSThread by a goroutine that is alone on its thread begins no exclusive section:
// others can join the thread, by LockToRecvOSThread or a ThreadLocker, and run while
// it waits. Nor does the hold that LockToRecvOSThread gives. LockOSThread once more, when
// the thread is shared, begins one.

package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
)

var inside atomic.Bool

func on(tid int) {
	if syscall.Gettid() != tid {
		panic("on another thread")
	}
	if inside.Load() {
		panic("ran in the exclusive section of another goroutine")
	}
}

func main() {
	runtime.LockOSThread()
	tid := syscall.Gettid()
	c := make(chan int)
	go func() {
		runtime.LockToRecvOSThread(c)
		on(tid)
		c <- 1
		<-c // the other one runs meanwhile
		on(tid)
		c <- 3
		runtime.UnlockOSThread()
		c <- 4
	}()
	for i := 1; i <= 4; i++ {
		if i == 2 {
			c <- 2
			continue
		}
		if <-c != i {
			panic("bad order")
		}
	}

	l := runtime.MakeThreadLocker()
	l.Lock()
	go func() {
		l.Lock()
		on(tid)
		c <- 5
		<-c
		on(tid)
		c <- 6
		<-c
		on(tid)
		l.Unlock()
		c <- 7
	}()
	<-c
	c <- 5
	<-c

	// The thread is shared now. A goroutine that is on it waits for c.
	runtime.LockOSThread()
	inside.Store(true)
	c <- 6
	runtime.Gosched()
	echo()
	inside.Store(false)
	runtime.UnlockOSThread()
	<-c
	l.Unlock()

	// So it is without a locker.
	go func() {
		runtime.LockToRecvOSThread(c)
		on(tid)
		c <- 8
		<-c
		on(tid)
		c <- 9

		// The joiner can do it as well.
		runtime.LockOSThread()
		inside.Store(true)
		c <- 10 // the receiver cannot run
		runtime.Gosched()
		echo()
		inside.Store(false)
		runtime.UnlockOSThread()
		on(tid)
		runtime.UnlockOSThread()
		c <- 11
	}()
	<-c
	runtime.LockOSThread()
	inside.Store(true)
	c <- 8
	runtime.Gosched()
	echo()
	inside.Store(false)
	runtime.UnlockOSThread()
	for i := 9; i <= 11; i++ {
		if <-c != i {
			panic("bad order")
		}
		on(tid)
	}
}

// echo has the current goroutine wait for one that is not locked.
func echo() {
	c := make(chan bool)
	go func() { c <- true }()
	<-c
}
