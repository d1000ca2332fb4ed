// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Goroutines that a locked goroutine starts are not locked.

package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	check := func() {
		if syscall.Gettid() == tid {
			panic("a goroutine runs on the thread of the one that started it")
		}
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			check()
			runtime.Gosched()
			check()
		})
	}
	wg.Add(1)
	time.AfterFunc(1, func() {
		check()
		wg.Done()
	})
	wg.Wait()
	l.Unlock()
}
