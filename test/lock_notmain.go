// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Lock takes the main thread only if LockOSThread holds the caller there.
// Else even a caller that runs on the main thread goes to another one, and what it
// sets on that is not what others see of the process.

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

func init() {
	runtime.LockOSThread() // so that main begins on the main thread
}

func main() {
	// /proc/self shows the main thread.
	old := name("self")
	l := runtime.MakeThreadLocker()
	if syscall.Gettid() != os.Getpid() {
		panic("not on the main thread")
	}
	runtime.UnlockOSThread()
	for range 20 {
		l.Lock()
		tid := syscall.Gettid()
		if tid == os.Getpid() {
			panic("the locker is bound to the main thread")
		}
		set := []byte("strange\x00")
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_NAME, uintptr(unsafe.Pointer(&set[0])), 0); err != 0 {
			panic(err)
		}
		if got := name("thread-self"); got != "strange" {
			panic("the thread has the name " + got)
		}
		if got := name("self"); got != old {
			panic(fmt.Sprintf("the process has the name %s, want %s", got, old))
		}
		l.Unlock()
		if syscall.Gettid() == tid {
			panic("did not leave")
		}
		if got := name("thread-self"); got == "strange" {
			panic("on a strange thread after Unlock")
		}
	}
}

func name(who string) string {
	b, err := os.ReadFile("/proc/" + who + "/comm")
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(b))
}
