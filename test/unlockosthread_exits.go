// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A thread that a locker was ever bound to exits when the last
// goroutine locked to it, by whatever, calls UnlockOSThread.

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
	tids := make(chan int)
	go func() {
		l := runtime.MakeThreadLocker()
		runtime.LockOSThread()
		l.Lock()
		l.Unlock()
		tid := syscall.Gettid()
		runtime.UnlockOSThread()
		if syscall.Gettid() == tid {
			panic("did not leave")
		}
		tids <- tid
	}()
	waitExit(<-tids)
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
