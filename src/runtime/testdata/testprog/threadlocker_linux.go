// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

func init() {
	register("ThreadLockerFreeze", ThreadLockerFreeze)
	register("ThreadLockerMaxThreads", ThreadLockerMaxThreads)
	register("ThreadLockerMaxThreadsKept", ThreadLockerMaxThreadsKept)
	register("ThreadLockerNproc", ThreadLockerNproc)
	register("ThreadLockerAllThreads", ThreadLockerAllThreads)
	register("ThreadLockerNoDeadlockSyscall", ThreadLockerNoDeadlockSyscall)
	register("ThreadLockerQuit", ThreadLockerQuit)
	register("ThreadLockerParentSleeps", ThreadLockerParentSleeps)
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

// tlMaxThreads is a limit on the number of threads that the runtime itself stays
// well below.
const tlMaxThreads = 40

// tlBindMany binds n threads, and keeps them all.
func tlBindMany(n int) {
	for range n {
		bound := make(chan bool)
		go func() {
			runtime.MakeThreadLocker().Lock()
			bound <- true
			select {}
		}()
		<-bound
	}
}

// ThreadLockerMaxThreads binds more threads than there may be.
func ThreadLockerMaxThreads() {
	debug.SetMaxThreads(tlMaxThreads)
	tlBindMany(2 * tlMaxThreads)
	tlFail("there are more threads than there may be")
}

// ThreadLockerMaxThreadsKept stays within the limit. Goroutines that share a thread
// need no other, and threads that have exited do not count.
func ThreadLockerMaxThreadsKept() {
	debug.SetMaxThreads(tlMaxThreads)
	l := runtime.MakeThreadLocker()
	l.Lock()
	ch := make(chan bool)
	var wg sync.WaitGroup
	for range 20 * tlMaxThreads {
		wg.Go(func() {
			l.Lock()
			<-ch
		})
	}
	close(ch)
	wg.Wait()
	l.Unlock()
	for i := range 10 * tlMaxThreads {
		tid := 0
		tlGo(func() {
			l.Lock()
			tid = gettid()
			if i%2 == 0 {
				l.Unlock()
			}
		})
		tlWaitExit(tid)
	}
	println("OK")
}

// ThreadLockerNproc binds threads until the kernel makes no more.
func ThreadLockerNproc() {
	// This process alone has as many.
	const RLIMIT_NPROC = 6
	if err := syscall.Setrlimit(RLIMIT_NPROC, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		tlFail("setrlimit:", err)
	}
	if os.Getuid() == 0 {
		// There is no limit for the superuser.
		if err := syscall.Setuid(65534); err != nil {
			tlFail("setuid:", err)
		}
	}
	tlBindMany(1000)
	tlFail("there is no limit")
}

// tlManyStates has goroutines on dedicated threads of all kinds: parked, by each
// kind of hold, with goroutines that switch to and fro, and in a system call, with a
// goroutine that waits for that. In the end each calls check.
func tlManyStates(check func()) (end func()) {
	var stop atomic.Bool
	var turns atomic.Int64
	var wg sync.WaitGroup
	locked := make(chan bool)
	start := func(lock func(), f func()) {
		wg.Go(func() {
			lock()
			locked <- true
			f()
			check()
		})
		<-locked
	}
	parked := make(chan bool)
	l := runtime.MakeThreadLocker()
	for range 2 {
		start(l.Lock, func() { <-parked })
	}
	start(runtime.LockOSThread, func() { <-parked })
	start(func() { runtime.LockToRecvOSThread(parked) }, func() { <-parked })

	l2 := runtime.MakeThreadLocker()
	ch := make(chan bool)
	start(l2.Lock, func() {
		for range ch {
			turns.Add(1)
		}
	})
	start(l2.Lock, func() {
		for !stop.Load() {
			ch <- true
		}
		close(ch)
	})

	r, w, err := pipe()
	if err != nil {
		tlFail(err)
	}
	l3 := runtime.MakeThreadLocker()
	start(l3.Lock, func() {
		for {
			if _, err := syscall.Read(r, make([]byte, 1)); err == nil {
				return
			} else if err != syscall.EINTR {
				tlFail("read:", err)
			}
		}
	})
	wg.Go(func() {
		l3.Lock()
		check()
	})
	for turns.Load() < 100 {
		runtime.Gosched()
	}
	return func() {
		stop.Store(true)
		close(parked)
		if _, err := syscall.Write(w, []byte("x")); err != nil {
			tlFail("write:", err)
		}
		wg.Wait()
	}
}

// ThreadLockerAllThreads makes a system call on all threads.
func ThreadLockerAllThreads() {
	const slack = 123458
	check := func() {
		if n, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_TIMERSLACK, 0, 0); n != slack {
			tlFail("a thread has timer slack", n, "want", slack)
		}
	}
	end := tlManyStates(check)
	// The caller is on an ordinary thread, and on a dedicated one.
	for _, lock := range []bool{false, true} {
		if lock {
			runtime.LockOSThread()
		}
		if _, _, err := syscall.AllThreadsSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, slack, 0); err != 0 {
			tlFail("AllThreadsSyscall:", err)
		}
		check()
	}
	end()
	println("OK")
}

