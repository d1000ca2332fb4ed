// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The main thread does not exit when its last locked goroutine
// has left, and runs no goroutine any more.

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

func init() {
	runtime.LockOSThread()
}

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	runtime.UnlockOSThread()
	if syscall.Gettid() != os.Getpid() {
		panic("not on the main thread")
	}
	l.Unlock()
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for range 10 {
				if syscall.Gettid() == os.Getpid() {
					panic("an ordinary goroutine runs on the main thread")
				}
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", os.Getpid())); err != nil {
		panic(err)
	}
}
