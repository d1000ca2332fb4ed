// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// ThreadLocker.Do takes a goroutine that is not locked to the thread and back. By a
// goroutine that is there already it calls the function at once. Nobody else
// of the thread runs before the function has returned, and functions are called one
// after the other: a plain variable will do.

package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	var tid int
	var stop, inside atomic.Bool
	var wg sync.WaitGroup
	bound := make(chan bool)
	wg.Go(func() {
		l.Lock()
		defer l.Unlock()
		tid = syscall.Gettid()
		close(bound)
		for !stop.Load() {
			if inside.Load() {
				panic("ran beside a function that Do called")
			}
			runtime.Gosched()
		}
	})
	<-bound

	calls := 0
	f := func() {
		if syscall.Gettid() != tid {
			panic("on another thread")
		}
		if !inside.CompareAndSwap(false, true) {
			panic("two functions at once")
		}
		calls++
		runtime.Gosched()
		c := make(chan bool)
		go func() { c <- true }()
		<-c
		calls++
		inside.Store(false)
	}
	// stays calls Do, which must not let others run before f.
	stays := func() {
		inside.Store(true)
		l.Do(func() {
			inside.Store(false)
			f()
			// Do in Do.
			inside.Store(true)
			l.Do(func() {
				runtime.Gosched()
				l.Do(func() {})
				runtime.Gosched()
			})
			runtime.Gosched()
			inside.Store(false)
		})
	}

	var clients sync.WaitGroup
	for range 4 {
		// Not locked.
		clients.Go(func() {
			for range 20 {
				l.Do(f)
				if l.Held() || syscall.Gettid() == tid {
					panic("Do has not moved back")
				}
				// It is not locked: this would panic.
				c := make(chan bool, 1)
				go func() {
					runtime.LockOSThread()
					<-c
				}()
				runtime.LockToRecvOSThread(c)
				runtime.UnlockOSThread()
				c <- true
			}
		})
		// Holders.
		clients.Add(1)
		l.Go(func() {
			defer clients.Done()
			for range 20 {
				stays()
				if !l.Held() || syscall.Gettid() != tid {
					panic("Do has moved a holder")
				}
			}
		})
		// Locked to the thread by LockToRecvOSThread.
		clients.Go(func() {
			c := make(chan bool)
			l.Go(func() { <-c })
			runtime.LockToRecvOSThread(c)
			c <- true
			for range 20 {
				stays()
				if l.Held() || syscall.Gettid() != tid {
					panic("Do has moved a goroutine of the thread, or made it a holder")
				}
			}
			runtime.UnlockOSThread()
		})
	}
	clients.Wait()
	if calls != 3*4*20*2 {
		panic("bad count")
	}
	stop.Store(true)
	wg.Wait()
}
