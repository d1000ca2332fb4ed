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

static void sitUntilRead(int fd) {
	char c;
	while (read(fd, &c, 1) != 1) {
	}
}
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
	register("ThreadLockerNprocMain", ThreadLockerNprocMain)
	register("ThreadLockerStallsCgo", ThreadLockerStallsCgo)
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
	tlLimitThreads()
	for range 1000 {
		tlStart(runtime.MakeThreadLocker().Lock)
	}
	tlFatal("there is no limit")
}

// ThreadLockerNprocMain binds a thread on the main goroutine, which is not locked,
// when the kernel makes no more.
func ThreadLockerNprocMain() {
	l := runtime.MakeThreadLocker()
	for range 3 {
		// Let the runtime have the threads that it wants.
		l.Lock()
		l.Unlock()
		runtime.GC()
	}
	tlLimitThreads()
	l.Lock()
	tlFatal("there is no limit")
}

// tlLimitThreads has the kernel make no more threads.
func tlLimitThreads() {
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
}

// ThreadLockerStallsCgo is told by standard input what to do, like ThreadLockerStalls
// in testprog:
//
//	s  have a goroutine sit in C on a thread that another waits for
//	r  end that call
//	q  exit
func ThreadLockerStallsCgo() {
	l := runtime.MakeThreadLocker()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		tlFatal("pipe: %v", err)
	}
	tid := make(chan int)
	done := make(chan bool)
	for {
		var b [1]byte
		if n, err := syscall.Read(0, b[:]); err == syscall.EINTR {
			continue
		} else if n != 1 || err != nil {
			tlFatal("read: %d, %v", n, err)
		}
		switch b[0] {
		case 's':
			go func() {
				l.Lock()
				tid <- int(C.threadID())
				tlSitInC(p[0])
				l.Unlock()
				done <- true
			}()
			fmt.Println(<-tid)
			go func() {
				l.Lock()
				l.Unlock()
				done <- true
			}()
		case 'r':
			if _, err := syscall.Write(p[1], b[:]); err != nil {
				tlFatal("write: %v", err)
			}
			<-done
			<-done
			fmt.Println(0)
		case 'q':
			os.Exit(0)
		}
	}
}

//go:noinline
func tlSitInC(fd int) { C.sitUntilRead(C.int(fd)) }
