// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"
)

func init() {
	register("ThreadLockerFreeze", ThreadLockerFreeze)
}

// ThreadLockerFreeze panics while goroutines that share a thread take turns.
// With GODEBUG=dontfreezetheworld=1 the scheduler then lets nobody run any more,
// once the goroutine that runs has yielded.
func ThreadLockerFreeze() {
	// A garbage collection would take the thread's turns, too.
	debug.SetGCPercent(-1)
	l := runtime.MakeThreadLocker()
	msg := []byte("turn\n")
	var turns [2]atomic.Int32
	for i := range turns {
		go func() {
			l.Lock()
			for {
				// Not a system call to the scheduler, which would take
				// away what the thread needs to go on.
				syscall.RawSyscall(syscall.SYS_WRITE, 2, uintptr(unsafe.Pointer(&msg[0])), uintptr(len(msg)))
				turns[i].Add(1)
				runtime.Gosched()
			}
		}()
	}
	for turns[0].Load() < 10 || turns[1].Load() < 10 {
		tlSpin()
	}
	// The others would have plenty of turns before all of this is written.
	panic(strings.Repeat("a long message\n", 1<<18))
}
