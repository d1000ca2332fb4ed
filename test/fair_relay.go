// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// With GOMAXPROCS=1, work that goes without end from locked goroutines to others, some
// of them new each time, and back keeps no goroutine that computes from running.

package main

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

func main() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1) // a GC cycle would interrupt the work
	l := runtime.MakeThreadLocker()
	visit := func() {
		l.Lock()
		l.Unlock()
	}
	a, b, c := make(chan int), make(chan int), make(chan int)
	pass := func(from <-chan int, to chan<- int) {
		for v := range from {
			to <- v
		}
	}
	go pass(a, b)
	go pass(b, c)

	try("a locked one starts one and waits", runtime.LockOSThread, func() { await(func() {}) })
	try("a new one visits, without a keeper", func() {}, func() { await(visit) })
	try("a locked one asks one that asks another", runtime.LockOSThread, func() { a <- 1; <-c })
	try("one locks and unlocks before it asks", func() {}, func() {
		runtime.LockOSThread()
		runtime.UnlockOSThread()
		await(visit)
	})
	locked := make(chan bool)
	go func() {
		l.Lock()
		close(locked)
		select {}
	}()
	<-locked
	try("a new one visits", func() {}, func() { await(visit) })
	try("one visits", func() {}, visit)
}

// await runs f on a goroutine of its own.
func await(f func()) {
	done := make(chan bool)
	go func() {
		f()
		close(done)
	}()
	<-done
}

// try does step without end until each of two goroutines has run again and again.
func try(what string, lock, step func()) {
	const (
		wanted = 5
		most   = 5_000_000 // steps; a time slice has room for some thousands
	)
	var steps atomic.Int64
	var stop atomic.Bool
	var computing sync.WaitGroup
	for range 2 {
		computing.Go(func() {
			// A turn of this goroutine is over when there has been a step.
			for range wanted {
				for last := steps.Load(); steps.Load() == last && !stop.Load(); {
				}
			}
		})
	}
	working := make(chan bool)
	go func() {
		defer close(working)
		lock()
		for !stop.Load() {
			step()
			if steps.Add(1) == most {
				panic(what + ": goroutines that compute do not run")
			}
		}
	}()
	computing.Wait()
	stop.Store(true)
	<-working
}
