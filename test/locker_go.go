// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// ThreadLocker.Go starts a goroutine that holds the locker from the start, and is unlocked
// when it ends. Those that one goroutine starts begin to run in that order.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	l := runtime.MakeThreadLocker()
	tids := make(chan int)
	leave := make(chan bool)
	go func() {
		l.Lock()
		tids <- syscall.Gettid()
		<-leave
	}()
	tid := <-tids

	// A goroutine that the network poller wakes, beside them.
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	l.Go(func() {
		buf := make([]byte, 1)
		for {
			if _, err := r.Read(buf); err != nil {
				return
			}
		}
	})

	var wg sync.WaitGroup
	start := func(n int) {
		var last atomic.Int64 // of those started here, counted from 1
		for i := range n {
			if i%3 == 0 {
				w.Write([]byte("x"))
			}
			wg.Add(1)
			l.Go(func() {
				defer wg.Done()
				if last := last.Swap(int64(i + 1)); last != int64(i) {
					panic(fmt.Sprintf("goroutine %d began to run after %d", i+1, last))
				}
				if !l.Held() || syscall.Gettid() != tid {
					panic("is no holder, or on another thread")
				}
				runtime.Gosched()
				if i%2 == 0 {
					runtime.Goexit()
				}
			})
			if i%5 == 0 {
				runtime.Gosched()
			}
		}
	}
	for range 50 {
		wg.Add(3)
		go func() { // not locked
			defer wg.Done()
			start(20)
		}()
		l.Go(func() { // a holder
			defer wg.Done()
			start(20)
		})
		go func() { // locked elsewhere
			defer wg.Done()
			runtime.LockOSThread()
			start(20)
			runtime.UnlockOSThread()
		}()
		wg.Wait()
	}
	w.Close()
	close(leave)
	waitExit(tid)
}

// waitExit returns when thread tid of this process does not exist.
// It hangs if the thread stays.
func waitExit(tid int) {
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
