// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A system call on a shared thread does not keep other threads from reading
// metrics or taking a goroutine profile, even if a goroutine of the thread was
// about to do the same.

package main

import (
	"io"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"sync/atomic"
	"syscall"
)

func main() {
	runtime.GOMAXPROCS(4)
	test(20_000, func() {
		metrics.Read([]metrics.Sample{{Name: "/sched/goroutines:goroutines"}})
	})
	test(400, func() {
		pprof.Lookup("goroutine").WriteTo(io.Discard, 0)
	})
}

// test calls read rounds times in the main goroutine, and as often as it can in
// two others, one on a thread which it shares with a goroutine that blocks in
// read(2) until the main goroutine goes on.
func test(rounds int, read func()) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	thread := runtime.MakeThreadLocker()
	var stop atomic.Bool
	done := make(chan bool)
	go func() {
		thread.Lock()
		defer thread.Unlock()
		for range rounds {
			if n, err := syscall.Read(p[0], make([]byte, 1)); n != 1 || err != nil {
				panic(err)
			}
			runtime.Gosched()
		}
		done <- true
	}()
	for _, lock := range []bool{true, false} {
		go func() {
			if lock {
				thread.Lock()
				defer thread.Unlock()
			}
			for !stop.Load() {
				read()
				runtime.Gosched()
			}
			done <- true
		}()
	}
	for range rounds {
		read()
		if n, err := syscall.Write(p[1], []byte{0}); n != 1 || err != nil {
			panic(err)
		}
	}
	stop.Store(true)
	for range 3 {
		<-done
	}
}
