// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// When Unlock of the last hold returns, the caller runs on another thread,
// whether others remain or not.

package main

import (
	"runtime"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	for range 20 {
		l.Lock()
		tid := syscall.Gettid()
		c := make(chan bool)
		go func() {
			l.Lock()
			if syscall.Gettid() != tid {
				panic("did not join")
			}
			c <- true
			<-c // main has left
			if syscall.Gettid() != tid {
				panic("moved when another left")
			}
			l.Unlock()
			if syscall.Gettid() == tid {
				panic("the last holder did not leave")
			}
			c <- true
		}()
		<-c
		l.Unlock()
		if syscall.Gettid() == tid {
			panic("did not leave")
		}
		c <- true
		<-c
	}
}
