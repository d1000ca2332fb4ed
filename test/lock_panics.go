// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Lock panics if the caller is locked to another thread, or holds another
// ThreadLocker. After recover, all is as it was.

package main

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	l, unbound := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		mustPanic("runtime.ThreadLocker.Lock", l.Lock) // another thread
		runtime.UnlockOSThread()

		runtime.LockToRecvOSThread(done)
		if syscall.Gettid() != tid {
			panic("did not join")
		}
		l.Lock()
		mustPanic("runtime.ThreadLocker.Lock", unbound.Lock) // another locker
		if syscall.Gettid() != tid {
			panic("a panic moved the goroutine")
		}
		l.Unlock()
		unbound.Lock() // now it can
		if syscall.Gettid() != tid {
			panic("Lock moved a goroutine that LockOSThread holds")
		}
		mustPanic("runtime.ThreadLocker.Lock", l.Lock) // same thread, another locker
		runtime.UnlockOSThread()
		unbound.Unlock()
		if syscall.Gettid() == tid {
			panic("did not leave")
		}
		done <- true
	}()
	<-done
	if syscall.Gettid() != tid {
		panic("moved")
	}
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
