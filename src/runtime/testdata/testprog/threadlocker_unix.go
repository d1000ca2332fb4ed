// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && unix

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

func init() {
	register("ThreadLockerStuckGC", func() { tlStuck(runtime.GC) })
	register("ThreadLockerStuckAlloc", func() { tlStuck(tlAlloc) })
	register("ThreadLockerStuckSTW", func() {
		tlStuck(func() {
			debug.ReadGCStats(new(debug.GCStats))
			runtime.ReadMemStats(new(runtime.MemStats))
			n := runtime.GOMAXPROCS(0)
			runtime.GOMAXPROCS(n + 1)
			runtime.GOMAXPROCS(n)
		})
	})
}

func tlAlloc() {
	for i := range 100 {
		runtime.KeepAlive(make([]*int, 1+100*i))
	}
}

// tlStuck has several goroutines do what takes semaphores of the runtime's own,
// among them some of a thread on which another one sits in system calls. These
// end only when an ordinary goroutine has done the same. So the program hangs if
// a goroutine can be given such a semaphore while it cannot run.
func tlStuck(f func()) {
	l := runtime.MakeThreadLocker()
	for range 2 {
		go func() {
			l.Lock()
			for {
				f()
			}
		}()
	}
	for range 3 {
		go func() {
			for {
				f()
			}
		}()
	}
	done := make(chan bool)
	go func() {
		l.Lock()
		r, w, err := pipe()
		if err != nil {
			tlFail(err)
		}
		for range 30 {
			go func() {
				f()
				syscall.Write(w, []byte("x"))
			}()
			for {
				if _, err := syscall.Read(r, make([]byte, 1)); err == nil {
					break
				} else if err != syscall.EINTR {
					tlFail(err)
				}
			}
			runtime.Gosched()
		}
		close(done)
	}()
	select {
	case <-done:
		println("OK")
	case <-time.After(time.Minute):
		println("timed out")
		debug.SetTraceback("all")
		panic("a goroutine that cannot run has a semaphore of the runtime")
	}
	os.Exit(0)
}
