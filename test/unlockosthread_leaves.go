// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// UnlockOSThread returns on another thread if others remain locked to the
// thread. It does nothing for a goroutine that only a ThreadLocker holds.

package main

import (
	"runtime"
	"syscall"
)

func main() {
	runtime.LockOSThread()
	tid := syscall.Gettid()
	c := make(chan bool)
	go func() {
		runtime.LockToRecvOSThread(c)
		c <- true
		<-c // main has left
		if syscall.Gettid() != tid {
			panic("moved when another left")
		}
		c <- true
	}()
	<-c
	runtime.UnlockOSThread()
	if syscall.Gettid() == tid {
		panic("did not leave a thread that another goroutine is locked to")
	}
	c <- true
	<-c

	l := runtime.MakeThreadLocker()
	l.Lock()
	tid = syscall.Gettid()
	for range 10 {
		runtime.UnlockOSThread()
		runtime.Gosched()
		if syscall.Gettid() != tid {
			panic("UnlockOSThread has undone Lock")
		}
	}
	l.Unlock()
}
