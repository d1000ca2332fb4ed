// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Each goroutine has its own count of Locks.

package main

import (
	"runtime"
	"sync"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	var wg sync.WaitGroup
	for n := 1; n < 10; n++ {
		wg.Go(func() {
			for range n {
				l.Lock()
				runtime.Gosched()
			}
			for range n {
				if syscall.Gettid() != tid {
					panic("left too early")
				}
				runtime.Gosched()
				l.Unlock()
			}
			if syscall.Gettid() == tid {
				panic("did not leave")
			}
		})
	}
	wg.Wait()
	if syscall.Gettid() != tid {
		panic("moved by the others' Unlocks")
	}
	l.Unlock()
}
