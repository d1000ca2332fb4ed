// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Lock nests: a goroutine leaves when it has called Unlock as often as Lock.

package main

import (
	"fmt"
	"runtime"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	for n := 1; n <= 100; n++ {
		l.Lock()
		tid := syscall.Gettid()
		for range n - 1 {
			l.Lock()
		}
		for i := range n - 1 {
			l.Unlock()
			if got := syscall.Gettid(); got != tid {
				panic(fmt.Sprintf("on thread %d after %d of %d Unlocks, want %d", got, i+1, n, tid))
			}
		}
		l.Unlock()
		if got := syscall.Gettid(); got == tid {
			panic(fmt.Sprintf("still on thread %d after %d Unlocks", tid, n))
		}
	}
}
