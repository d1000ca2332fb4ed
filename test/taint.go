// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A thread on which a goroutine has ended while LockOSThread held it runs those
// that are locked to it to the end, can be joined meanwhile, and then exits.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func init() {
	// Keep the main thread, which cannot exit, away from the others.
	runtime.LockOSThread()
}

func main() {
	c := make(chan int)
	tids := make(chan int)
	go func() {
		runtime.LockOSThread()
		tids <- syscall.Gettid()
		for range c {
		}
		if <-tids != syscall.Gettid() {
			panic("moved")
		}
		tid := syscall.Gettid()
		runtime.UnlockOSThread() // the last one
		if syscall.Gettid() == tid {
			panic("did not leave a tainted thread")
		}
		tids <- tid
	}()
	tid := <-tids
	for range 5 {
		go func() {
			runtime.LockToRecvOSThread(c)
			tids <- syscall.Gettid()
			// End while locked.
		}()
		if got := <-tids; got != tid {
			panic("did not join")
		}
	}
	close(c)
	tids <- tid
	<-tids
	waitExit(tid)
}

// waitExit returns when thread tid of this process does not exist.
// It hangs if the thread stays.
func waitExit(tid int) {
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
