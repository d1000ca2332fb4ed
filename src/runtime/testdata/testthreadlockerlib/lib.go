// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// The Go half of a C program whose main thread Go did not create.
package main

/*
#include <stdint.h>

// Defined in share.c.
extern int shareThread(void);
extern int shareCall(uintptr_t);
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/cgo"
	"strings"
)

var (
	l    = runtime.MakeThreadLocker() // held by a goroutine
	recv = make(chan bool)            // that receives from this
)

func init() {
	ready := make(chan bool)
	go func() {
		l.Lock()
		ready <- true
		<-recv
	}()
	<-ready
}

// mustPanic checks that f panics with a message that begins with prefix.
func mustPanic(prefix string, f func()) {
	defer func() {
		e := recover()
		if s := fmt.Sprint(e); e == nil || !strings.HasPrefix(s, prefix) {
			fmt.Printf("panic with %q, want %q\n", s, prefix)
			os.Exit(1)
		}
	}()
	f()
}

func attempts() {
	unbound := runtime.MakeThreadLocker()
	mustPanic("runtime.ThreadLocker.Lock:", unbound.Lock)
	mustPanic("runtime.ThreadLocker.Unlock:", unbound.Unlock)
	mustPanic("runtime.ThreadLocker.Lock:", l.Lock)
	mustPanic("runtime.ThreadLocker.Unlock:", l.Unlock)
	mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv) })
	mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(make(chan bool)) })

	// A goroutine waits for this thread to receive.
	c, done := make(chan bool), make(chan bool)
	go func() {
		mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(c) })
		done <- true
		c <- true
	}()
	select {
	case <-c:
		fmt.Println("a goroutine was locked to a thread that Go did not create")
		os.Exit(1)
	case <-done:
	}
	<-c
}

//export Attempts
func Attempts() {
	attempts()
	runtime.LockOSThread()
	attempts()
	runtime.UnlockOSThread()
	attempts()
}

//export LeaveLocked
func LeaveLocked() {
	attempts()
	runtime.LockOSThread()
}

//export shareCallback
func shareCallback(h C.uintptr_t) {
	cgo.Handle(h).Value().(func())()
}

// Share has goroutines share a thread of Go's, call C there, and be called back.
// The first callbacks that are to return are the outer ones, so they must wait.
//
//export Share
func Share() {
	self := C.shareThread()
	l := runtime.MakeThreadLocker()
	const n = 3
	var (
		ret     [n]chan bool
		threads [n]C.int
		order   [n]C.int
	)
	ends := make(chan bool, n)
	for i := range n {
		ret[i] = make(chan bool)
		in := make(chan bool)
		go func() {
			l.Lock()
			defer func() { ends <- true }()
			h := cgo.NewHandle(func() {
				in <- true
				<-ret[i]
			})
			defer h.Delete()
			threads[i] = C.shareThread()
			order[i] = C.shareCall(C.uintptr_t(h))
			if C.shareThread() != threads[i] {
				fail("goroutine has left its thread")
			}
			if i == 0 {
				l.Unlock()
				if C.shareThread() == threads[i] {
					fail("goroutine has no hold left and is still on its thread")
				}
			}
		}()
		<-in
	}
	for i := range n - 1 {
		ret[i] <- true
	}
	buf := make([]byte, 1<<20)
	for strings.Count(string(buf[:runtime.Stack(buf, true)]), " [cgo callback return") < n-1 {
		runtime.Gosched()
	}
	runtime.GC()
	ret[n-1] <- true
	for range n {
		<-ends
	}
	if order != [n]C.int{3, 2, 1} {
		fail("callbacks have returned in the order", order)
	}
	if threads[0] != threads[1] || threads[1] != threads[2] || threads[0] == self {
		fail("goroutines that hold a ThreadLocker were on threads", threads, "and the caller on", self)
	}
}

func fail(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}

func main() {}
