// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The GC, and whatever else stops the world, does not wait for the end of an exclusive
// section. And who is in such a thing when another goroutine of the thread wants to
// begin a section finishes it before.

package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

func stop() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	runtime.GC()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)%4 + 1)
	runtime.Stack(make([]byte, 1<<10), true)
	debug.ReadGCStats(new(debug.GCStats))
	metrics.Read([]metrics.Sample{{Name: "/sched/latencies:seconds"}})
}

// elsewhere has the current goroutine wait for another that is not locked and calls f.
func elsewhere(f func()) {
	c := make(chan bool)
	go func() {
		f()
		close(c)
	}()
	<-c
}

var sink []*[1000]int

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	var wg sync.WaitGroup
	n := 10
	for range 2 {
		wg.Add(3)
		l.Go(func() {
			defer wg.Done()
			for range n {
				stop()
			}
		})
		l.Go(func() {
			defer wg.Done()
			for range n {
				runtime.LockOSThread()
				elsewhere(stop)
				stop()
				elsewhere(stop)
				runtime.UnlockOSThread()
			}
		})
		go func() {
			defer wg.Done()
			for range n {
				l.Do(func() {
					elsewhere(stop)
					l.Yield()
					stop()
					sink = append(sink, new([1000]int))
				})
			}
		}()
	}
	runtime.LockOSThread()
	elsewhere(stop)
	runtime.UnlockOSThread()
	wg.Wait()
}
