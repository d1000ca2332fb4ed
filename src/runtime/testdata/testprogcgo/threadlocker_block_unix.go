// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && unix

package main

// ThreadLocker.Do, exclusive sections and BlockOSThread, with callbacks from C; see
// threadlocker.go.

/*
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

extern uintptr_t threadLockerCallback(uintptr_t);

// loop is a main loop: it reads bytes from fd, and returns at an 'e'. At any other one, it
// calls the Go function that h stands for.
static void loop(int fd, uintptr_t h) {
	char c;

	for (;;) {
		while (read(fd, &c, 1) != 1)
			if (errno != EINTR)
				abort();
		if (c == 'e')
			return;
		threadLockerCallback(h);
	}
}

static void *doStart(void *arg) {
	uintptr_t *h = arg;

	*h = threadLockerCallback(*h);
	return NULL;
}

static void doOnThread(uintptr_t h) {
	pthread_t t;

	if (pthread_create(&t, NULL, doStart, &h) != 0 || pthread_join(t, NULL) != 0)
		abort();
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"syscall"
)

func init() {
	register("ThreadLockerDoCallback", ThreadLockerDoCallback)
	register("ThreadLockerBlockLoop", ThreadLockerBlockLoop)
}

// tlKept returns a ThreadLocker that a goroutine holds, and its thread.
func tlKept() (*runtime.ThreadLocker, int) {
	l := runtime.MakeThreadLocker()
	tid := make(chan int)
	go func() {
		l.Lock()
		tid <- tlThread()
		select {}
	}()
	return l, <-tid
}

// ThreadLockerDoCallback calls Do in callbacks from C, on threads that can go there and on
// some that cannot.
func ThreadLockerDoCallback() {
	l, tid := tlKept()
	other, _ := tlKept()
	do := func() uintptr {
		here := tlThread()
		n := 0
		l.Do(func() {
			n++
			if tlThread() != tid {
				tlFatal("Do: on another thread")
			}
			// C again, and back.
			tlCall(func() uintptr {
				l.Do(func() { n++ })
				return 0
			}, 1, 0)
		})
		if n != 2 || tlThread() != here {
			tlFatal("Do has not called, or has moved a callback")
		}
		func() {
			defer func() {
				if e := recover(); e != "fails" {
					tlFatal("recovered %v", e)
				}
			}()
			l.Do(func() { tlCall(func() uintptr { panic("fails") }, 1, 0) })
		}()
		return 0
	}
	call := func() { tlCall(do, 1, 0) }
	call()
	for range 10 {
		other.Do(call)
		l.Do(call)
		runtime.LockOSThread()
		call()
		runtime.UnlockOSThread()
		h := cgo.NewHandle(do)
		C.doOnThread(C.uintptr_t(h)) // on a thread of C
		h.Delete()
	}
	fmt.Println("OK")
}

// ThreadLockerBlockLoop blocks its thread in a main loop of C, that does not return when it
// is woken, but calls a Go function, which lets others run.
func ThreadLockerBlockLoop() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		tlFatal("%v", err)
	}
	write := func(b string) {
		if n, _ := syscall.Write(p[1], []byte(b)); n != 1 {
			tlFatal("cannot write")
		}
	}
	l := runtime.MakeThreadLocker()
	l.Lock()
	var inCallback atomic.Bool
	var inner atomic.Int32 // blocks in callbacks
	wake := func() {
		if inCallback.Load() {
			tlFatal("woken in a callback")
		}
		if inner.Load() != 0 {
			tlFatal("woken for an outer block")
		}
		write("w")
	}
	loop := func(callback func()) func() {
		return func() {
			h := cgo.NewHandle(func() uintptr { callback(); return 0 })
			defer h.Delete()
			C.loop(C.int(p[0]), C.uintptr_t(h))
		}
	}

	// Others come as long as the loop runs.
	for _, yield := range []func(){runtime.Gosched, l.Yield} {
		go func() {
			for range 50 {
				l.Do(func() {})
				c := make(chan bool)
				l.Go(func() { close(c) })
				<-c
			}
			write("e")
		}()
		runtime.BlockOSThread(loop(yield), wake)
	}

	// In a callback, others may become runnable: nobody wakes a thread that is not
	// blocked, until the callback returns to C.
	done := make(chan bool)
	first := true
	go func() {
		<-done
		write("e")
	}()
	write("c")
	runtime.BlockOSThread(loop(func() {
		if first {
			first = false
			inCallback.Store(true)
			l.Go(func() { close(done) })
			// Time for a waker that is not to be.
			for range 100 {
				runtime.LockOSThread()
				c := make(chan bool)
				go func() { c <- true }()
				<-c
				runtime.UnlockOSThread()
			}
			inCallback.Store(false)
			return
		}
		runtime.Gosched()
	}), wake)

	// A block in a callback, a dialog: its wake counts.
	var q [2]int
	if err := syscall.Pipe(q[:]); err != nil {
		tlFatal("%v", err)
	}
	write("c")
	dialog := true
	runtime.BlockOSThread(loop(func() {
		if !dialog {
			runtime.Gosched()
			return
		}
		dialog = false
		inner.Add(1)
		go l.Do(func() {})
		runtime.BlockOSThread(func() {
			syscall.Read(q[0], make([]byte, 1))
		}, func() { syscall.Write(q[1], []byte("x")) })
		inner.Add(-1)
		go func() {
			l.Do(func() {}) // woken by the outer one
			write("e")
		}()
	}), wake)

	// Left by a panic in a callback.
	for range 10 {
		go l.Do(func() {})
		func() {
			defer func() {
				if e := recover(); e != 1 {
					tlFatal("recovered %v", e)
				}
			}()
			runtime.BlockOSThread(loop(func() { runtime.Gosched(); panic(1) }), wake)
		}()
		// Nobody wakes any more.
		inCallback.Store(true)
		c := make(chan bool)
		go l.Do(func() {})
		l.Go(func() { c <- true })
		<-c
		inCallback.Store(false)
	}
	fmt.Println("OK")
}
