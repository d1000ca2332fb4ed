// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine that makes one system call after the other does not keep the
// others of its thread from running for longer than one that computes.

package main

import (
	"runtime"
	"sync/atomic"
	"syscall"
)

func main() {
	for _, procs := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(procs)
		test()
	}
}

func test() {
	const (
		turns    = 20
		maxCalls = 5000 // a time slice has room for ten
	)
	thread := runtime.MakeThreadLocker()
	var stop atomic.Bool
	locked, done := make(chan bool), make(chan int)
	go func() {
		thread.Lock()
		defer thread.Unlock()
		locked <- true
		calls := 0
		for ; !stop.Load() && calls < maxCalls; calls++ {
			syscall.Nanosleep(&syscall.Timespec{Nsec: 1_000_000}, nil)
		}
		done <- calls
	}()
	<-locked
	go func() {
		thread.Lock()
		defer thread.Unlock()
		for range turns {
			runtime.Gosched()
		}
		stop.Store(true)
	}()
	if <-done == maxCalls {
		panic("system calls kept a goroutine from running")
	}
}
