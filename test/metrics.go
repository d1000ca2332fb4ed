// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The metrics of dedicated threads, of a program whose numbers are known.

package main

import (
	"fmt"
	_ "os/user" // for runtime/cgo, whose spare threads must not count
	"runtime"
	"runtime/metrics"
	"syscall"
)

func check(threads, locked, runnable uint64) {
	s := []metrics.Sample{
		{Name: "/sched/threads/dedicated:threads"},
		{Name: "/sched/goroutines/locked:goroutines"},
		{Name: "/sched/goroutines/locked-runnable:goroutines"},
	}
	// A goroutine that has been made runnable, or has ended, is counted so
	// a little later.
	var got [3]uint64
	for range 1_000_000 {
		metrics.Read(s)
		for i := range got {
			got[i] = s[i].Value.Uint64()
		}
		if got == [3]uint64{threads, locked, runnable} {
			return
		}
		runtime.Gosched()
	}
	panic(fmt.Sprintf("threads, locked and runnable goroutines are %d, want %d", got, [3]uint64{threads, locked, runnable}))
}

func main() {
	check(0, 0, 0)
	end := make(chan bool)
	gone := make(chan bool)
	wait := func(lock, unlock func()) {
		ready := make(chan bool)
		go func() {
			lock()
			ready <- true
			<-end
			unlock()
			gone <- true
		}()
		<-ready
	}
	for range 3 {
		wait(runtime.LockOSThread, runtime.UnlockOSThread)
	}
	check(3, 3, 0)
	var lockers [2]*runtime.ThreadLocker
	for i := range lockers {
		lockers[i] = runtime.MakeThreadLocker()
		for range 10 {
			wait(lockers[i].Lock, lockers[i].Unlock)
		}
	}
	check(5, 23, 0)

	// Joiners of a thread that is in a system call are runnable.
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	ready := make(chan bool)
	go func() {
		lockers[0].Lock()
		ready <- true
		syscall.Read(p[0], make([]byte, 1))
		gone <- true
	}()
	<-ready
	for range 7 {
		go func() {
			lockers[0].Lock()
			gone <- true
		}()
	}
	check(5, 31, 7)
	if _, err := syscall.Write(p[1], []byte{0}); err != nil {
		panic(err)
	}
	for range 8 {
		<-gone
	}
	check(5, 23, 0)
	for range 23 {
		end <- true
		<-gone
	}
	check(0, 0, 0)
}
