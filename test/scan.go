// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The GC looks at goroutines that are about to block, to be readied and to go on, on
// a thread that they share. Each of these changes the status that a scan needs to
// stay as it is.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	runtime.GOMAXPROCS(4)
	l := runtime.MakeThreadLocker()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 50 {
		ch := make(chan bool)
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for !stop.Load() {
				ch <- true
			}
			close(ch)
		})
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for range ch {
			}
		})
	}
	for range 1000 {
		runtime.GC()
	}
	stop.Store(true)
	wg.Wait()
}
