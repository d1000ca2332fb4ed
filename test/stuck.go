// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine in a blocking system call keeps the others of its thread from
// running, also those that are about to join it, and nobody else.

package main

import (
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

func main() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	l := runtime.MakeThreadLocker()
	done := make(chan int)
	var released atomic.Bool
	go func() {
		l.Lock()
		done <- syscall.Gettid()
		syscall.Read(p[0], make([]byte, 1))
		done <- syscall.Gettid()
	}()
	tid := <-done
	waitFor("syscall, locked to thread")
	for range 5 {
		go func() {
			l.Lock()
			if !released.Load() {
				panic("ran on a thread that was in a system call")
			}
			done <- syscall.Gettid()
		}()
	}
	// The rest of the program goes on.
	waitFor("runnable, locked to thread")
	runtime.GC()
	c := make(chan int)
	go func() { c <- 1 }()
	<-c

	released.Store(true)
	syscall.Write(p[1], []byte("x"))
	for range 6 {
		if got := <-done; got != tid {
			panic("on another thread")
		}
	}
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}
