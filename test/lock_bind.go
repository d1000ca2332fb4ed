// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The first Lock of a ThreadLocker locks the caller to the thread it runs on.

package main

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
)

func main() {
	// The scheduler may move the caller just before Lock, though seldom.
	same := false
	for i := 0; i < 1000 && !same; i++ {
		l := runtime.MakeThreadLocker()
		before := syscall.Gettid()
		l.Lock()
		tid := syscall.Gettid()
		same = before == tid

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
	if !same {
		panic("Lock always moves the caller to another thread")
	}
}

func check(what string, tid int) {
	if got := syscall.Gettid(); got != tid {
		panic(fmt.Sprintf("on thread %d after %s, want %d", got, what, tid))
	}
}
