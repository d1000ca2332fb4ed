// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// With GOMAXPROCS=1, a goroutine that a timer has woken gets to a locker's thread
// and back before goroutines that compute run, however long these have run already.

package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	runtime.GOMAXPROCS(1)
	var turns atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				turns.Add(1)
			}
		})
	}

	visit(&turns) // a new thread each time
	locked, leave := make(chan bool), make(chan bool)
	go func() { // keeps the thread
		l.Lock()
		defer l.Unlock()
		locked <- true
		<-leave
		leave <- true
	}()
	<-locked
	visit(&turns)
	leave <- true
	<-leave

	stop.Store(true)
	wg.Wait()
}

var l = runtime.MakeThreadLocker()

func visit(turns *atomic.Int64) {
	const rounds = 40
	lateThere, lateBack := 0, 0
	for range rounds {
		time.Sleep(time.Millisecond)
		before := turns.Load()
		l.Lock()
		there := turns.Load()
		l.Unlock()
		back := turns.Load()
		if there != before {
			lateThere++
		}
		if back != there {
			lateBack++
		}
	}
	if lateThere > rounds/4 || lateBack > rounds/4 {
		panic(fmt.Sprintf("of %d times, another goroutine ran first %d times during Lock, %d times during Unlock", rounds, lateThere, lateBack))
	}
}
