// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine dump says who is locked, and who waits for a thread to join.

package main

import (
	"runtime"
	"strings"
	"syscall"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	go runtime.LockToRecvOSThread(make(chan int))
	go func() {
		l.Lock()
		<-make(chan int)
	}()
	go func() {
		l.Lock()
		select {}
	}()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	l.Unlock()
	waitFor("LockToRecvOSThread")
	waitFor("chan receive, locked to thread")
	waitFor("select (no cases), locked to thread")
	go func() {
		l.Lock()
		syscall.Read(p[0], make([]byte, 1))
	}()
	waitFor("syscall, locked to thread")
	go l.Lock()
	waitFor("runnable, locked to thread")
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}
