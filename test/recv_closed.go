// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// LockToRecvOSThread panics if the channel is nil, or closed, with values left
// or not, or is closed while the caller waits.

package main

import (
	"fmt"
	"runtime"
	"strings"
)

func main() {
	mustPanic("runtime.LockToRecvOSThread", func() { runtime.LockToRecvOSThread[int](nil) })

	c := make(chan int)
	close(c)
	mustPanic("runtime.LockToRecvOSThread", func() { runtime.LockToRecvOSThread(c) })

	c = make(chan int, 1)
	c <- 42
	close(c)
	mustPanic("runtime.LockToRecvOSThread", func() { runtime.LockToRecvOSThread(c) })
	if v, ok := <-c; v != 42 || !ok {
		panic(fmt.Sprintf("received %d, %v, want 42, true", v, ok))
	}

	c = make(chan int)
	done := make(chan bool)
	for range 3 {
		go func() {
			mustPanic("runtime.LockToRecvOSThread", func() { runtime.LockToRecvOSThread(c) })
			done <- true
		}()
	}
	waitFor("LockToRecvOSThread")
	close(c)
	for range 3 {
		<-done
	}
}

// mustPanic runs f, which must panic with a message
// that begins with name and says what to do.
func mustPanic(name string, f func()) {
	defer func() {
		msg := fmt.Sprint(recover())
		if !strings.HasPrefix(msg, name+": ") || !strings.Contains(msg, "; ") {
			panic(fmt.Sprintf("got %q, want a panic of %s", msg, name))
		}
	}()
	f()
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}
