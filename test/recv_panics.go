// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// LockToRecvOSThread panics if the caller is locked already, by whatever,
// or if the receiver is not.

package main

import (
	"fmt"
	"runtime"
	"strings"
)

func main() {
	c := make(chan int)
	join := func() { runtime.LockToRecvOSThread(c) }

	// Whether somebody receives or not.
	runtime.LockOSThread()
	mustPanic("runtime.LockToRecvOSThread", join)
	runtime.UnlockOSThread()
	l := runtime.MakeThreadLocker()
	l.Lock()
	mustPanic("runtime.LockToRecvOSThread", join)
	l.Unlock()

	// The receiver gets its value in spite of it all.
	done := make(chan int)
	go func() { done <- <-c }()
	waitFor("chan receive]")
	mustPanic("runtime.LockToRecvOSThread", join)
	l.Lock()
	mustPanic("runtime.LockToRecvOSThread", join)
	l.Unlock()
	c <- 3
	if v := <-done; v != 3 {
		panic(fmt.Sprintf("received %d, want 3", v))
	}

	// The receiver comes later.
	go func() {
		mustPanic("runtime.LockToRecvOSThread", join)
		done <- 0
	}()
	waitFor("LockToRecvOSThread")
	go func() { done <- <-c }()
	if v := <-done; v != 0 {
		panic(fmt.Sprintf("received %d, want 0", v))
	}
	c <- 4
	if v := <-done; v != 4 {
		panic(fmt.Sprintf("received %d, want 4", v))
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
