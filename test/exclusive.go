// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// LockOSThread by a goroutine that holds a ThreadLocker begins an exclusive section:
// the thread runs no other goroutine until UnlockOSThread, whatever the goroutine
// does meanwhile. Who wants to join waits.

package main

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

var inside, stop atomic.Bool

func check() {
	if inside.Load() {
		panic("ran in the exclusive section of another goroutine")
	}
}

func main() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	var wg sync.WaitGroup
	var ran [3]atomic.Int64
	for i := range ran {
		wg.Add(1)
		l.Go(func() {
			defer wg.Done()
			for !stop.Load() {
				check()
				ran[i].Add(1)
				runtime.Gosched()
			}
		})
	}
	// turn returns when each of them has run once more.
	turn := func() {
		for i := range ran {
			for n := ran[i].Load(); ran[i].Load() == n; {
				runtime.Gosched()
			}
		}
	}
	for range 3 {
		turn()
		runtime.LockOSThread()
		inside.Store(true)

		runtime.Gosched()

		// It waits.
		c := make(chan bool)
		go func() {
			<-c
			c <- true
		}()
		c <- true
		<-c

		// It is preempted: another goroutine cannot stop the world without.
		var stopped atomic.Bool
		go func() {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			runtime.GC()
			stopped.Store(true)
		}()
		for !stopped.Load() {
		}

		// It is in a system call, and others come.
		joined := make(chan int, 4) // none waits in its section
		go func() {
			waitFor("syscall, locked to thread")
			for range 2 {
				go func() {
					l.Lock()
					check()
					joined <- syscall.Gettid()
				}()
				go l.Do(func() {
					check()
					joined <- syscall.Gettid()
				})
			}
			waitFor("runnable, locked to thread")
			syscall.Write(p[1], []byte("x"))
		}()
		syscall.Read(p[0], make([]byte, 1))
		runtime.Gosched()
		if syscall.Gettid() != tid {
			panic("moved")
		}

		inside.Store(false)
		runtime.UnlockOSThread()
		if syscall.Gettid() != tid {
			panic("left")
		}
		for range 4 {
			if <-joined != tid {
				panic("on another thread")
			}
		}
	}
	stop.Store(true)
	wg.Wait()
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}
