// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A thread with locked goroutines runs no others,
// whether its own are busy, blocked, or in a system call.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()

	crowd := func() {
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					if syscall.Gettid() == tid {
						panic("an ordinary goroutine runs on a thread with locked ones")
					}
					runtime.Gosched()
				}
			})
		}
		wg.Wait()
	}
	crowd() // all locked goroutines are blocked: main is the only one

	var stop atomic.Bool
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() {
			l.Lock()
			defer l.Unlock()
			for !stop.Load() {
				runtime.Gosched()
			}
		})
	}
	crowd()
	stop.Store(true)
	busy.Wait()

	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	go func() {
		crowd()
		syscall.Write(p[1], []byte("x"))
	}()
	syscall.Read(p[0], make([]byte, 1))
	if syscall.Gettid() != tid {
		panic("moved")
	}
	l.Unlock()
}
