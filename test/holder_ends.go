// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A holder that returns or calls Goexit leaves as if it had unlocked.
// When the last one has done so, the locker is unbound and the thread exits.

package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

func main() {
	l := runtime.MakeThreadLocker()
	for _, end := range []func(){func() {}, runtime.Goexit} {
		c := make(chan int)
		stay, stayed := make(chan bool), make(chan int)
		go func() {
			l.Lock()
			stayed <- syscall.Gettid()
			<-stay
			stayed <- syscall.Gettid()
			end()
		}()
		tid := <-stayed
		go func() {
			l.Lock()
			l.Lock() // nested
			c <- syscall.Gettid()
			end()
		}()
		if got := <-c; got != tid {
			panic("did not join")
		}
		stay <- true
		if got := <-stayed; got != tid {
			panic("moved when another ended")
		}
		waitExit(tid)
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
