// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Goroutines of one thread that do not block take turns.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	l := runtime.MakeThreadLocker()
	var turn atomic.Int32
	var wg sync.WaitGroup
	const n = 3
	for i := range int32(n) {
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for round := range int32(5) {
				// Another goroutine of this thread makes this true.
				for turn.Load() != round*n+i {
					work()
				}
				turn.Add(1)
			}
		})
	}
	wg.Wait()
}

// work can be preempted also without asynchronous preemption:
// it calls something, so it checks.
//
//go:noinline
func work() { nothing() }

//go:noinline
func nothing() {}
