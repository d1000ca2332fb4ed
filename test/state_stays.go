// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// What a goroutine does to its thread by way of the operating system is seen by
// those that share the thread, and by no other goroutine, then or later.

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"unsafe"
)

func main() {
	l := runtime.MakeThreadLocker()
	for range 10 {
		named, leave, left := make(chan bool), make(chan bool), make(chan bool)
		go func() {
			l.Lock()
			name := []byte("strange\x00")
			if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0); err != 0 {
				panic(err)
			}
			named <- true
			<-leave
			l.Unlock()
			check(false)
			left <- true
		}()
		<-named
		go func() {
			l.Lock()
			check(true)
			named <- true
			<-leave
			check(true)
			left <- true
			// It leaves by its end.
		}()
		<-named
		checkMany()
		for range 2 {
			leave <- true
			<-left
			checkMany()
		}
	}
}

// checkMany checks more threads than there were before.
func checkMany() {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		panic(err)
	}
	var all, checked sync.WaitGroup
	all.Add(len(tasks) + 1)
	for range len(tasks) + 1 {
		checked.Go(func() {
			runtime.LockOSThread()
			check(false)
			all.Done()
			all.Wait()
		})
	}
	checked.Wait()
}

// check checks whether the thread of the caller has the name.
func check(want bool) {
	name, err := os.ReadFile("/proc/thread-self/comm")
	if err != nil {
		panic(err)
	}
	if got := strings.TrimSpace(string(name)) == "strange"; got != want {
		panic(fmt.Sprintf("the thread is strange: %v, want %v", got, want))
	}
}
