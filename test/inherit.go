// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// After ThreadLocker.Inherit(true), goroutines that a holder starts are holders from the
// start, and so are those that they start. What timers, finalizers and signals start or
// run is not. After Inherit(false), those that are started later are not.

package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func main() {
	l := runtime.MakeThreadLocker()
	tids := make(chan int)
	go func() {
		l.Lock()
		tids <- syscall.Gettid()
		select {}
	}()
	tid := <-tids
	on := func(want bool) {
		if l.Held() != want || (syscall.Gettid() == tid) != want {
			panic("is a holder, or no holder, or on the wrong thread")
		}
	}
	// starts calls f on a goroutine that it starts.
	starts := func(f func()) {
		c := make(chan bool)
		go func() {
			f()
			close(c)
		}()
		<-c
	}
	// tree starts goroutines that start goroutines.
	var tree func(depth int, want bool)
	tree = func(depth int, want bool) {
		on(want)
		var wg sync.WaitGroup
		for range depth {
			wg.Go(func() { tree(depth-1, want) })
		}
		wg.Wait()
		on(want)
	}

	l.Lock()
	starts(func() { on(false) })
	l.Inherit(true)
	starts(func() { on(true) })
	tree(3, true)
	l.Go(func() { starts(func() { on(true) }) })

	// Not these.
	fired := make(chan bool)
	time.AfterFunc(0, func() {
		on(false)
		starts(func() { on(false) })
		fired <- true
	})
	<-fired
	time.AfterFunc(time.Microsecond, func() { on(false); fired <- true })
	runtime.Gosched()
	<-fired
	<-time.After(time.Microsecond)
	ctx, cancel := context.WithTimeout(context.Background(), time.Microsecond)
	<-ctx.Done()
	cancel()

	// os/signal has one goroutine for the process, which blocks its thread. So if it were a
	// holder, nothing would run here any more.
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
	<-c
	for range 10 {
		runtime.Gosched()
	}

	final := make(chan bool)
	runtime.SetFinalizer(new([16]int), func(*[16]int) { on(false); final <- true })
	runtime.AddCleanup(new([16]int), func(int) { on(false); final <- true }, 0)
	runtime.GC()
	runtime.GC()
	<-final
	<-final

	// A goroutine that only LockOSThread holds on the thread is no holder.
	recv := make(chan bool)
	l.Go(func() { <-recv })
	ready := make(chan bool)
	l.Unlock()
	on(false)
	starts(func() { on(false) })
	go func() {
		runtime.LockToRecvOSThread(recv)
		if syscall.Gettid() != tid {
			panic("did not join")
		}
		starts(func() { on(false) })
		runtime.UnlockOSThread()
		close(ready)
	}()
	<-ready
	recv <- true

	// Do makes its caller a holder for as long as it takes.
	stay := make(chan bool)
	stayed := make(chan bool)
	l.Do(func() {
		go func() {
			on(true)
			<-stay
			on(true)
			starts(func() { on(false) })
			stayed <- true
		}()
	})
	on(false)
	l.Do(func() { l.Inherit(false) })
	l.Lock()
	starts(func() { on(false) })
	l.Unlock()
	close(stay)
	<-stayed
}
