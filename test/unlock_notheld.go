// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Unlock panics if the calling goroutine does not hold the ThreadLocker,
// whoever else does.

package main

import (
	"fmt"
	"runtime"
	"strings"
)

func main() {
	l, other := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	unlock := func() { mustPanic("runtime.ThreadLocker.Unlock", l.Unlock) }
	unlock()
	runtime.LockOSThread()
	unlock()
	runtime.UnlockOSThread()

	other.Lock()
	unlock()
	other.Unlock()

	l.Lock()
	done := make(chan bool)
	go func() {
		unlock() // somebody else's hold
		done <- true
	}()
	<-done
	l.Unlock()
	unlock() // once too often
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
