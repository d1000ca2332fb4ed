// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// The Go half of a C program whose main thread Go did not create.
package main

import "C"

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

var (
	l    = runtime.MakeThreadLocker() // held by a goroutine
	recv = make(chan bool)            // that receives from this
)

func init() {
	ready := make(chan bool)
	go func() {
		l.Lock()
		ready <- true
		<-recv
	}()
	<-ready
}

// mustPanic checks that f panics with a message that begins with prefix.
func mustPanic(prefix string, f func()) {
	defer func() {
		e := recover()
		if s := fmt.Sprint(e); e == nil || !strings.HasPrefix(s, prefix) {
			fmt.Printf("panic with %q, want %q\n", s, prefix)
			os.Exit(1)
		}
	}()
	f()
}

func attempts() {
	unbound := runtime.MakeThreadLocker()
	mustPanic("runtime.ThreadLocker.Lock:", unbound.Lock)
	mustPanic("runtime.ThreadLocker.Unlock:", unbound.Unlock)
	mustPanic("runtime.ThreadLocker.Lock:", l.Lock)
	mustPanic("runtime.ThreadLocker.Unlock:", l.Unlock)
	mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv) })
	mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(make(chan bool)) })

	// A goroutine waits for this thread to receive.
	c, done := make(chan bool), make(chan bool)
	go func() {
		mustPanic("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(c) })
		done <- true
		c <- true
	}()
	select {
	case <-c:
		fmt.Println("a goroutine was locked to a thread that Go did not create")
		os.Exit(1)
	case <-done:
	}
	<-c
}

//export Attempts
func Attempts() {
	attempts()
	runtime.LockOSThread()
	attempts()
	runtime.UnlockOSThread()
	attempts()
}

//export LeaveLocked
func LeaveLocked() {
	attempts()
	runtime.LockOSThread()
}

func main() {}
