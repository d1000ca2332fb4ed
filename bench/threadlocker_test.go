// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package bench

import (
	"runtime"
	"testing"
)

func init() {
	colocated = []placement{
		{"colocated", func() (_, _ func(<-chan struct{}) func()) {
			l := runtime.MakeThreadLocker()
			enter := func(<-chan struct{}) func() {
				l.Lock()
				return l.Unlock
			}
			return enter, enter
		}},
		{"colocated-recv", func() (_, _ func(<-chan struct{}) func()) {
			return lockThread, func(join <-chan struct{}) func() {
				runtime.LockToRecvOSThread(join)
				return runtime.UnlockOSThread
			}
		}},
	}

	enterLocker = func() func() {
		l := runtime.MakeThreadLocker()
		l.Lock()
		return l.Unlock
	}

	nestedLocker = func(b *testing.B) {
		l := runtime.MakeThreadLocker()
		l.Lock()
		defer l.Unlock()
		measure(b, func() {
			for range b.N {
				l.Lock()
				l.Unlock()
			}
		})
	}

	// There and back: somebody keeps the thread, and is parked.
	lockIdle = func(b *testing.B) {
		l := runtime.MakeThreadLocker()
		defer keep(l)()
		measure(b, func() {
			for range b.N {
				l.Lock()
				l.Unlock()
			}
		})
	}

	enterShared = func() func() {
		l := runtime.MakeThreadLocker()
		l.Lock()
		leave := keep(l)
		return func() {
			leave()
			l.Unlock()
		}
	}

	visit = func() (request func(f func()), leave func()) {
		l := runtime.MakeThreadLocker()
		leave = keep(l)
		return func(f func()) {
			l.Lock()
			f()
			l.Unlock()
		}, leave
	}

	// Nobody keeps the thread. Each Lock takes a new one, which exits with the
	// Unlock.
	lockUnbound = func(b *testing.B) {
		l := runtime.MakeThreadLocker()
		measure(b, func() {
			for range b.N {
				l.Lock()
				l.Unlock()
			}
		})
	}

	parkShared = func(stop <-chan struct{}) (ready func()) {
		l := runtime.MakeThreadLocker()
		held := make(chan struct{})
		for range 2 {
			go func() {
				l.Lock()
				defer l.Unlock()
				held <- struct{}{}
				<-stop
			}()
		}
		return func() { <-held; <-held }
	}
}

// keep has a goroutine hold l, parked, until the function that it returns is
// called.
func keep(l *runtime.ThreadLocker) (leave func()) {
	held, stop, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(left)
		l.Lock()
		defer l.Unlock()
		close(held)
		<-stop
	}()
	<-held
	return func() {
		close(stop)
		<-left
	}
}
