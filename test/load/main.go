// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// Load has as many goroutines on one thread, as many threads with a locker, and
// as many binds one after the other, as its flags say, and checks that memory
// and threads afterwards are what they were before.
//
//	load [-goroutines n] [-lockers n] [-binds n]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	ngoroutines = flag.Int("goroutines", 1_000_000, "goroutines on one thread")
	nlockers    = flag.Int("lockers", 1_000, "thread lockers, each on its thread")
	nbinds      = flag.Int("binds", 10_000, "binds of a thread, which exits")
)

// patience is how long to wait for threads to exit, which they do when the
// operating system gets to it.
const patience = time.Minute

func main() {
	flag.Parse()
	if flag.NArg() != 0 || *ngoroutines < 1 || *nlockers < 1 || *nbinds < 10 {
		fmt.Fprintln(os.Stderr, "load: want at least 1 goroutine, 1 locker and 10 binds, and no arguments")
		os.Exit(2)
	}
	debug.SetMaxThreads(*nlockers + 1000)
	goroutines()
	lockers()
	binds()
}

func fail(format string, args ...any) {
	fmt.Printf("load: "+format+"\n", args...)
	os.Exit(1)
}

// read returns the value of a metric.
func read(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		fail("there is no metric %s", name)
	}
	return int64(s[0].Value.Uint64())
}

func threads() int64 { return read("/sched/threads/total:threads") }

// memory returns the bytes that the runtime has from the operating system and
// has not given back.
func memory() int64 {
	runtime.GC()
	runtime.GC() // what a sync.Pool held, too
	debug.FreeOSMemory()
	return read("/memory/classes/total:bytes") - read("/memory/classes/heap/released:bytes")
}

// threadsBack waits until there are no more than n threads, or some that the
// runtime has started for ordinary goroutines, and keeps.
func threadsBack(what string, n int64) {
	const slack = 16
	for start := time.Now(); threads() > n+slack; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			fail("%s: %d threads are left, %d were there before", what, threads(), n)
		}
	}
}

// memoryBack checks that memory is what it was, but for a per cent and some
// megabytes, with which the runtime does its own accounting.
func memoryBack(what string, before int64) {
	const slack = 16 << 20
	if after := memory(); after > before+before/100+slack {
		fail("%s: %d bytes are in use, %d were before", what, after, before)
	}
}

// goroutines has all goroutines locked to one thread, and compares that with as
// many that are not. What a goroutine leaves behind, the runtime keeps for the
// next: so the ordinary ones go first.
func goroutines() {
	n := *ngoroutines
	l := runtime.MakeThreadLocker()
	var tid atomic.Int64
	base := memory()
	var each [2]int64
	var took [2]time.Duration
	var after [2]int64
	before := threads()
	for i, kind := range []string{"unlocked", "locked"} {
		start := time.Now()
		var there sync.WaitGroup
		var gone sync.WaitGroup
		there.Add(n)
		release := make(chan struct{})
		if i == 1 {
			// The thread is bound as long as it takes.
			bound := make(chan struct{})
			gone.Go(func() {
				l.Lock()
				defer l.Unlock()
				tid.Store(threadID())
				close(bound)
				<-release
			})
			<-bound
		}
		for range n {
			gone.Go(func() {
				if i == 1 {
					l.Lock()
					defer l.Unlock()
				}
				there.Done()
				<-release
				if i == 1 {
					if got := threadID(); got != tid.Load() {
						fail("a locked goroutine is on thread %d, the others are on %d", got, tid.Load())
					}
				}
			})
		}
		there.Wait()
		each[i] = (memory() - base) / int64(n)
		if i == 0 {
			profile("goroutine", n+1) // and main
		} else {
			profile("threadlock", n+1) // and who keeps the thread
		}
		close(release)
		gone.Wait()
		took[i] = time.Since(start)
		after[i] = memory()
		if i == 1 {
			memoryBack("after "+kind+" goroutines", after[0])
		}
	}
	threadsBack("after locked goroutines", before)
	fmt.Printf("%d goroutines locked to one thread: %d bytes each, %v; unlocked: %d bytes each, %v; afterwards %d and %d bytes in use\n",
		n, each[1], took[1].Round(time.Millisecond), each[0], took[0].Round(time.Millisecond), after[1], after[0])
}

// profile takes a profile that counts n goroutines.
func profile(name string, n int) {
	p := pprof.Lookup(name)
	if got := p.Count(); got != n {
		fail("the %s profile counts %d goroutines, want %d", name, got, n)
	}
	var text, gz bytes.Buffer
	if err := p.WriteTo(&text, 1); err != nil {
		fail("%v", err)
	}
	if want := fmt.Sprintf("%s profile: total %d\n", name, n); !strings.HasPrefix(text.String(), want) {
		fail("the %s profile begins with %.40q, want %q", name, text.String(), want)
	}
	start := time.Now()
	if err := p.WriteTo(&gz, 0); err != nil {
		fail("%v", err)
	}
	fmt.Printf("the %s profile of %d goroutines: %d bytes, %v\n", name, n, gz.Len(), time.Since(start).Round(time.Millisecond))
}

// lockers binds each locker to a thread of its own, and has them talk.
func lockers() {
	n := *nlockers
	before, mem := threads(), memory()
	var gone sync.WaitGroup
	ring := make([]chan int, n+1)
	for i := range ring {
		ring[i] = make(chan int)
	}
	tids := make([]int64, n)
	var there sync.WaitGroup
	there.Add(n)
	for i := range n {
		gone.Go(func() {
			l := runtime.MakeThreadLocker()
			l.Lock()
			defer l.Unlock()
			tids[i] = threadID()
			there.Done()
			for x := range ring[i] {
				if got := threadID(); got != tids[i] {
					fail("a locked goroutine is on thread %d, was on %d", got, tids[i])
				}
				ring[i+1] <- x + 1
			}
			close(ring[i+1])
		})
	}
	there.Wait()
	with := threads()
	const rounds = 3
	for range rounds {
		ring[0] <- 0
		if x := <-ring[n]; x != n {
			fail("lockers: %d came round, want %d", x, n)
		}
	}
	close(ring[0])
	<-ring[n]
	gone.Wait()
	if threadID() != 0 {
		seen := make(map[int64]bool)
		for _, tid := range tids {
			if seen[tid] {
				fail("two lockers are bound to thread %d", tid)
			}
			seen[tid] = true
		}
		if with < int64(n) {
			fail("%d lockers are bound, and there are %d threads", n, with)
		}
	}
	threadsBack("after lockers", before)
	memoryBack("after lockers", mem)
	fmt.Printf("%d lockers: %d threads with them, %d before, %d afterwards\n", n, with, before, threads())
}

// binds has many threads bound and exit, one after the other.
func binds() {
	n := *nbinds
	bind := func() {
		l := runtime.MakeThreadLocker()
		l.Lock()
		l.Unlock()
	}
	for range n / 10 {
		bind()
	}
	before, mem := threads(), memory()
	start := time.Now()
	for range n {
		bind()
	}
	took := time.Since(start)
	threadsBack("after binds", before)
	memoryBack("after binds", mem)
	fmt.Printf("%d binds: %v each, %d threads before, %d afterwards\n", n, took/time.Duration(n), before, threads())
}
