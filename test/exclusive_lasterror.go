// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A library that calls LockOSThread, does something, asks the thread what came of it, and
// calls UnlockOSThread, gets its own answer, also if it waits in between, and also
// if its callers share a thread. Here the name of the thread stands in for errno.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"
)

func prctl(option uintptr, name *[16]byte) {
	if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, option, uintptr(unsafe.Pointer(name)), 0); err != 0 {
		panic(err)
	}
}

func call(id int, between func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, got [16]byte
	copy(set[:], fmt.Sprint(id))
	prctl(syscall.PR_SET_NAME, &set)
	between()
	prctl(syscall.PR_GET_NAME, &got)
	if got != set {
		panic(fmt.Sprintf("got the answer of %q, want that of %q", got, set))
	}
}

func main() {
	log := make(chan int)
	go func() {
		for range log {
		}
	}()
	l := runtime.MakeThreadLocker()
	l.Lock()
	var wg sync.WaitGroup
	for i := range 8 {
		f := func() {
			defer wg.Done()
			for n := range 200 {
				call(i, func() {})
				call(i, runtime.Gosched)
				call(i, func() { log <- n })
			}
		}
		wg.Add(2)
		l.Go(f)
		go func() {
			l.Lock()
			defer l.Unlock()
			f()
		}()
	}
	wg.Wait()
}
