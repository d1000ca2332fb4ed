// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// How to get a ThreadLocker for the main thread:
// LockOSThread in an init function, Lock in main.main.

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
	check()
	l := runtime.MakeThreadLocker()
	l.Lock()
	check()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			l.Lock()
			check()
			runtime.Gosched()
			check()
			l.Unlock()
			if syscall.Gettid() == os.Getpid() {
				panic("did not leave the main thread")
			}
		})
	}
	wg.Wait()
	check()
}

// check checks that the caller runs on the main thread,
// the one whose number is that of the process.
func check() {
	if tid := syscall.Gettid(); tid != os.Getpid() {
		panic(fmt.Sprintf("on thread %d, want %d", tid, os.Getpid()))
	}
}
