// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine that LockOSThread or LockToRecvOSThread holds on a thread can
// become a holder of a ThreadLocker there, and stays until both let it go.

package main

import (
	"runtime"
	"syscall"
)

func main() {
	runtime.LockOSThread()
	tid := syscall.Gettid()
	on := func(what string) {
		if syscall.Gettid() != tid {
			panic(what + ": moved to another thread")
		}
	}
	l := runtime.MakeThreadLocker()
	l.Lock() // binds l to this thread
	on("Lock")

	c := make(chan bool)
	go func() {
		runtime.LockToRecvOSThread(c)
		on("LockToRecvOSThread")
		l.Lock()
		on("Lock of a joined goroutine")
		runtime.UnlockOSThread()
		on("UnlockOSThread under Lock")
		l.Unlock()
		if syscall.Gettid() == tid {
			panic("did not leave")
		}
		c <- true
	}()
	<-c

	l.Unlock()
	on("Unlock under LockOSThread")
	l.Lock()
	runtime.UnlockOSThread()
	on("UnlockOSThread under Lock")
	l.Unlock()
	if syscall.Gettid() == tid {
		panic("did not leave")
	}
}
