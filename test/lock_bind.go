// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The first Lock of a ThreadLocker moves a caller that is not locked to a thread
// of the locker's own. The caller's former thread stays for others.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func main() {
	seen := make(map[int]bool) // threads that main has run on without a lock
	for range 100 {
		before := syscall.Gettid()
		seen[before] = true
		l := runtime.MakeThreadLocker()
		l.Lock()
		tid := syscall.Gettid()
		if seen[tid] {
			panic(fmt.Sprintf("bound to thread %d, which goroutines without a lock have used", tid))
		}

		// There it stays, whatever it waits for.
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
		check("receiving", tid)
		go func() { <-c }()
		c <- 1
		check("sending", tid)
		runtime.Gosched()
		check("Gosched", tid)
		time.Sleep(1)
		check("Sleep", tid)
		l.Unlock()
	}
	for tid := range seen {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); errors.Is(err, os.ErrNotExist) {
			panic(fmt.Sprintf("thread %d has exited, which is no locker's", tid))
		}
	}
}

func check(what string, tid int) {
	if got := syscall.Gettid(); got != tid {
		panic(fmt.Sprintf("on thread %d after %s, want %d", got, what, tid))
	}
}
