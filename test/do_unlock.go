// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A function that ThreadLocker.Do calls can lock and unlock. What it leaves locked stays
// locked. It must not unlock the thread under Do.

package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	tids := make(chan int)
	var inside atomic.Bool
	go func() {
		l.Lock()
		tids <- syscall.Gettid()
		for {
			if inside.Load() {
				panic("ran in the exclusive section of another goroutine")
			}
			runtime.Gosched()
		}
	}()
	tid := <-tids
	on := func(want bool) {
		if (syscall.Gettid() == tid) != want || l.Held() && !want {
			panic("not where it should be")
		}
	}

	// Pairs.
	l.Do(func() {
		inside.Store(true)
		l.Lock()
		l.Lock()
		l.Unlock()
		runtime.LockOSThread()
		l.Unlock()
		runtime.UnlockOSThread()
		runtime.Gosched()
		on(true)
		inside.Store(false)
	})
	on(false)

	// It stays a holder.
	l.Do(l.Lock)
	on(true)
	l.Do(l.Lock)
	l.Unlock()
	if !l.Held() {
		panic("not held")
	}
	// It leaves in Do, as it could without.
	l.Do(func() {
		l.Unlock()
		on(false)
		runtime.GC()
	})
	on(false)
	l.Lock()
	l.Do(func() {
		l.Unlock()
		on(false)
		l.Lock()
		on(true)
	})
	on(true)
	l.Unlock()
	on(false)

	// It stays locked by LockOSThread, and the section goes on.
	l.Do(func() {
		inside.Store(true)
		runtime.LockOSThread()
	})
	if l.Held() {
		panic("held")
	}
	runtime.Gosched()
	on(true)
	inside.Store(false)
	runtime.UnlockOSThread()
	on(false)

	// A caller of Do that has moved must get back by Do.
	msg := func() (msg string) {
		defer func() { msg = fmt.Sprint(recover()) }()
		l.Do(func() {
			l.Unlock()
			on(false)
		})
		return
	}()
	if !strings.HasPrefix(msg, "runtime.ThreadLocker.Do: ") {
		panic(fmt.Sprintf("got %q, want a panic of Do", msg))
	}
	on(false)
	l.Do(func() { on(true) })
	on(false)

	// Likewise where another goroutine calls f.
	runtime.LockOSThread()
	l.Do(func() {
		l.Unlock()
		on(false)
	})
	l.Do(l.Lock)
	runtime.UnlockOSThread()
	l.Do(func() { on(true) })
}
