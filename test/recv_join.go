// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// LockToRecvOSThread locks the caller to the thread of the locked goroutine
// that is blocked receiving, and takes no value from it.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	c := make(chan int)
	tids := make(chan int)
	sum := make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tids <- syscall.Gettid()
		n := 0
		for v := range c {
			n += v
		}
		sum <- n
	}()
	tid := <-tids
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			runtime.LockToRecvOSThread(c)
			defer runtime.UnlockOSThread()
			for range 10 {
				if got := syscall.Gettid(); got != tid {
					panic(fmt.Sprintf("on thread %d, want %d", got, tid))
				}
				c <- i
			}
		})
	}
	wg.Wait()
	close(c)
	if got := <-sum; got != 450 {
		panic(fmt.Sprintf("the receiver got %d in all, want 450", got))
	}
}
