// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && unix

package main

// More programs about callbacks on shared threads; see threadlocker.go.
// These need pthreads or pipes.

/*
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <unistd.h>

extern uintptr_t threadLockerCallback(uintptr_t);

static void *threadStart(void *arg) {
	uintptr_t *h = arg;

	// The second call finds the thread known to Go, if this system can do that.
	*h = threadLockerCallback(*h) + threadLockerCallback(*h);
	return NULL;
}

// onThread calls the Go function that h stands for on a new thread, twice.
static uintptr_t onThread(uintptr_t h) {
	pthread_t t;

	if (pthread_create(&t, NULL, threadStart, &h) != 0 || pthread_join(t, NULL) != 0) {
		perror("pthread");
		abort();
	}
	return h;
}

// sit blocks until there is a byte to read from fd, calls the Go function
// that h stands for if h is not 0, and blocks until there is another byte.
static void sit(int fd, uintptr_t h) {
	int i;
	char c;

	for (i = 0; i < 2; i++) {
		while (read(fd, &c, 1) != 1)
			if (errno != EINTR)
				abort();
		if (i == 0 && h != 0)
			threadLockerCallback(h);
	}
}

// A library that keeps state for each thread.

static pthread_key_t key, exitKey;
static __thread int tlsVar;

static void threadExits(void *fd) {
	if (write((int)(intptr_t)fd, "", 1) != 1)
		abort();
}

static void libInit(void) {
	if (pthread_key_create(&key, NULL) != 0 || pthread_key_create(&exitKey, threadExits) != 0)
		abort();
}

static void libSet(int n) {
	tlsVar = n;
	pthread_setspecific(key, (void*)(intptr_t)n);
}

// libGet returns -1 if the library's state is inconsistent.
static int libGet(void) {
	if (tlsVar != (int)(intptr_t)pthread_getspecific(key))
		return -1;
	return tlsVar;
}

// libFail fails with the given error, after a callback that may change errno.
static int libFail(uintptr_t h, int err) {
	threadLockerCallback(h);
	errno = err;
	return -1;
}

static void crash(void) {
	*(volatile int*)0 = 1;
}

// watchExit makes the current thread write a byte to fd when it exits.
static void watchExit(int fd) {
	pthread_setspecific(exitKey, (void*)(intptr_t)fd);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"strings"
	"syscall"
)

func init() {
	register("ThreadLockerCThread", ThreadLockerCThread)
	register("ThreadLockerCThreadGoexit", ThreadLockerCThreadGoexit)
	register("ThreadLockerCallbackPanic", func() { threadLockerDie(func() { panic("nobody recovers") }) })
	register("ThreadLockerCallbackSegv", func() { threadLockerDie(func() { C.crash() }) })
	register("ThreadLockerSitInC", ThreadLockerSitInC)
	register("ThreadLockerTLS", ThreadLockerTLS)
	register("ThreadLockerThreadExit", ThreadLockerThreadExit)
	// Keep the main thread, which does not exit, away from what LockOSThread locks.
	registerInit("ThreadLockerThreadExit", runtime.LockOSThread)
}

// tlOnCThread calls f twice on a thread that Go did not create.
func tlOnCThread(f func()) {
	h := cgo.NewHandle(func() uintptr {
		f()
		return 1
	})
	defer h.Delete()
	if n := C.onThread(C.uintptr_t(h)); n != 2 {
		tlFatal("got %d from the C thread, want 2", n)
	}
}

// ThreadLockerCThread tries to bind and join threads that Go did not create.
func ThreadLockerCThread() {
	l := runtime.MakeThreadLocker()
	unbound := runtime.MakeThreadLocker()
	a := tlStart(l.Lock)
	thread := a.thread()
	aRecv, recv := make(chan bool), make(chan bool)
	a.tell(func() { <-aRecv })
	tlWaitState(a.id, "chan receive")

	// Lock, and LockToRecvOSThread called there.
	attempts := func() {
		tlPanics("runtime.ThreadLocker.Lock:", unbound.Lock)
		tlPanics("runtime.ThreadLocker.Unlock:", unbound.Unlock)
		tlPanics("runtime.ThreadLocker.Lock:", l.Lock)
		tlPanics("runtime.ThreadLocker.Unlock:", l.Unlock)
		for _, ch := range []chan bool{aRecv, recv} {
			// Not that the goroutine is locked, which it cannot change.
			tlPanics("runtime.LockToRecvOSThread: called on a thread that Go did not create;", func() { runtime.LockToRecvOSThread(ch) })
		}
	}
	self := 0
	tlOnCThread(func() {
		if self != 0 && tlThread() != self {
			tlFatal("second callback on thread %d, want %d", tlThread(), self)
		}
		self = tlThread()
		attempts()
		// LockOSThread and UnlockOSThread work as ever, and make no difference.
		runtime.LockOSThread()
		attempts()
		runtime.LockOSThread()
		runtime.UnlockOSThread()
		attempts()
		runtime.UnlockOSThread()
		runtime.UnlockOSThread()
		attempts()
		// Nor does it make one that C is called and calls back.
		value, _ := tlCall(func() uintptr {
			attempts()
			tlGrow(1000)
			runtime.GC()
			if tlThread() != self {
				tlFatal("nested callback on thread %d, want %d", tlThread(), self)
			}
			return 42
		}, 1, 0)
		if value != 42 {
			tlFatal("got %d from C, want 42", value)
		}
		if tlThread() != self {
			tlFatal("callback has moved from thread %d to %d", self, tlThread())
		}
	})
	// A hold that a callback leaves behind.
	tlOnCThread(func() {
		attempts()
		runtime.LockOSThread()
	})

	// LockToRecvOSThread decided by a receiver there.
	for _, lock := range []bool{false, true} {
		recv2 := make(chan bool)
		id := make(chan string)
		done := make(chan bool)
		go func() {
			tlOnCThread(func() {
				if lock {
					runtime.LockOSThread()
					defer runtime.UnlockOSThread()
				}
				id <- tlID()
				<-recv
				<-recv2
			})
			close(done)
		}()
		b := tlStart()
		for range 2 {
			// The receiver is blocked.
			tlWaitState(<-id, "chan receive")
			tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv) })
			// It comes later.
			b.tell(func() {
				tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv2) })
			})
			tlWaitState(b.id, "LockToRecvOSThread")
			recv <- true
			b.do(func() {})
			recv2 <- true
		}
		<-done
	}

	// Nothing has changed elsewhere.
	aRecv <- true
	a.wantThread(thread)
	b := tlStart(unbound.Lock)
	if t := b.thread(); t == thread || t == self {
		tlFatal("ThreadLocker bound to thread %d", t)
	}
	fmt.Println("OK")
}

// ThreadLockerCThreadGoexit calls Goexit on a thread that Go did not create.
func ThreadLockerCThreadGoexit() {
	tlOnCThread(func() {
		tlPanics("runtime.ThreadLocker.Lock:", runtime.MakeThreadLocker().Lock)
		runtime.LockOSThread()
		runtime.Goexit()
	})
}

// threadLockerDie ends the program by f in a callback from C, with another one of the
// same goroutine further out, and others of another goroutine between and inside them.
func threadLockerDie(f func()) {
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	a.enter()
	b.enter()
	a.enter()
	b.enter()
	fmt.Printf("goroutine %s dies, goroutine %s does not\n", a.id, b.id)
	a.tell(f)
	select {}
}

// tlPipe returns the two ends of a pipe that blocks.
func tlPipe() (r, w int) {
	var fd [2]int
	if err := syscall.Pipe(fd[:]); err != nil {
		tlFatal("pipe: %v", err)
	}
	return fd[0], fd[1]
}

// tlWrite writes a byte to a pipe.
func tlWrite(fd int) {
	if _, err := syscall.Write(fd, []byte{0}); err != nil {
		tlFatal("write: %v", err)
	}
}

// ThreadLockerSitInC has a goroutine sit in C with callbacks of others open,
// while the world stops and all of GOMAXPROCS is in use elsewhere.
func ThreadLockerSitInC() {
	// Goroutines that are always runnable, so that there is no free p when
	// C returns or calls back.
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for {
				tlGrow(10)
			}
		}()
	}

	l := runtime.MakeThreadLocker()
	a, b, c, d := tlStart(l.Lock), tlStart(l.Lock), tlStart(l.Lock), tlStart(l.Lock)
	thread := a.thread()
	rfd, wfd := tlPipe()
	crfd, cwfd := tlPipe() // for C
	// inC waits until b sits in C, and checks that nothing else minds.
	inC := func() {
		tlWaitState(b.id, "syscall")
		runtime.GC()
		runtime.ReadMemStats(new(runtime.MemStats))
		tlWaitState(b.id, "syscall")
	}
	// c is runnable, but another sits on its thread. Where it runs while B's
	// callback has no p yet, the thread must not count as being in C.
	ran, called := make(chan bool, 1), make(chan bool, 1)
	goC := func(by *tlG) { // who sits in C
		c.tell(func() {
			l.Unlock()
			if tlThread() == thread {
				tlFatal("goroutine has no hold left and is still on thread %d", thread)
			}
			l.Lock()
			ran <- true
		})
		state := tlWaitState(c.id, "runnable")
		if want := ", behind goroutine " + by.id + " (cgo call for "; !strings.Contains(state, want) {
			tlFatal("goroutine %s: [%s], want %q", c.id, state, want)
		}
	}

	for range 3 {
		// B is called back and returns to C, with A's callback waiting.
		a.enter()
		d.enter()
		a.leave()
		a.wantWait(d)
		h := cgo.NewHandle(func() uintptr {
			b.depth++
			b.checkStack()
			b.depth--
			tlGrow(100)
			called <- true
			return 0
		})
		b.tell(func() { C.sit(C.int(rfd), C.uintptr_t(h)) })
		inC()
		goC(b)
		a.wantWait(d)
		tlWrite(wfd)
		<-called
		inC()
		a.wantWait(d)
		tlWrite(wfd)
		b.do(func() {})
		h.Delete()
		<-ran

		// B is called back without a p, and C, which was in the queue before,
		// sits on the thread: B's callback is the innermost one already.
		release := make(chan bool)
		h = cgo.NewHandle(func() uintptr {
			<-release
			return 0
		})
		b.tell(func() { C.sit(C.int(rfd), C.uintptr_t(h)) })
		inC()
		c.tell(func() { C.sit(C.int(crfd), 0) })
		tlWaitState(c.id, "runnable")
		tlWrite(wfd)
		tlWaitState(c.id, "syscall")
		a.wantWait(b)
		tlWrite(cwfd)
		tlWrite(cwfd)
		release <- true
		tlWrite(wfd)
		b.do(func() {})
		c.do(func() {})
		h.Delete()
		a.wantWait(d)

		// D returns, and A, after sitting in C.
		d.tell(func() { C.sit(C.int(rfd), 0) })
		tlWaitState(d.id, "syscall")
		goC(d)
		tlWrite(wfd)
		tlWrite(wfd)
		d.returns(1)
		a.wantLeft(1, tlReturned)
		<-ran
		a.wantThread(thread)
		b.wantThread(thread)

		// The thread is to exit, or to be left, as soon as C returns.
		e := tlStart(l.Lock)
		e.tell(func() {
			tlCall(func() uintptr {
				l.Unlock()
				C.sit(C.int(rfd), 0)
				return 0
			}, 1, 0)
		})
		tlWaitState(e.id, "syscall")
		runtime.GC()
		tlWrite(wfd)
		tlWrite(wfd)
		if e.thread() == thread {
			tlFatal("goroutine has no hold left and is still on thread %d", thread)
		}
	}
	fmt.Println("OK")
}

// ThreadLockerTLS uses a C library that keeps state for each thread.
func ThreadLockerTLS() {
	C.libInit()
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	other := tlStart(runtime.LockOSThread)
	set := func(g *tlG, n int) { g.do(func() { C.libSet(C.int(n)) }) }
	want := func(g *tlG, want int) {
		g.do(func() {
			if got := int(C.libGet()); got != want {
				tlFatal("goroutine %s sees %d, want %d", g.id, got, want)
			}
		})
	}

	set(a, 1)
	want(b, 1)
	want(other, 0)
	a.enter()
	set(b, 2)
	set(other, 3)
	want(a, 2)
	b.enter()
	set(b, 4)
	want(a, 4)
	a.leave()
	a.wantWait(b)
	set(b, 5)
	b.returns(1)
	a.wantLeft(1, tlReturned)
	want(a, 5)
	want(other, 3)
	// One that joins sees it, one that leaves does not.
	c := tlStart(l.Lock)
	want(c, 5)
	c.do(l.Unlock)
	want(c, 0)

	// C's last errno is that of the function that was called, whatever the
	// callback did.
	noop := cgo.NewHandle(func() uintptr { return 0 })
	a.do(func() {
		h := cgo.NewHandle(func() uintptr {
			if _, err := C.libFail(C.uintptr_t(noop), C.int(syscall.EBADF)); err != syscall.EBADF {
				tlFatal("errno %v, want EBADF", err)
			}
			return 0
		})
		defer h.Delete()
		if _, err := C.libFail(C.uintptr_t(h), C.int(syscall.EDOM)); err != syscall.EDOM {
			tlFatal("errno %v, want EDOM", err)
		}
	})
	// So it is where another C call begins and ends meanwhile.
	for _, first := range []*tlG{a, b} {
		entered, ret, done := make(chan bool), make(chan bool), make(chan bool)
		fail := func(err syscall.Errno) func() {
			h := cgo.NewHandle(func() uintptr {
				entered <- true
				<-ret
				return 0
			})
			return func() {
				if _, got := C.libFail(C.uintptr_t(h), C.int(err)); got != err {
					tlFatal("errno %v, want %v", got, err)
				}
				h.Delete()
				done <- true
			}
		}
		second := a
		if first == a {
			second = b
		}
		first.tell(fail(syscall.EBADF))
		<-entered
		second.tell(fail(syscall.EDOM))
		<-entered
		c.do(l.Lock)
		c.do(func() {
			if _, err := C.libFail(C.uintptr_t(noop), C.int(syscall.ENOENT)); err != syscall.ENOENT {
				tlFatal("errno %v, want ENOENT", err)
			}
		})
		c.do(l.Unlock)
		close(ret)
		<-done
		<-done
	}
	fmt.Println("OK")
}

// ThreadLockerThreadExit checks when the thread exits whose last holders are
// in callbacks.
func ThreadLockerThreadExit() {
	C.libInit()
	rfd, wfd := tlPipe()
	exits := make(chan bool)
	go func() {
		for {
			if n, err := syscall.Read(rfd, []byte{0}); n == 1 {
				exits <- true
			} else if err != syscall.EINTR {
				tlFatal("read: %v", err)
			}
		}
	}()
	// start returns two goroutines that alone are locked to a thread whose
	// exit is watched.
	start := func() (a, b *tlG) {
		l := runtime.MakeThreadLocker()
		a, b = tlStart(l.Lock), tlStart(l.Lock)
		a.do(func() { C.watchExit(C.int(wfd)) })
		a.enter()
		b.enter()
		a.do(l.Unlock)
		b.do(l.Unlock)
		return a, b
	}
	// in checks that g is in a callback and that its thread is there still.
	in := func(g *tlG) {
		g.wantLocked(true)
		g.do(runtime.GC)
		g.do(g.checkStack)
		select {
		case <-exits:
			tlFatal("thread has exited with a callback of goroutine %s", g.id)
		default:
		}
	}

	// Both return.
	a, b := start()
	in(a)
	in(b)
	a.leave()
	a.wantWait(b)
	in(b)
	b.returns(1)
	a.wantLeft(1, tlReturned)
	<-exits

	a, b = start()
	b.returns(1)
	in(a)
	a.returns(1)
	<-exits

	// The outer one does not return.
	a, b = start()
	a.panics(1)
	in(b)
	b.returns(1)
	<-exits

	// Neither does.
	a, b = start()
	a.panics(1)
	in(b)
	b.goexit()
	b.wantLeft(1, tlAbandoned)
	<-exits

	a, b = start()
	b.panics(1)
	in(a)
	a.goexit()
	a.wantLeft(1, tlAbandoned)
	<-exits

	// One ends held by LockOSThread, on a thread to which no ThreadLocker was
	// ever bound.
	recv := make(chan bool)
	a = tlStart(runtime.LockOSThread)
	a.do(func() { C.watchExit(C.int(wfd)) })
	a.tell(func() { <-recv })
	b = tlStart(func() { runtime.LockToRecvOSThread(recv) })
	recv <- true
	a.enter()
	b.enter()
	b.do(runtime.UnlockOSThread)
	a.goexit()
	a.wantLeft(1, tlAbandoned)
	<-a.gone
	in(b)
	b.returns(1)
	<-exits
	fmt.Println("OK")
}
