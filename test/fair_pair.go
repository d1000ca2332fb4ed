// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Two goroutines, one or both of which are locked, that talk without end beside two
// that compute: each of the latter runs again and again, and so do the two.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	l := runtime.MakeThreadLocker()
	plain := func() (unlock func()) {
		runtime.LockOSThread()
		return runtime.UnlockOSThread
	}
	shared := func() (unlock func()) {
		l.Lock()
		return l.Unlock
	}
	free := func() (unlock func()) { return func() {} }
	for _, procs := range []int{1, 2} {
		runtime.GOMAXPROCS(procs)
		talk(plain, plain)
		talk(plain, free)
		talk(free, plain)
		talk(shared, free)
		talk(shared, shared)
		talk(shared, plain)
	}
}

func talk(lockClient, lockServer func() (unlock func())) {
	const wanted = 5
	var talked atomic.Int64
	var stop atomic.Bool
	var talking, computing sync.WaitGroup
	request, answer := make(chan int), make(chan int)
	talking.Go(func() {
		defer lockClient()()
		defer close(request)
		for !stop.Load() {
			request <- 1
			<-answer
			talked.Add(1)
		}
	})
	talking.Go(func() {
		defer lockServer()()
		for range request {
			answer <- 1
		}
	})
	for range 2 {
		computing.Go(func() {
			// A turn of this goroutine is over when the two have talked.
			for range wanted {
				for last := talked.Load(); talked.Load() == last; {
				}
			}
		})
	}
	computing.Wait()
	stop.Store(true)
	talking.Wait()
}
