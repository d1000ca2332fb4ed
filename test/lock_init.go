// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// In an init function, only the runtime locks the main goroutine. That is no
// hold that a ThreadLocker could join, or LockToRecvOSThread follow.

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
)

func init() {
	l := runtime.MakeThreadLocker()
	mustPanic("runtime.ThreadLocker.Lock", l.Lock)
	mustPanic("runtime.ThreadLocker.Unlock", l.Unlock)
	c, panicked := make(chan bool, 1), make(chan bool, 1)
	go func() {
		mustPanic("runtime.LockToRecvOSThread", func() { runtime.LockToRecvOSThread(c) })
		panicked <- true
		c <- true
	}()
	<-c
	<-panicked

	// With LockOSThread, it is.
	runtime.LockOSThread()
	l.Lock()
	go func() {
		runtime.LockToRecvOSThread(c)
		if syscall.Gettid() != os.Getpid() {
			panic("not on the main thread")
		}
		runtime.UnlockOSThread()
		c <- true
	}()
	<-c
	l.Unlock()
	runtime.UnlockOSThread()
	mustPanic("runtime.ThreadLocker.Lock", l.Lock)
}

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	l.Unlock()
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
