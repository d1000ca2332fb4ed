// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A server that always has something to receive, and so never blocks,
// can be joined. No value is lost, doubled or moved.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	c := make(chan int, 100)
	var stop atomic.Bool
	last := make(chan int)
	go func() {
		i := 0
		for ; !stop.Load(); i++ {
			c <- i
		}
		close(c)
		last <- i
	}()
	var tid int
	n := 0
	started, done := make(chan bool), make(chan bool)
	go func() {
		runtime.LockOSThread()
		tid = syscall.Gettid()
		close(started)
		for v := range c {
			if v != n {
				panic(fmt.Sprintf("received %d, want %d", v, n))
			}
			n++
		}
		close(done)
	}()
	<-started
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			runtime.LockToRecvOSThread(c)
			if got := syscall.Gettid(); got != tid {
				panic(fmt.Sprintf("joined thread %d, want %d", got, tid))
			}
			runtime.UnlockOSThread()
		})
	}
	wg.Wait()
	stop.Store(true)
	sent := <-last
	<-done
	if n != sent {
		panic(fmt.Sprintf("received %d values, want %d", n, sent))
	}
}
