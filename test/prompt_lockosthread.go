// run

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// With GOMAXPROCS=1, a goroutine under LockOSThread that is woken by one that a timer
// woke runs before goroutines that compute, however long these have run already.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// turns counts what the goroutines that compute do.
var turns atomic.Int64

// A way is one in which a goroutine waits for another. Both functions are called once
// for each i, by different goroutines.
type way struct {
	wait, wake func(i int)
}

const rounds = 40

func ways() map[string]way {
	ch, never := make(chan int), make(chan int)
	var mus [rounds]sync.Mutex
	var wgs [rounds]sync.WaitGroup
	for i := range rounds {
		mus[i].Lock()
		wgs[i].Add(1)
	}
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	next := 0
	request, answer := make(chan int), make(chan int)
	go func() { // for a server, the waiting goroutine is the client
		for i := range request {
			answer <- i
		}
	}()
	return map[string]way{
		"channel": {func(int) { <-ch }, func(i int) { ch <- i }},
		"select": {func(int) {
			select {
			case <-ch:
			case <-never:
			}
		}, func(i int) { ch <- i }},
		"mutex":     {func(i int) { mus[i].Lock() }, func(i int) { mus[i].Unlock() }},
		"waitgroup": {func(i int) { wgs[i].Wait() }, func(i int) { wgs[i].Done() }},
		"cond": {func(i int) {
			mu.Lock()
			for next <= i {
				cond.Wait()
			}
			mu.Unlock()
		}, func(i int) {
			mu.Lock()
			next = i + 1
			mu.Unlock()
			cond.Signal()
		}},
		"server": {func(i int) {
			<-ch
			request <- i
			<-answer
		}, func(i int) { ch <- i }},
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	var stop atomic.Bool
	var computing sync.WaitGroup
	for range 2 {
		computing.Go(func() {
			for !stop.Load() {
				turns.Add(1)
			}
		})
	}
	for name, w := range ways() {
		if late := try(w); late > rounds/4 {
			panic(fmt.Sprintf("%s: of %d times that the goroutine was woken, another one ran first %d times", name, rounds, late))
		}
	}
	stop.Store(true)
	computing.Wait()
}

// try returns how often a goroutine that computes ran before the one that was woken.
func try(w way) (late int) {
	var at int64
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for i := range rounds {
			w.wait(i)
			if turns.Load() != at {
				late++
			}
		}
	})
	wg.Go(func() {
		for i := range rounds {
			time.Sleep(time.Millisecond)
			at = turns.Load()
			w.wake(i)
		}
	})
	wg.Wait()
	return late
}
