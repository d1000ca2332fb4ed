// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The body of a coroutine stands in for the locked goroutine that enters it.
// When it ends, the goroutine is as locked as before.

package main

import (
	"iter"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	on := func() {
		if syscall.Gettid() != tid {
			panic("on another thread")
		}
	}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for n := range 10 {
				next, stop := iter.Pull(func(yield func(int) bool) {
					for i := range 7 {
						on()
						runtime.Gosched()
						on()
						// It holds the locker.
						l.Lock()
						l.Unlock()
						on()
						if !yield(i) {
							return
						}
					}
				})
				for i := range n {
					v, ok := next()
					if ok != (i < 7) || ok && v != i {
						panic("bad value")
					}
					on()
					runtime.Gosched()
				}
				stop()
				on()
			}
		})
	}
	wg.Wait()
	on()
	l.Unlock()
}
