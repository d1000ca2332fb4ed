// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

// Shared threads with a file table or a filter of system calls of their own.

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

func init() {
	register("ThreadLockerOwnFiles", func() { tlStrange(tlOwnFiles) })
	register("ThreadLockerOwnEpolls", func() { tlStrange(tlOwnEpolls) })
	register("ThreadLockerNoEpollKill", func() { tlStrange(tlNoEpoll(0x80000000)) })                       // SECCOMP_RET_KILL_PROCESS
	register("ThreadLockerNoEpollErrno", func() { tlStrange(tlNoEpoll(0x50000 | uint32(syscall.EPERM))) }) // SECCOMP_RET_ERRNO
}

// tlStrange has goroutines of one thread work and wait, for each other, for other
// goroutines, and for files, after makeStrange has changed the thread's state. keep is
// a file that they need. What makeStrange returns is called at the end.
func tlStrange(makeStrange func(keep int) (check func())) {
	pipe := func() (r, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			tlStrangeFatal("pipe: %v", err)
		}
		return r, w
	}
	var buf [1]byte
	read := func(r *os.File) {
		if n, err := r.Read(buf[:]); n != 1 || err != nil {
			tlStrangeFatal("read: %d, %v", n, err)
		}
	}
	write := func(w *os.File) {
		if n, err := w.Write([]byte("x")); n != 1 || err != nil {
			tlStrangeFatal("write: %d, %v", n, err)
		}
	}

	// Somebody waits in the poller all the time.
	other, otherW := pipe()
	go func() {
		var buf [1]byte
		other.Read(buf[:])
		tlStrangeFatal("a file is ready without cause")
	}()

	l := runtime.MakeThreadLocker()
	start := func() (do func(func())) {
		work := make(chan func())
		done := make(chan bool)
		go func() {
			l.Lock()
			for f := range work {
				f()
				done <- true
			}
		}()
		return func(f func()) {
			work <- f
			<-done
		}
	}
	// So that the main thread, which cannot exit, is not the one.
	runtime.LockOSThread()
	a, b := start(), start()
	a(func() {})
	b(func() {})
	runtime.UnlockOSThread()

	r, w := pipe()
	conn, err := r.SyscallConn()
	if err != nil {
		tlStrangeFatal("%v", err)
	}
	var check func()
	a(func() {
		conn.Control(func(keep uintptr) { check = makeStrange(int(keep)) })
	})
	for i := range 500 {
		// Between two of these the thread has nothing to do.
		a(func() {})
		b(func() {})
		// One wakes another, and the poller wakes one.
		ch := make(chan bool)
		ended := make(chan bool)
		go a(func() {
			ch <- true
			read(r)
			ended <- true
		})
		b(func() { <-ch })
		write(w)
		<-ended
		if i%100 == 0 {
			runtime.GC()
		}
	}
	a(check)
	a(l.Unlock)
	b(l.Unlock)
	runtime.KeepAlive(otherW)
	fmt.Println("OK")
}

// tlOwnFiles leaves the current thread no file but the standard ones and keep.
func tlOwnFiles(keep int) (check func()) {
	if err := syscall.Unshare(syscall.CLONE_FILES); err != nil {
		tlSkip("unshare:", err)
	}
	for fd := 3; fd < 256; fd++ {
		if fd != keep {
			syscall.Close(fd)
		}
	}
	return func() {}
}

// tlOwnEpolls gives file numbers that the runtime uses on other threads to pollers of the
// thread's own. Each has an event, which is reported once.
func tlOwnEpolls(keep int) (check func()) {
	tlOwnFiles(keep)
	var p [2]int
	err := syscall.Pipe(p[:])
	if err == nil {
		// Out of the way.
		err = syscall.Dup3(p[0], 250, 0)
		syscall.Close(p[0])
	}
	if err == nil {
		_, err = syscall.Write(p[1], []byte("x"))
		syscall.Close(p[1])
	}
	var epolls []int
	for len(epolls) < 20 && err == nil {
		var ep int
		ep, err = syscall.EpollCreate1(0)
		if err == nil {
			err = syscall.EpollCtl(ep, syscall.EPOLL_CTL_ADD, 250, &syscall.EpollEvent{Events: syscall.EPOLLIN | 1<<30})
		}
		epolls = append(epolls, ep)
	}
	if err != nil {
		tlStrangeFatal("epoll: %v", err)
	}
	return func() {
		for _, ep := range epolls {
			var ev [2]syscall.EpollEvent
			if n, err := syscall.EpollWait(ep, ev[:], 0); n != 1 || err != nil {
				tlStrangeFatal("poller %d has %d events, %v", ep, n, err)
			}
		}
	}
}

// tlNoEpoll forbids the current thread to poll. If it does, action is taken.
func tlNoEpoll(action uint32) func(int) func() {
	return func(int) func() {
		type filter struct {
			code   uint16
			jt, jf uint8
			k      uint32
		}
		filters := []filter{
			{code: 0x20, k: 0}, // load the number of the system call
			{code: 0x15, k: syscall.SYS_EPOLL_PWAIT, jf: 1}, // go on if it is this
			{code: 0x06, k: action},
			{code: 0x06, k: 0x7fff0000}, // SECCOMP_RET_ALLOW
		}
		prog := struct {
			n uint16
			f *filter
		}{uint16(len(filters)), &filters[0]}
		const (
			PR_SET_SECCOMP      = 22
			PR_SET_NO_NEW_PRIVS = 38
			SECCOMP_MODE_FILTER = 2
		)
		if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); err != 0 {
			tlSkip("PR_SET_NO_NEW_PRIVS:", err)
		}
		if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0, 0); err != 0 {
			tlSkip("PR_SET_SECCOMP:", err)
		}
		return func() {}
	}
}

func tlStrangeFatal(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}
