// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// What LockToRecvOSThread did, one UnlockOSThread undoes. It nests with
// LockOSThread.

package main

import (
	"runtime"
	"syscall"
)

func main() {
	runtime.LockOSThread()
	tid := syscall.Gettid()
	c := make(chan bool)
	for n := range 5 {
		go func() {
			runtime.LockToRecvOSThread(c)
			for range n {
				runtime.LockOSThread()
			}
			for range n {
				runtime.UnlockOSThread()
				if syscall.Gettid() != tid {
					panic("left too early")
				}
			}
			runtime.UnlockOSThread()
			if syscall.Gettid() == tid {
				panic("did not leave")
			}
			runtime.UnlockOSThread() // does nothing
			c <- true
		}()
		<-c
		if syscall.Gettid() != tid {
			panic("the receiver moved")
		}
	}
}
