// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If several goroutines are blocked receiving, the one that has waited longest
// decides. Callers change nothing about who gets which value.

package main

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	type got struct{ tid, value int }
	c := make(chan int)
	const n = 5
	tids := make([]int, n)
	receivers := make([]chan got, n)
	for i := range n {
		receivers[i] = make(chan got)
		tid, wait := make(chan int), make(chan bool)
		go func() {
			runtime.LockOSThread()
			tid <- syscall.Gettid()
			<-wait
			v := <-c
			receivers[i] <- got{syscall.Gettid(), v}
		}()
		tids[i] = <-tid
		wait <- true
		for blocked() != i+1 {
			runtime.Gosched()
		}
	}
	for i := range n {
		joined := make(chan int)
		for range 3 {
			go func() {
				runtime.LockToRecvOSThread(c)
				joined <- syscall.Gettid()
				runtime.UnlockOSThread()
			}()
			if tid := <-joined; tid != tids[i] {
				panic(fmt.Sprintf("joined thread %d, want %d", tid, tids[i]))
			}
		}
		c <- i
		if g := <-receivers[i]; g.value != i || g.tid != tids[i] {
			panic(fmt.Sprintf("receiver %d got %v, want %v", i, g, got{tids[i], i}))
		}
	}
}

// blocked returns how many locked goroutines are blocked receiving.
func blocked() int {
	buf := make([]byte, 1<<20)
	dump := string(buf[:runtime.Stack(buf, true)])
	return strings.Count(dump, "[chan receive, locked to thread")
}
