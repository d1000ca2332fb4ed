// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If the caller of ThreadLocker.Do cannot move to the thread, because it is locked to
// another one, a goroutine that holds the locker calls the function in its place. The
// caller stays where it is, and a dump says for whom the function is called.

package main

import (
	"fmt"
	"iter"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

type thread struct {
	*runtime.ThreadLocker
	tid  int
	busy bool
}

func newThread() *thread {
	t := &thread{ThreadLocker: runtime.MakeThreadLocker()}
	bound := make(chan bool)
	go func() {
		t.Lock()
		t.tid = syscall.Gettid()
		close(bound)
		select {}
	}()
	<-bound
	return t
}

var a, b = newThread(), newThread()

// call calls Do on t, on this thread and also inside of functions that Do calls.
func call(t *thread) {
	tid := syscall.Gettid()
	v := 0
	t.Do(func() {
		v++ // the caller sees it
		if syscall.Gettid() != t.tid || !t.Held() {
			panic("on another thread")
		}
		if t.busy {
			panic("two functions at once")
		}
		t.busy = true
		runtime.Gosched()
		c := make(chan bool)
		go func() { c <- true }()
		<-c
		t.Do(func() {
			if syscall.Gettid() != t.tid {
				panic("on another thread")
			}
		})
		v++
		t.busy = false
	})
	if v != 2 {
		panic("f has not returned")
	}
	if syscall.Gettid() != tid {
		panic("a locked goroutine has moved")
	}
}

func init() {
	call(a)
	call(b)
	if syscall.Gettid() != os.Getpid() {
		panic("init has left the main thread")
	}
	a.Do(func() { call(b) })
}

func main() {
	runtime.LockOSThread()
	call(a)
	call(b)
	runtime.UnlockOSThread()

	// Under the locker of another thread.
	b.Lock()
	call(a)
	if !b.Held() || a.Held() {
		panic("bad holds")
	}
	b.Do(func() { call(a) }) // the section of b goes on meanwhile
	b.Unlock()
	a.Do(func() {
		call(b)
		b.Do(func() { call(b) })
	})

	// In the body of a coroutine.
	for _, lock := range []struct{ lock, unlock func() }{
		{runtime.LockOSThread, runtime.UnlockOSThread},
		{a.Lock, a.Unlock},
		{b.Lock, b.Unlock},
	} {
		lock.lock()
		next, stop := iter.Pull(func(yield func(int) bool) {
			for i := range 3 {
				if a.Held() {
					a.Do(func() {})
				} else {
					call(a)
				}
				if !yield(i) {
					return
				}
			}
		})
		next()
		next()
		stop()
		a.Do(func() {
			next, stop := iter.Pull(func(yield func(int) bool) {
				call(b)
				a.Do(func() {})
				yield(1)
				call(b)
			})
			next()
			stop()
		})
		lock.unlock()
	}

	// A dump.
	runtime.LockOSThread()
	a.Do(func() {
		buf := make([]byte, 1<<20)
		for {
			dump := string(buf[:runtime.Stack(buf, true)])
			m := regexp.MustCompile(`(?m)^goroutine \d+ \[running, locked to thread, thread (\d+), in ThreadLocker\.Do for goroutine (\d+)\]:$`).FindStringSubmatch(dump)
			if m == nil || m[1] != fmt.Sprint(a.tid) {
				panic("no goroutine in Do for another, or on another thread:\n" + dump)
			}
			if strings.Contains(dump, "\ngoroutine "+m[2]+" [ThreadLocker.Do, locked to thread, thread ") {
				break
			}
			runtime.Gosched()
		}
	})
	runtime.UnlockOSThread()
}
