// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// When the last holder has left, the next Lock binds the locker afresh,
// even if the old thread lives on.

package main

import (
	"runtime"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	runtime.LockOSThread()
	old := syscall.Gettid()
	l.Lock()
	l.Unlock()

	c := make(chan bool)
	go func() {
		l.Lock()
		if syscall.Gettid() == old {
			panic("Lock of an unbound locker went back to its old thread")
		}
		l.Unlock()
		c <- true
	}()
	<-c
	if syscall.Gettid() != old {
		panic("LockOSThread did not hold")
	}
}
