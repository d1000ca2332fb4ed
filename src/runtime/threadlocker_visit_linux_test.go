// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"internal/cpu"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"
)

// These are the tests of goroutines that come to a thread and go again.

// TestThreadLockerCacheLines tests that what the threads write that lock different
// ThreadLockers shares no cache line.
func TestThreadLockerCacheLines(t *testing.T) {
	if size := unsafe.Sizeof(runtime.ThreadLocker{}); size%cpu.CacheLinePadSize != 0 {
		t.Errorf("a ThreadLocker has %d bytes, want a multiple of %d", size, cpu.CacheLinePadSize)
	}
	for range 100 {
		if p := uintptr(unsafe.Pointer(runtime.MakeThreadLocker())); p%cpu.CacheLinePadSize != 0 {
			t.Fatalf("a ThreadLocker is at %#x, want a multiple of %d", p, cpu.CacheLinePadSize)
		}
	}
	if p := runtime.LockedRunqAddr(); p%cpu.CacheLinePadSize != 0 {
		t.Errorf("the queue of this thread is at %#x, want a multiple of %d", p, cpu.CacheLinePadSize)
	}
	if size := runtime.LockedRunqSize; size%cpu.CacheLinePadSize != 0 {
		t.Errorf("the queue of a thread has %d bytes, want a multiple of %d", size, cpu.CacheLinePadSize)
	}
}

// TestThreadLockerAllocs tests that a goroutine which comes and goes allocates nothing
// each time.
func TestThreadLockerAllocs(t *testing.T) {
	l := runtime.MakeThreadLocker()
	tlGroup(t, l, 1) // keeps the thread
	if n := testing.AllocsPerRun(1000, func() {
		l.Lock()
		l.Unlock()
	}); n != 0 {
		t.Errorf("%v allocations for each Lock and Unlock, want 0", n)
	}
	const gs, rounds = 20, 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range gs {
		wg.Go(func() {
			for range rounds {
				l.Lock()
				l.Unlock()
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	// The first Lock of each, and what wg.Go and other goroutines take.
	if n := after.Mallocs - before.Mallocs; n > gs*rounds/10 {
		t.Errorf("%d allocations in %d times Lock and Unlock", n, gs*rounds)
	}
}

// TestThreadLockerJoinStuck tests that goroutines that are on the way to a thread are
// locked to it, though it is in a system call, and that the thread stays for them when
// its only other goroutine leaves. That metrics count them is tested by test/metrics.go,
// a program in which no other goroutine comes or goes meanwhile.
func TestThreadLockerJoinStuck(t *testing.T) {
	for _, end := range []struct {
		name string
		f    func(l *runtime.ThreadLocker)
	}{
		{"Unlock", (*runtime.ThreadLocker).Unlock},
		{"Goexit", func(*runtime.ThreadLocker) { runtime.Goexit() }},
		{"UnlockOSThread", func(l *runtime.ThreadLocker) {
			runtime.LockOSThread()
			l.Unlock()
			runtime.UnlockOSThread()
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			forProcs(t, func(t *testing.T) {
				const n = 5
				l := runtime.MakeThreadLocker()
				var p [2]int
				if err := syscall.Pipe(p[:]); err != nil {
					t.Fatal(err)
				}
				defer syscall.Close(p[0])
				defer syscall.Close(p[1])
				tids, id := make(chan int), make(chan string)
				go func() {
					l.Lock()
					id <- tlID()
					tids <- syscall.Gettid()
					for {
						if _, err := syscall.Read(p[0], make([]byte, 1)); err != syscall.EINTR {
							break
						}
					}
					end.f(l)
				}()
				keeper, tid := <-id, <-tids
				tlPoll(t, "goroutine "+keeper+" to be in a system call", func() bool {
					return isState(tlStates(keeper)[0], "syscall")
				})
				for range n {
					go func() {
						id <- tlID()
						l.Lock()
						got := syscall.Gettid()
						l.Unlock()
						tids <- got
					}()
					id := <-id
					tlPoll(t, "goroutine "+id+" to be queued", func() bool {
						s := tlStates(id)[0]
						return isState(s, "runnable") && isLocked(s)
					})
				}
				if k, err := syscall.Write(p[1], []byte("x")); k != 1 || err != nil {
					t.Fatal(k, err)
				}
				for range n {
					if got := <-tids; got != tid {
						t.Errorf("Lock moved a goroutine to thread %d, want %d", got, tid)
					}
				}
				waitThreadExit(t, tid)
			})
		})
	}
}

// TestLockToRecvOSThreadLeaves tests that a thread stays for those on the way to it when
// the goroutine that they join, which was alone there, leaves at once.
func TestLockToRecvOSThreadLeaves(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		for i := range 200 {
			const n = 3
			ch := make(chan int)
			tids := make(chan int, n)
			id := make(chan string)
			go func() {
				runtime.LockOSThread()
				tids <- syscall.Gettid()
				id <- tlID()
				<-ch
				if i%2 == 0 {
					runtime.UnlockOSThread()
				}
			}()
			tid, receiver := <-tids, <-id
			if i%4 < 2 {
				tlPoll(t, "goroutine "+receiver+" to receive", func() bool {
					return isState(tlStates(receiver)[0], "chan receive")
				})
			}
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					defer func() {
						if e := recover(); e != nil { // the receiver has left, and ch is closed
							tids <- tid
						}
					}()
					runtime.LockToRecvOSThread(ch)
					tids <- syscall.Gettid()
					runtime.UnlockOSThread()
				})
			}
			if i%8 < 4 {
				ch <- 1
			}
			close(ch)
			wg.Wait()
			for range n {
				if got := <-tids; got != tid {
					t.Fatalf("LockToRecvOSThread moved a goroutine to thread %d, want %d", got, tid)
				}
			}
			if i%2 != 0 {
				waitThreadExit(t, tid)
			}
		}
	})
}

// TestDedicatedThreadSyscallsYield tests that a goroutine that makes system calls all the
// time lets those run that are on the way to its thread.
func TestDedicatedThreadSyscallsYield(t *testing.T) {
	fd, err := syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Close(fd)
	calls := func(done *atomic.Bool) {
		buf := make([]byte, 1<<16)
		for !done.Load() {
			syscall.Read(fd, buf)
		}
	}
	forProcs(t, func(t *testing.T) {
		t.Run("Lock", func(t *testing.T) {
			var done atomic.Bool
			l := runtime.MakeThreadLocker()
			_, ws := tlGroup(t, l, 1)
			ws[0].start(func() { calls(&done) })
			l.Lock()
			done.Store(true)
			l.Unlock()
			ws[0].wait()
		})
		t.Run("LockToRecvOSThread", func(t *testing.T) {
			var done atomic.Bool
			ch := make(chan int, 1)
			id := make(chan string)
			go func() {
				id <- tlID()
				runtime.LockToRecvOSThread(ch)
				done.Store(true)
			}()
			joiner := <-id
			tlPoll(t, "goroutine "+joiner+" to wait", func() bool {
				return isState(tlStates(joiner)[0], "LockToRecvOSThread")
			})
			end := make(chan bool)
			go func() {
				defer close(end)
				runtime.LockOSThread()
				ch <- 1
				<-ch // joiner is released, and this one goes on
				calls(&done)
				runtime.UnlockOSThread()
			}()
			<-end
		})
	})
}
