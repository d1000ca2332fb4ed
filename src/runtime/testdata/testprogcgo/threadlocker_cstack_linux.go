// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

// Programs that die of a C stack overflow, mostly.

/*
#include <stdint.h>
uintptr_t threadLockerStackFrame(uintptr_t, intptr_t, uintptr_t);
int threadLockerStackDepth(int);
void threadLockerStackWild(int);
void threadLockerStackThread(uintptr_t);
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"runtime/cgo"
	"strconv"
	"syscall"
)

func init() {
	for name, f := range map[string]func(){
		"Alone":     func() { tlStackNest(0) },
		"AloneLock": func() { runtime.LockOSThread(); tlStackNest(0) },
		"CThread":   func() { C.threadLockerStackThread(tlStackCallback(func() { tlStackNest(1) })) },
		"Depth":     func() { C.threadLockerStackDepth(0) },
		"DepthOther": func() {
			tlStackOpen(3, func() {
				go func() { C.threadLockerStackDepth(0) }()
			})
		},
		"Main":     tlStackShare,
		"Shared":   func() { go tlStackShare() }, // not on the main thread, which is locked
		"Wild":     func() { tlStackOpen(3, func() { C.threadLockerStackWild(0) }) },
		"WildNear": func() { tlStackOpen(3, func() { C.threadLockerStackWild(1) }) },
	} {
		name = "ThreadLockerCStack" + name
		register(name, func() {
			tlStackLimit()
			f()
			select {}
		})
		if name == "ThreadLockerCStackMain" || name == "ThreadLockerCStackShared" {
			registerInit(name, runtime.LockOSThread)
		}
	}
}

const tlStackFrameSize = 64 << 10

// tlStackRest is how much the last frame leaves, which may be less than nothing.
var tlStackRest, _ = strconv.Atoi(os.Getenv("TEST_THREADLOCKER_REST"))

// tlStackLimit limits the C stacks of this program, for which it has to begin anew.
func tlStackLimit() {
	const RLIMIT_STACK = 3
	const env = "TEST_THREADLOCKER_LIMITED"
	if os.Getenv(env) != "" {
		return
	}
	var lim syscall.Rlimit
	err := syscall.Getrlimit(RLIMIT_STACK, &lim)
	if err == nil {
		lim.Cur = 1 << 20
		err = syscall.Setrlimit(RLIMIT_STACK, &lim)
	}
	if err == nil {
		err = syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), env+"=1"))
	}
	tlFatal("cannot limit the stack: %v", err)
}

func tlStackCallback(f func()) C.uintptr_t {
	return C.uintptr_t(cgo.NewHandle(func() uintptr {
		f()
		return 0
	}))
}

// tlStackCall has C call f with a frame, and says before who does so, and with how many
// callbacks open.
func tlStackCall(open int, f func()) {
	h := tlStackCallback(f)
	fmt.Printf("thread %d, goroutine %s, %d callbacks\n", syscall.Gettid(), tlID(), open)
	C.threadLockerStackFrame(tlStackFrameSize, C.intptr_t(tlStackRest), h)
}

// tlStackUse uses g0's stack.
func tlStackUse() {
	runtime.Stack(make([]byte, 1<<16), true)
	runtime.GC()
}

func tlStackNest(open int) {
	tlStackCall(open, func() {
		tlStackUse()
		tlStackNest(open + 1)
	})
}

// tlStackShare has one goroutine after the other call C on one thread, each when the one
// before it is in a callback.
func tlStackShare() {
	l := runtime.MakeThreadLocker()
	next := make(chan bool)
	call := func(open int) {
		l.Lock()
		tlStackCall(open, func() {
			tlStackUse()
			next <- true
			select {}
		})
	}
	go func() {
		for open := 1; ; open++ {
			<-next
			go call(open)
		}
	}()
	call(0)
}

// tlStackOpen calls f on a thread on which n callbacks are open.
func tlStackOpen(n int, f func()) {
	l := runtime.MakeThreadLocker()
	for range n {
		in := make(chan bool)
		go func() {
			l.Lock()
			tlStackCall(0, func() {
				in <- true
				select {}
			})
		}()
		<-in
	}
	go func() {
		l.Lock()
		f()
	}()
}
