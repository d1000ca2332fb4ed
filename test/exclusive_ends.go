// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine that ends in an exclusive section ends the section, and taints the
// thread: it exits with the last goroutine. Unlock in an exclusive section of LockOSThread
// does not end it.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	for _, end := range []func(*runtime.ThreadLocker){
		func(*runtime.ThreadLocker) {},
		func(*runtime.ThreadLocker) { runtime.Goexit() },
		func(l *runtime.ThreadLocker) { l.Do(runtime.Goexit) },
		func(l *runtime.ThreadLocker) { l.Unlock() },
		func(l *runtime.ThreadLocker) { l.Unlock(); runtime.Goexit() },
	} {
		l := runtime.MakeThreadLocker()
		var inside atomic.Bool
		tid := make(chan int)
		leave := make(chan bool)
		go func() {
			l.Lock()
			tid <- syscall.Gettid()
			for range 2 {
				l.Go(func() {
					if inside.Load() {
						panic("ran in the exclusive section of another goroutine")
					}
					tid <- syscall.Gettid()
					<-leave
				})
			}
			runtime.LockOSThread()
			inside.Store(true)
			defer func() {
				runtime.Gosched()
				c := make(chan bool)
				go func() { c <- true }()
				<-c
				inside.Store(false)
			}()
			end(l)
		}()
		t := <-tid
		for range 2 {
			if <-tid != t {
				panic("on another thread")
			}
		}
		// It can be joined. LockOSThread is no hold of these.
		l.Do(func() {
			if syscall.Gettid() != t {
				panic("on another thread")
			}
		})
		close(leave)
		waitExit(t)
	}
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
