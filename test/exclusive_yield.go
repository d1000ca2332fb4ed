// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// ThreadLocker.Yield in an exclusive section gives each runnable goroutine of the thread
// one turn, also those that have just come to it. Gosched does not. Outside of
// such a section the two are alike.

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
	l.Lock()
	tid := syscall.Gettid()
	var turns [6]atomic.Int32 // of goroutines of this thread
	var stop atomic.Bool
	all := func() (n [len(turns)]int32) {
		for i := range turns {
			n[i] = turns[i].Load()
		}
		return n
	}
	turn := func(i int) {
		for !stop.Load() {
			if syscall.Gettid() != tid {
				panic("on another thread")
			}
			turns[i].Add(1)
			if i%2 == 0 {
				runtime.Gosched()
			} else {
				l.Yield()
			}
		}
	}
	for i := range 3 {
		l.Go(func() { turn(i) })
	}
	section := func() {
		runtime.Gosched()
		join := make(chan bool)
		go func() {
			for i := 3; i < 6; i++ {
				go func() {
					l.Lock()
					turn(i)
				}()
			}
			waitFor("runnable, locked to thread", len(turns))
			close(join)
		}()
		<-join
		if turns[3].Load() != 0 {
			panic("joined in an exclusive section")
		}
	}
	runtime.LockOSThread()
	section()
	for range 4 {
		old := all()
		runtime.Gosched()
		if all() != old {
			panic("Gosched has ended an exclusive section")
		}
		for i := range old {
			old[i]++
		}
		l.Yield()
		if all() != old {
			panic(fmt.Sprint("turns after one Yield: ", all(), ", want ", old))
		}
	}
	runtime.UnlockOSThread()
	l.Do(func() {
		for range 4 {
			old := all()
			runtime.Gosched()
			if all() != old {
				panic("Gosched has ended an exclusive section")
			}
			for i := range old {
				old[i]++
			}
			l.Yield()
			if all() != old {
				panic("not each goroutine has had one turn")
			}
			// The section of an inner Do goes on, too.
			l.Do(l.Yield)
			l.Do(runtime.Gosched)
			for i := range old {
				old[i]++
			}
			if all() != old {
				panic("Yield in an inner Do")
			}
		}
	})
	for _, yield := range []func(){runtime.Gosched, l.Yield} {
		for old := turns[0].Load(); turns[0].Load() == old; {
			yield()
		}
	}
	stop.Store(true)
}

// waitFor returns when n goroutines wait for the given reason.
func waitFor(reason string, n int) {
	buf := make([]byte, 1<<20)
	for strings.Count(string(buf[:runtime.Stack(buf, true)]), " ["+reason) < n {
		runtime.Gosched()
	}
}
