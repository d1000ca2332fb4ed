// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Lock of a bound ThreadLocker moves the caller to the thread of the others.
// They come and go in any order.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			l.Lock()
			for range i % 5 {
				if got := syscall.Gettid(); got != tid {
					panic(fmt.Sprintf("on thread %d, want %d", got, tid))
				}
				runtime.Gosched()
			}
			l.Unlock()
		})
	}
	wg.Wait()
	if got := syscall.Gettid(); got != tid {
		panic(fmt.Sprintf("on thread %d, want %d", got, tid))
	}
	l.Unlock()
}
