// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If nobody receives, LockToRecvOSThread waits, also while the channel has
// values. A receive that does not block counts, too. One receiver releases all.

package main

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	c := make(chan int, 3)
	for i := range 3 {
		c <- i
	}
	const n = 5
	joined := make(chan int)
	for range n {
		go func() {
			runtime.LockToRecvOSThread(c)
			joined <- syscall.Gettid()
		}()
	}
	for waiting() < n {
		runtime.Gosched()
	}

	tid := make(chan int)
	go func() {
		runtime.LockOSThread()
		// A receive that finds nothing does not count.
		select {
		case <-make(chan int):
		default:
		}
		if waiting() != n {
			panic("released without a receive")
		}
		for i := range 3 {
			if v := <-c; v != i {
				panic(fmt.Sprintf("received %d, want %d", v, i))
			}
		}
		tid <- syscall.Gettid()
		<-tid
	}()
	want := <-tid
	for range n {
		if got := <-joined; got != want {
			panic(fmt.Sprintf("joined thread %d, want %d", got, want))
		}
	}
}

// waiting returns how many goroutines wait in LockToRecvOSThread.
func waiting() int {
	buf := make([]byte, 1<<20)
	return strings.Count(string(buf[:runtime.Stack(buf, true)]), " [LockToRecvOSThread")
}