// ThreadLockerQuit sends a signal that ends the program to a dedicated thread.
func ThreadLockerQuit() {
	tlManyStates(func() {})
	l := runtime.MakeThreadLocker()
	tids := make(chan int)
	go func() {
		l.Lock()
		tids <- gettid()
		select {}
	}()
	if err := syscall.Tgkill(os.Getpid(), <-tids, syscall.SIGQUIT); err != nil {
		tlFail("tgkill:", err)
	}
	select {}
}

// ThreadLockerNoDeadlockSyscall has all goroutines wait for a system call which
// another process ends, but not before all threads of this one sleep.
func ThreadLockerNoDeadlockSyscall() {
	l := runtime.MakeThreadLocker()
	for range 3 {
		r, w, err := pipe()
		if err != nil {
			tlFail(err)
		}
		locked, read, last, done := make(chan bool), make(chan bool), make(chan bool), make(chan bool)
		go func() {
			l.Lock()
			locked <- true
			<-locked
			for {
				if _, err := syscall.Read(r, make([]byte, 1)); err == nil {
					break
				} else if err != syscall.EINTR {
					tlFail("read:", err)
				}
			}
			read <- true
		}()
		<-locked
		// One that waits on the thread.
		go func() {
			l.Lock()
			<-read
			last <- true
		}()
		child, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], "ThreadLockerParentSleeps"}, &os.ProcAttr{
			Files: []*os.File{os.NewFile(uintptr(w), "pipe"), os.Stdout, os.Stderr},
		})
		if err != nil {
			tlFail("start:", err)
		}
		locked <- true
		// One that may be on its way there until the system call is over.
		go func() {
			l.Lock()
			<-last
			close(done)
		}()
		<-done
		if state, err := child.Wait(); err != nil || !state.Success() {
			tlFail("child:", state, err)
		}
	}
	println("OK")
}

// ThreadLockerParentSleeps waits until all threads of the parent process sleep,
// and then writes to its standard input, which is a pipe to the parent.
func ThreadLockerParentSleeps() {
	asleep := func() bool {
		stats, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", os.Getppid()))
		if err != nil || len(stats) == 0 {
			tlFail("the parent has gone")
		}
		for _, name := range stats {
			stat, err := os.ReadFile(name)
			if err != nil {
				return false
			}
			// The state follows the name, which is in parentheses.
			_, state, _ := strings.Cut(string(stat), ") ")
			if !strings.HasPrefix(state, "S") {
				return false
			}
		}
		return true
	}
	for n := 0; n < 20; n++ {
		if !asleep() {
			n = -1
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := syscall.Write(0, []byte("x")); err != nil {
		tlFail("write:", err)
	}
}
