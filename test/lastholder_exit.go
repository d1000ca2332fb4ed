// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The thread exits when the last holder has left.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	l := runtime.MakeThreadLocker()
	for n := 1; n <= 5; n++ {
		var wg sync.WaitGroup
		tids := make([]int, n)
		var all sync.WaitGroup
		all.Add(n)
		for i := range n {
			wg.Go(func() {
				l.Lock()
				tids[i] = syscall.Gettid()
				all.Done()
				all.Wait()
				l.Unlock()
			})
		}
		wg.Wait()
		for _, tid := range tids {
			if tid != tids[0] {
				panic(fmt.Sprint("more than one thread: ", tids))
			}
		}
		waitExit(tids[0])
	}
}

// waitExit returns when thread tid of this process does not exist.
// It hangs if the thread stays.
func waitExit(tid int) {
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
