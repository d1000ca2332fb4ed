// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

/*
#define _GNU_SOURCE
#include <locale.h>
#include <unistd.h>
#include <sys/syscall.h>

static int threadID(void) { return syscall(SYS_gettid); }
*/
import "C"

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

func init() {
	register("ThreadLockerLocale", ThreadLockerLocale)
	register("ThreadLockerMainThread", ThreadLockerMainThread)
	register("ThreadLockerNproc", ThreadLockerNproc)
	registerInit("ThreadLockerMainThread", runtime.LockOSThread)
}

// ThreadLockerLocale sets the locale of a thread.
func ThreadLockerLocale() {
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	other := tlStart(runtime.LockOSThread)
	locale := func(g *tlG) (loc C.locale_t) {
		g.do(func() { loc = C.uselocale(nil) })
		return loc
	}
	global := locale(other)
	if locale(a) != global {
		tlFatal("new thread has a locale of its own")
	}
	c := C.CString("C")
	loc := C.newlocale(C.LC_ALL_MASK, c, nil)
	if loc == nil {
		tlFatal("newlocale failed")
	}
	a.enter()
	b.enter()
	a.do(func() { C.uselocale(loc) })
	if locale(b) != loc {
		tlFatal("goroutine does not see the locale that another set on its thread")
	}
	b.returns(1)
	a.returns(1)
	if locale(b) != loc || locale(tlStart(l.Lock)) != loc {
		tlFatal("locale of the thread is gone")
	}
	b.do(l.Unlock)
	if locale(b) != global || locale(other) != global {
		tlFatal("locale of another thread has changed")
	}
	fmt.Println("OK")
}

// ThreadLockerMainThread gets a ThreadLocker for the main thread in the way
// that the documentation of Lock tells: LockOSThread in an init function, Lock
// in main.
func ThreadLockerMainThread() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	runtime.UnlockOSThread()
	check := func() {
		if id := int(C.threadID()); id != os.Getpid() {
			tlFatal("on thread %d, want the main thread, %d", id, os.Getpid())
		}
	}
	check()
	a := tlStart(l.Lock)
	a.do(check)
	a.enter()
	a.do(check)
	a.returns(1)
	fmt.Println("OK")
}

// ThreadLockerNproc binds threads until the kernel makes no more.
func ThreadLockerNproc() {
	// This process alone has as many.
	const RLIMIT_NPROC = 6
	if err := syscall.Setrlimit(RLIMIT_NPROC, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		tlFatal("setrlimit: %v", err)
	}
	if os.Getuid() == 0 {
		// There is no limit for the superuser.
		if err := syscall.Setuid(65534); err != nil {
			tlFatal("setuid: %v", err)
		}
	}
	for range 1000 {
		tlStart(runtime.MakeThreadLocker().Lock)
	}
	tlFatal("there is no limit")
}
