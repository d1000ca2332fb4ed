// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/trace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// These are the tests of LockToRecvOSThread and ThreadLocker that check on
// which operating system thread a goroutine runs, and whether a thread exits.
//
// A goroutine that runs on the thread of another one that is locked there must
// be locked there itself, as the thread runs no others.

// tid returns the thread that w runs on.
func (w *tlWorker) tid() (tid int) {
	w.t.Helper()
	w.do(func() { tid = syscall.Gettid() })
	return tid
}

// checkOn fails the test if w is not locked to thread tid.
func (w *tlWorker) checkOn(tid int) {
	w.t.Helper()
	for range 3 {
		var got [2]int
		w.do(func() {
			got[0] = syscall.Gettid()
			runtime.Gosched()
			got[1] = syscall.Gettid()
		})
		if got[0] != tid || got[1] != tid {
			w.t.Fatalf("goroutine %s runs on threads %d, want %d", w.id, got, tid)
		}
	}
	w.checkLocked(true)
}

// checkLeaves makes w run unlock, and fails the test unless w runs on another
// thread than tid as soon as unlock returns, and is not locked.
func (w *tlWorker) checkLeaves(tid int, unlock func()) {
	w.t.Helper()
	got := 0
	w.do(func() {
		unlock()
		got = syscall.Gettid()
	})
	if got == tid {
		w.t.Fatalf("goroutine %s still runs on thread %d after it has unlocked", w.id, tid)
	}
	w.checkLocked(false)
}

// tlCheckTID reports an error if the calling goroutine,
// which is at where, does not run on thread tid.
func tlCheckTID(t *testing.T, where string, tid int) {
	t.Helper()
	if got := syscall.Gettid(); got != tid {
		t.Errorf("%s: on thread %d, want %d", where, got, tid)
	}
}

// lock makes w call lock, and returns the thread that it is on right then.
func (w *tlWorker) lock(lock func()) (tid int) {
	w.t.Helper()
	w.do(func() {
		lock()
		tid = syscall.Gettid()
	})
	w.checkLocked(true)
	return tid
}

// checkJoins fails the test unless w runs on thread tid once lock returns.
func (w *tlWorker) checkJoins(tid int, lock func()) {
	w.t.Helper()
	if got := w.lock(lock); got != tid {
		w.t.Fatalf("goroutine %s runs on thread %d once it has locked, want %d", w.id, got, tid)
	}
	w.checkOn(tid)
}

// join is LockToRecvOSThread to w, which receives on w.work in between.
func (w *tlWorker) join() { runtime.LockToRecvOSThread(w.work) }

// stall makes w block in a system call. It returns a function
// that ends this, and then waits for w.
func (w *tlWorker) stall() (release func()) {
	w.t.Helper()
	return w.stallThen(func() {})
}

// stallThen is like stall, and w runs f as soon as the system call is over.
func (w *tlWorker) stallThen(f func()) (release func()) {
	w.t.Helper()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		w.t.Fatal(err)
	}
	w.start(func() {
		var buf [1]byte
		for {
			n, err := syscall.Read(p[0], buf[:])
			if err == syscall.EINTR {
				continue
			}
			if n != 1 || err != nil {
				w.t.Errorf("read from pipe: %d, %v", n, err)
			}
			break
		}
		f()
	})
	w.waitState("syscall")
	return func() {
		w.t.Helper()
		if n, err := syscall.Write(p[1], []byte("x")); n != 1 || err != nil {
			w.t.Fatalf("write to pipe: %d, %v", n, err)
		}
		w.wait()
		syscall.Close(p[0])
		syscall.Close(p[1])
	}
}

// waitQueued waits until w could run if its thread were not busy.
func (w *tlWorker) waitQueued() {
	w.t.Helper()
	tlPoll(w.t, "goroutine "+w.id+" to be queued", func() bool {
		s := tlStates(w.id)[0]
		return isState(s, "runnable") && isLocked(s)
	})
}

// threadExists reports whether this process has a thread tid.
func threadExists(t *testing.T, tid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	// The state follows the name, which is in parentheses.
	// A thread that has exited can still show up for a moment.
	i := bytes.LastIndex(stat, []byte(") "))
	return i < 0 || !strings.ContainsRune("ZX", rune(stat[i+2]))
}

// waitThreadExit waits until thread tid does not exist any more.
func waitThreadExit(t *testing.T, tid int) {
	t.Helper()
	if tid == os.Getpid() {
		t.Fatal("the test uses the main thread, which cannot exit")
	}
	tlPoll(t, fmt.Sprintf("thread %d to exit", tid), func() bool { return !threadExists(t, tid) })
}

// checkNoGuests keeps ordinary goroutines and other locked ones busy
// and fails the test if any of them runs on one of the given threads.
func checkNoGuests(t *testing.T, tids ...int) {
	t.Helper()
	var wg sync.WaitGroup
	var guests atomic.Int32
	check := func() {
		if slices.Contains(tids, syscall.Gettid()) {
			guests.Add(1)
		}
	}
	for range 20 {
		wg.Go(func() {
			for range 10 {
				check()
				runtime.Gosched()
			}
			runtime.LockOSThread()
			check()
			runtime.Gosched()
			check()
			runtime.UnlockOSThread()
			check()
		})
	}
	wg.Wait()
	if n := guests.Load(); n != 0 {
		t.Fatalf("other goroutines ran on threads %d: %d times", tids, n)
	}
}

// tlSpin does nothing, but checks for preemption,
// which a function that calls no other need not do.
//
//go:noinline
func tlSpin() { tlSpin1() }

//go:noinline
func tlSpin1() {}

// tlHolders are the ways to be locked such that LockToRecvOSThread can join.
var tlHolders = []struct {
	name string
	// lock locks w, and returns what undoes that.
	lock func(w *tlWorker) (unlock func())
}{
	{"LockOSThread", func(w *tlWorker) func() {
		w.do(runtime.LockOSThread)
		return runtime.UnlockOSThread
	}},
	{"ThreadLocker", func(w *tlWorker) func() {
		l := runtime.MakeThreadLocker()
		w.do(l.Lock)
		return l.Unlock
	}},
	{"LockToRecvOSThread", func(w *tlWorker) func() {
		w2 := newTLWorker(w.t)
		w2.do(runtime.LockOSThread)
		w.do(w2.join)
		return runtime.UnlockOSThread
	}},
	{"LockToRecvOSThreadAlone", func(w *tlWorker) func() {
		w2 := newTLWorker(w.t)
		w2.do(runtime.LockOSThread)
		w.do(w2.join)
		w2.do(runtime.UnlockOSThread)
		return runtime.UnlockOSThread
	}},
}

func TestLockToRecvOSThread(t *testing.T) {
	for _, h := range tlHolders {
		for _, kind := range recvKinds {
			name := "/" + h.name + "/" + kind.name
			t.Run("BlockedReceiver"+name, func(t *testing.T) {
				r, w := newTLWorker(t), newTLWorker(t)
				h.lock(r)
				tid := r.tid()
				ch := make(chan int)
				got, on := 0, 0
				r.start(func() {
					got, _ = kind.recv(ch)
					on = syscall.Gettid()
				})
				r.waitState(kind.state)
				w.checkJoins(tid, func() { runtime.LockToRecvOSThread(ch) })
				r.checkState(kind.state)
				ch <- 4
				r.wait()
				checkValue(t, got, 4)
				if on != tid {
					t.Fatalf("receiver runs on thread %d, want %d", on, tid)
				}
				r.checkOn(tid)
				w.checkLeaves(tid, runtime.UnlockOSThread)
				r.checkOn(tid)
			})
			t.Run("ReceiverArrives"+name, func(t *testing.T) {
				r := newTLWorker(t)
				h.lock(r)
				tid := r.tid()
				ch := make(chan int)
				var ws []*tlWorker
				on := make([]int, 3)
				for i := range on {
					w := newTLWorker(t)
					w.start(func() {
						runtime.LockToRecvOSThread(ch)
						on[i] = syscall.Gettid()
					})
					w.waitState(lockToRecvWait)
					ws = append(ws, w)
				}
				r.start(func() { kind.recv(ch) })
				for i, w := range ws {
					w.wait()
					if on[i] != tid {
						t.Fatalf("caller %d runs on thread %d, want %d", i, on[i], tid)
					}
					w.checkOn(tid)
				}
				ch <- 1
				r.wait()
				for _, w := range ws {
					w.checkLeaves(tid, runtime.UnlockOSThread)
				}
				r.checkOn(tid)
			})
			t.Run("ReceivesAtOnce"+name, func(t *testing.T) {
				r := newTLWorker(t)
				h.lock(r)
				tid := r.tid()
				for size := range 2 {
					ch := make(chan int, size)
					ws := tlWaiters(t, 2, ch)
					s := newTLWorker(t)
					s.start(func() { ch <- 9 })
					if size == 0 {
						s.waitState("chan send")
					} else {
						s.wait()
					}
					got := 0
					r.do(func() { got, _ = kind.recv(ch) })
					checkValue(t, got, 9)
					for _, w := range ws {
						w.wait()
						w.checkOn(tid)
						w.checkLeaves(tid, runtime.UnlockOSThread)
					}
				}
			})
		}
	}

	for _, kind := range recvKinds {
		t.Run("LongestReceiverDecides/"+kind.name, func(t *testing.T) {
			ch := make(chan int)
			var rs []*tlWorker
			var tids []int
			for range 3 {
				r := newTLWorker(t)
				tids = append(tids, r.lock(runtime.LockOSThread))
				r.start(func() { kind.recv(ch) })
				r.waitState(kind.state)
				rs = append(rs, r)
			}
			for i, r := range rs {
				for range 2 {
					w := newTLWorker(t)
					w.checkJoins(tids[i], func() { runtime.LockToRecvOSThread(ch) })
				}
				ch <- i
				r.wait()
			}
		})
	}

	t.Run("OneReceiverReleasesAll", func(t *testing.T) {
		// They all follow the first, even if another arrives right behind it.
		ch := make(chan int)
		r1, r2 := newTLWorker(t), newTLWorker(t)
		tid := r1.lock(runtime.LockOSThread)
		r2.lock(runtime.LockOSThread)
		ws := tlWaiters(t, 5, ch)
		r1.start(func() { <-ch })
		r1.waitState("chan receive")
		r2.start(func() { <-ch })
		for _, w := range ws {
			w.wait()
			w.checkOn(tid)
		}
		ch <- 1
		ch <- 2
		r1.wait()
		r2.wait()
	})

	// A receiver that has its value already, or whose select has chosen another
	// case, is not blocked any more, even if it does not run yet because its
	// thread is busy. A stale entry of it may still stand in the channel.
	stale := func(t *testing.T, wait func(r *tlWorker, ch chan int) (wake func())) {
		ch := make(chan int)
		r, r2, busy, w2 := newTLWorker(t), newTLWorker(t), newTLWorker(t), newTLWorker(t)
		r.do(runtime.LockOSThread)
		busy.do(r.join)
		wake := wait(r, ch)
		release := busy.stall()
		wake()
		r.waitQueued()
		w := tlWaiters(t, 1, ch)[0]
		// The next receiver decides, though it is behind r in the queue.
		tid := r2.lock(runtime.LockOSThread)
		r2.start(func() { <-ch })
		r2.waitState("chan receive")
		w.wait()
		w.checkOn(tid)
		w2.checkJoins(tid, func() { runtime.LockToRecvOSThread(ch) })
		r.checkState("runnable")
		release()
		r.wait()
		ch <- 1
		r2.wait()
	}
	t.Run("ReceiverHasItsValue", func(t *testing.T) {
		stale(t, func(r *tlWorker, ch chan int) func() {
			r.start(func() { <-ch })
			r.waitState("chan receive")
			return func() { ch <- 1 }
		})
	})
	t.Run("SelectHasChosen/ThisCase", func(t *testing.T) {
		stale(t, func(r *tlWorker, ch chan int) func() {
			other := make(chan int)
			r.start(func() {
				select {
				case <-ch:
				case <-other:
					t.Error("received from other channel")
				}
			})
			r.waitState("select")
			return func() { ch <- 1 }
		})
	})
	for _, how := range []struct {
		name string
		send bool
		wake func(other chan int)
	}{
		{"AnotherReceive", false, func(other chan int) { other <- 1 }},
		{"Send", true, func(other chan int) { <-other }},
		{"Closed", false, func(other chan int) { close(other) }},
	} {
		t.Run("SelectHasChosen/"+how.name, func(t *testing.T) {
			stale(t, func(r *tlWorker, ch chan int) func() {
				var send, recv chan int
				other := make(chan int)
				if how.send {
					send = other
				} else {
					recv = other
				}
				r.start(func() {
					select {
					case <-ch:
						t.Error("received from channel without sender")
					case <-recv:
					case send <- 1:
					}
				})
				r.waitState("select")
				return func() { how.wake(other) }
			})
		})
	}

	t.Run("ReceiverBusyServer", func(t *testing.T) {
		// The server always finds a value, so it never blocks.
		ch := make(chan int, 10)
		r := newTLWorker(t)
		tid := r.lock(runtime.LockOSThread)
		var stop atomic.Bool
		done := make(chan bool)
		go func() {
			defer close(done)
			defer close(ch)
			for !stop.Load() {
				ch <- 1
			}
		}()
		r.start(func() {
			for range ch {
				tlCheckTID(t, "server", tid)
			}
		})
		for range 5 {
			w := newTLWorker(t)
			w.checkJoins(tid, func() { runtime.LockToRecvOSThread(ch) })
		}
		stop.Store(true)
		<-done
		r.wait()
	})

	t.Run("Undo/UnlockOSThread", func(t *testing.T) {
		r, w := newTLWorker(t), newTLWorker(t)
		tid := r.lock(runtime.LockOSThread)
		w.checkJoins(tid, r.join)
		w.checkLeaves(tid, runtime.UnlockOSThread)
		w.do(runtime.UnlockOSThread) // no-op
		r.checkOn(tid)
	})
	t.Run("Undo/Nested", func(t *testing.T) {
		r, w := newTLWorker(t), newTLWorker(t)
		tid := r.lock(runtime.LockOSThread)
		w.checkJoins(tid, r.join)
		w.do(runtime.LockOSThread)
		w.do(runtime.LockOSThread)
		w.do(runtime.UnlockOSThread)
		w.checkOn(tid)
		w.do(runtime.UnlockOSThread)
		w.checkOn(tid)
		w.checkLeaves(tid, runtime.UnlockOSThread)
	})
	t.Run("Undo/Taint", func(t *testing.T) {
		for _, how := range tlEnds {
			r, w := newTLWorker(t), newTLWorker(t)
			tid := r.lock(runtime.LockOSThread)
			w.checkJoins(tid, r.join)
			how.end(w)
			w.gone()
			r.checkOn(tid)
			r.checkLeaves(tid, runtime.UnlockOSThread)
			waitThreadExit(t, tid)
		}
	})
}

func TestThreadLocker(t *testing.T) {
	t.Run("Lock/Unbound", func(t *testing.T) {
		// The thread is the locker's own. The one that the caller comes from
		// is everybody's, and stays.
		w := newTLWorker(t)
		for range 20 {
			l := runtime.MakeThreadLocker()
			var before, tid int
			w.do(func() {
				before = syscall.Gettid()
				l.Lock()
				tid = syscall.Gettid()
			})
			if tid == before {
				t.Fatalf("Lock has taken thread %d, which the caller was on without being locked", tid)
			}
			w.checkOn(tid)
			w.checkLeaves(tid, l.Unlock)
			waitThreadExit(t, tid)
			if !threadExists(t, before) {
				t.Fatalf("thread %d has exited, which is no locker's", before)
			}
		}
	})
	t.Run("Lock/Bound", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		var ws []*tlWorker
		for range 5 {
			w := newTLWorker(t)
			w.checkJoins(tid, l.Lock)
			ws = append(ws, w)
		}
		w.checkOn(tid)
		for _, w := range ws {
			w.checkOn(tid)
			w.checkLeaves(tid, l.Unlock)
		}
		w.checkOn(tid)
	})
	t.Run("Lock/BoundToStuckThread", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		release := w.stall()
		var on atomic.Int64
		w2.start(func() {
			l.Lock()
			on.Store(int64(syscall.Gettid()))
		})
		w2.waitQueued()
		// It is on its way, but must not run meanwhile.
		checkNoGuests(t, tid)
		w2.waitQueued()
		w.checkState("syscall")
		if on.Load() != 0 {
			t.Fatal("Lock returned while the thread was stuck")
		}
		release()
		w2.wait()
		if int(on.Load()) != tid {
			t.Fatalf("goroutine runs on thread %d, want %d", on.Load(), tid)
		}
		w2.checkOn(tid)
	})
	t.Run("Lock/AlreadyOnThread", func(t *testing.T) {
		// By LockToRecvOSThread.
		l := runtime.MakeThreadLocker()
		w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, w.join)
		w2.checkJoins(tid, l.Lock)
		w2.do(runtime.UnlockOSThread)
		w2.checkOn(tid) // l holds it
		w.checkLeaves(tid, l.Unlock)
		w2.checkOn(tid)
		w3.checkJoins(tid, l.Lock) // w2 alone keeps l bound
		w3.checkLeaves(tid, l.Unlock)
		w2.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)

		// By LockOSThread: it no longer holds l, then does so again.
		w2 = newTLWorker(t)
		tid = w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock)
		w2.do(runtime.LockOSThread)
		w2.do(l.Unlock)
		w2.checkOn(tid)
		w2.doPanic(tlUnlock, l.Unlock)
		w2.checkJoins(tid, l.Lock)
		w2.do(runtime.UnlockOSThread)
		w2.checkOn(tid)
		w2.checkLeaves(tid, l.Unlock)
	})
	t.Run("Lock/Nested", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock)
		for range 2 {
			w.do(l.Lock)
			w2.do(l.Lock)
		}
		for range 2 {
			w.do(l.Unlock)
			w.checkOn(tid)
		}
		w.checkLeaves(tid, l.Unlock)
		for range 2 {
			w2.do(l.Unlock)
			w2.checkOn(tid)
		}
		w2.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)
	})
	t.Run("Lock/LockedToOtherThread", func(t *testing.T) {
		l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w, w2, w3, w4 := newTLWorker(t), newTLWorker(t), newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		tid2 := w2.lock(runtime.LockOSThread)
		w3.checkJoins(tid2, w2.join)
		tid4 := w4.lock(l2.Lock)
		for _, w := range []*tlWorker{w2, w3, w4} {
			w.doPanic(tlLock, l.Lock)
			w.doPanic(tlUnlock, l.Unlock)
		}
		w.checkOn(tid)
		w2.checkOn(tid2)
		w3.checkOn(tid2)
		w4.checkOn(tid4)
		// One unlock each, as before.
		w3.checkLeaves(tid2, runtime.UnlockOSThread)
		w2.checkUnlocks(1, runtime.UnlockOSThread)
		w4.checkLeaves(tid4, l2.Unlock)
		waitThreadExit(t, tid4)
		w.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)
	})
	t.Run("Lock/HeldByLockOSThread", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(runtime.LockOSThread)
		w.checkJoins(tid, l.Lock)
		w2.checkJoins(tid, l.Lock)
		w.do(l.Unlock)
		w.checkOn(tid)
		w2.checkOn(tid)
		w2.checkLeaves(tid, l.Unlock)
		w.checkOn(tid)
	})
	t.Run("Lock/HoldsAnother", func(t *testing.T) {
		l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		// Even if the other is bound to the same thread.
		w2.checkJoins(tid, w.join)
		w2.checkJoins(tid, l2.Lock)
		w.doPanic(tlLock, l2.Lock)
		w2.doPanic(tlLock, l.Lock)
		w2.do(l2.Unlock)
		w.doPanic(tlLock, l2.Lock) // unbound now
		w.checkOn(tid)
		w2.checkOn(tid)
		w2.checkLeaves(tid, runtime.UnlockOSThread)
		w.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)
	})
	t.Run("Unlock/LastHold", func(t *testing.T) {
		for range 10 {
			l := runtime.MakeThreadLocker()
			w, w2 := newTLWorker(t), newTLWorker(t)
			tid := w.lock(l.Lock)
			w2.checkJoins(tid, l.Lock)
			w.checkLeaves(tid, l.Unlock) // w2 remains
			w2.checkOn(tid)
			w2.checkLeaves(tid, l.Unlock) // nobody remains
			waitThreadExit(t, tid)
		}
	})
	t.Run("Unlock/LockOSThreadStillHolds", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		w.do(runtime.LockOSThread)
		w.do(l.Unlock)
		w.checkOn(tid)
		w.doPanic(tlUnlock, l.Unlock)
		w.checkOn(tid)
		w.checkLeaves(tid, runtime.UnlockOSThread)
		waitThreadExit(t, tid)
	})
	t.Run("Unlock/NotHeld", func(t *testing.T) {
		l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, w.join) // on the thread, but no holder
		w2.doPanic(tlUnlock, l.Unlock)
		w2.checkOn(tid)
		tid3 := w3.lock(l2.Lock)
		w3.doPanic(tlUnlock, l.Unlock)
		w3.checkOn(tid3)
		w.doPanic(tlUnlock, l2.Unlock)
		w.checkOn(tid)
	})
	for _, how := range tlEnds {
		t.Run("HolderEnds/"+how.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
			tid := w.lock(l.Lock)
			w2.checkJoins(tid, l.Lock)
			w.do(l.Lock) // nested
			how.end(w)
			w.gone()
			w2.checkOn(tid)
			w3.checkJoins(tid, l.Lock)
			w3.checkLeaves(tid, l.Unlock)
			how.end(w2) // the last one
			w2.gone()
			waitThreadExit(t, tid)
			tid = w3.lock(l.Lock) // binds it afresh
			w3.checkLeaves(tid, l.Unlock)
			waitThreadExit(t, tid)
		})
	}
	t.Run("LastHolderLeaves/LockBindsAfresh", func(t *testing.T) {
		// Somebody else remains on the thread, so it exists all the while.
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(runtime.LockOSThread)
		w.do(l.Lock)
		w.do(l.Unlock)
		tid2 := w2.lock(l.Lock)
		if tid2 == tid {
			t.Fatalf("Lock went to thread %d, which the locker is no longer bound to", tid)
		}
		// It is bound elsewhere, so w cannot hold it.
		w.doPanic(tlLock, l.Lock)
		w2.checkOn(tid2)
		w.checkOn(tid)
		w2.checkLeaves(tid2, l.Unlock)
		waitThreadExit(t, tid2)
		w.checkOn(tid)
		// Now it can.
		w.checkJoins(tid, l.Lock)
		w2.checkJoins(tid, l.Lock)
		w2.checkLeaves(tid, l.Unlock)
		w.do(l.Unlock)
		w.checkOn(tid)
	})
	t.Run("LastHolderLeaves/ThreadExitsWhenNobodyIsLeft", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, w.join)
		w.checkLeaves(tid, l.Unlock)
		w2.checkOn(tid) // not a holder, but locked
		w2.checkLeaves(tid, runtime.UnlockOSThread)
		waitThreadExit(t, tid)
	})
	t.Run("SeveralOnOneThread", func(t *testing.T) {
		w := newTLWorker(t)
		tid := w.lock(runtime.LockOSThread)
		var ls []*runtime.ThreadLocker
		var ws []*tlWorker
		for range 3 {
			l := runtime.MakeThreadLocker()
			first, second := newTLWorker(t), newTLWorker(t)
			first.checkJoins(tid, w.join)
			first.checkJoins(tid, l.Lock)
			first.do(runtime.UnlockOSThread)
			second.checkJoins(tid, l.Lock)
			first.checkLeaves(tid, l.Unlock)
			ls = append(ls, l)
			ws = append(ws, second)
		}
		w.checkLeaves(tid, runtime.UnlockOSThread)
		for i, w := range ws {
			w.checkOn(tid)
			w.checkLeaves(tid, ls[i].Unlock)
		}
		waitThreadExit(t, tid)
	})
	t.Run("NoMutualExclusion", func(t *testing.T) {
		// Both are past Lock at the same time.
		l := runtime.MakeThreadLocker()
		a, b := make(chan int), make(chan int)
		w, w2 := newTLWorker(t), newTLWorker(t)
		w.start(func() {
			l.Lock()
			a <- 1
			<-b
			l.Unlock()
		})
		w2.start(func() {
			l.Lock()
			<-a
			b <- 1
			l.Unlock()
		})
		w.wait()
		w2.wait()
	})
}

func TestUnlockOSThread(t *testing.T) {
	t.Run("NoHoldLeft", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		w.do(runtime.UnlockOSThread)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock)
		for range 3 {
			w.do(runtime.UnlockOSThread)
			w.checkOn(tid)
		}
		w2.checkJoins(tid, func() {
			runtime.LockOSThread()
			runtime.UnlockOSThread()
			runtime.UnlockOSThread()
		})
		w.checkLeaves(tid, l.Unlock)
		w2.checkLeaves(tid, l.Unlock)
	})
	t.Run("OthersRemain", func(t *testing.T) {
		for _, h := range tlHolders {
			t.Run(h.name, func(t *testing.T) {
				w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
				unlock := h.lock(w)
				tid := w.tid()
				w2.checkJoins(tid, w.join)
				w3.checkJoins(tid, w2.join)
				w2.checkLeaves(tid, runtime.UnlockOSThread)
				w.checkLeaves(tid, unlock)
				w3.checkOn(tid)
				w2.checkJoins(tid, w3.join)
				w3.checkLeaves(tid, runtime.UnlockOSThread)
				w2.checkOn(tid)
			})
		}
	})
	// The thread returns to the pool: nothing moves the goroutine away. As the
	// scheduler may do so right then, one match in many tries must do.
	stays := func(t *testing.T, lock func(w *tlWorker)) {
		for range 100 {
			w := newTLWorker(t)
			lock(w)
			tid, after := w.tid(), 0
			w.do(func() {
				runtime.UnlockOSThread()
				after = syscall.Gettid()
			})
			w.checkLocked(false)
			if after == tid {
				if !threadExists(t, tid) {
					t.Fatalf("thread %d has exited", tid)
				}
				return
			}
		}
		t.Error("UnlockOSThread always moves the caller to another thread")
	}
	t.Run("NobodyLeft/Plain", func(t *testing.T) {
		stays(t, func(w *tlWorker) { w.do(runtime.LockOSThread) })
	})
	t.Run("NobodyLeft/Joined", func(t *testing.T) {
		stays(t, func(w *tlWorker) {
			w2 := newTLWorker(t)
			tid := w2.lock(runtime.LockOSThread)
			w.checkJoins(tid, w2.join)
			w2.checkLeaves(tid, runtime.UnlockOSThread)
		})
	})
	t.Run("NobodyLeft/LockHasPanicked", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		newTLWorker(t).do(l.Lock)
		stays(t, func(w *tlWorker) {
			w2 := newTLWorker(t)
			tid := w2.lock(runtime.LockOSThread)
			w.checkJoins(tid, w2.join)
			w.doPanic(tlLock, l.Lock)
			w2.checkLeaves(tid, runtime.UnlockOSThread)
		})
	})
	t.Run("NobodyLeft/Tainted", func(t *testing.T) {
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(runtime.LockOSThread)
		w2.checkJoins(tid, w.join)
		w.end()
		w.gone()
		w2.checkOn(tid)
		w2.checkLeaves(tid, runtime.UnlockOSThread)
		waitThreadExit(t, tid)
	})
	t.Run("NobodyLeft/LockerWasBound", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(runtime.LockOSThread)
		w.do(l.Lock)
		w.do(l.Unlock)
		w.checkOn(tid)
		w.checkLeaves(tid, runtime.UnlockOSThread)
		waitThreadExit(t, tid)

		// Also if those who used it have long left.
		w2 := newTLWorker(t)
		tid = w.lock(l.Lock)
		w2.checkJoins(tid, w.join)
		w.checkLeaves(tid, l.Unlock)
		w.checkJoins(tid, w2.join)
		w2.checkLeaves(tid, runtime.UnlockOSThread)
		w.checkLeaves(tid, runtime.UnlockOSThread)
		waitThreadExit(t, tid)
	})
}

// TestDedicatedThread tests what is common to all ways of sharing a thread.
func TestDedicatedThread(t *testing.T) {
	t.Run("RunsOnlyLocked", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		idle, idle2 := newTLWorker(t), newTLWorker(t)
		tid := idle.lock(l.Lock)
		idle2.checkJoins(tid, idle.join)
		tid2 := newTLWorker(t).lock(runtime.LockOSThread)
		checkNoGuests(t, tid, tid2)
		// While one of them is in a system call ...
		release := idle.stall()
		checkNoGuests(t, tid, tid2)
		release()
		// ... and while they are busy.
		var stop atomic.Bool
		idle.start(func() {
			for !stop.Load() {
				tlSpin()
			}
		})
		idle2.start(func() {
			for !stop.Load() {
				runtime.Gosched()
			}
		})
		checkNoGuests(t, tid, tid2)
		stop.Store(true)
		idle.wait()
		idle2.wait()
	})
	for _, how := range tlEnds {
		t.Run("Taint/"+how.name, func(t *testing.T) {
			// A goroutine that ends held by LockOSThread taints the thread, which
			// can be joined, until no locked goroutine is left.
			w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
			tid := w.lock(runtime.LockOSThread)
			w2.checkJoins(tid, w.join)
			how.end(w)
			w.gone()
			w2.checkOn(tid)
			w3.checkJoins(tid, w2.join)
			checkNoGuests(t, tid)
			w2.checkLeaves(tid, runtime.UnlockOSThread)
			w3.checkOn(tid)
			w2.checkJoins(tid, w3.join)
			w3.checkLeaves(tid, runtime.UnlockOSThread)
			w2.checkLeaves(tid, runtime.UnlockOSThread)
			waitThreadExit(t, tid)
		})
		t.Run("TaintUnderLocker/"+how.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
			tid := w.lock(l.Lock)
			w2.checkJoins(tid, l.Lock)
			w.do(runtime.LockOSThread)
			how.end(w)
			w.gone()
			w2.checkOn(tid)
			w3.checkJoins(tid, l.Lock)
			w2.checkLeaves(tid, l.Unlock)
			w3.checkOn(tid)
			how.end(w3)
			waitThreadExit(t, tid)
		})
		t.Run("TaintAll/"+how.name, func(t *testing.T) {
			w := newTLWorker(t)
			tid := w.lock(runtime.LockOSThread)
			ws := []*tlWorker{w}
			for range 3 {
				w := newTLWorker(t)
				w.checkJoins(tid, ws[len(ws)-1].join)
				ws = append(ws, w)
			}
			for i, w := range ws {
				how.end(w)
				w.gone()
				for _, w := range ws[i+1:] {
					w.checkOn(tid)
				}
			}
			waitThreadExit(t, tid)
		})
	}

	// A joiner holds before it first runs, so the thread cannot exit under it.
	for _, leave := range []struct {
		name string
		f    func(l *runtime.ThreadLocker)
	}{
		{"Unlock", (*runtime.ThreadLocker).Unlock},
		{"Goexit", func(*runtime.ThreadLocker) { runtime.Goexit() }},
	} {
		t.Run("JoinIsAtomic/Lock/"+leave.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
			tid := w.lock(l.Lock)
			release := w.stallThen(func() { leave.f(l) })
			on := 0
			w2.start(func() {
				l.Lock()
				on = syscall.Gettid()
			})
			w2.waitQueued()
			release()
			w2.wait()
			if on != tid {
				t.Fatalf("goroutine runs on thread %d, want %d", on, tid)
			}
			w2.checkOn(tid)
			w3.checkJoins(tid, l.Lock) // still bound there
			w2.checkLeaves(tid, l.Unlock)
			w3.checkLeaves(tid, l.Unlock)
			waitThreadExit(t, tid)
		})
		t.Run("JoinIsAtomic/LockToRecvOSThread/"+leave.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			r := newTLWorker(t)
			tid := r.lock(l.Lock)
			ch := make(chan int, 1)
			ws := tlWaiters(t, 3, ch)
			ch <- 1
			r.do(func() {
				<-ch
				leave.f(l)
			})
			for _, w := range ws {
				w.wait()
				w.checkOn(tid)
			}
			for _, w := range ws {
				w.checkLeaves(tid, runtime.UnlockOSThread)
			}
			waitThreadExit(t, tid)
		})
	}
	t.Run("JoinIsAtomic/LockToRecvOSThread/UnlockOSThread", func(t *testing.T) {
		r := newTLWorker(t)
		tid := r.lock(runtime.LockOSThread)
		ch := make(chan int, 1)
		w := tlWaiters(t, 1, ch)[0]
		ch <- 1
		on := 0
		r.do(func() {
			<-ch
			runtime.UnlockOSThread()
			on = syscall.Gettid()
		})
		if on == tid {
			t.Fatalf("receiver is still on thread %d, which is another's now", tid)
		}
		w.wait()
		w.checkOn(tid)
		checkNoGuests(t, tid)
	})

	t.Run("StartedGoroutinesAreNotLocked", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, w.join)
		for _, w := range []*tlWorker{w, w2} {
			w.do(func() {
				var wg sync.WaitGroup
				for range 10 {
					wg.Go(func() {
						for range 10 {
							if syscall.Gettid() == tid {
								t.Error("goroutine runs on the thread of the one that started it")
							}
							runtime.Gosched()
						}
					})
				}
				// Timers that run here start goroutines, too.
				for range 10 {
					wg.Add(1)
					time.AfterFunc(time.Microsecond, func() {
						defer wg.Done()
						if syscall.Gettid() == tid {
							t.Error("timer function runs on a dedicated thread")
						}
					})
				}
				runtime.Gosched()
				wg.Wait()
			})
		}
	})

	t.Run("StaysThere", func(t *testing.T) {
		// Whatever a locked goroutine waits for, it comes back to its thread.
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, w.join)
		run := func() {
			for _, step := range tlSteps {
				step.f()
				tlCheckTID(t, "after "+step.name, tid)
			}
		}
		w.start(run)
		w2.start(run)
		w.wait()
		w2.wait()
		w.checkOn(tid)
		w2.checkOn(tid)
	})

	t.Run("PanicsChangeNothing", func(t *testing.T) {
		l, other := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(runtime.LockOSThread) // begins no exclusive section
		w.do(l.Lock)
		w.do(l.Lock)
		w2.checkJoins(tid, l.Lock)
		closed := make(chan int)
		close(closed)
		var zero runtime.ThreadLocker
		for _, f := range []struct {
			name string
			f    func()
		}{
			{lockToRecv, func() { runtime.LockToRecvOSThread[int](nil) }},
			{lockToRecv, func() { runtime.LockToRecvOSThread(closed) }},
			{lockToRecv, func() { runtime.LockToRecvOSThread(make(chan int)) }},
			{lockToRecv, w2.join},
			{tlLock, other.Lock},
			{tlUnlock, other.Unlock},
			{tlLock, func() { zero.Lock() }},
			{tlUnlock, func() { zero.Unlock() }},
		} {
			w.doPanic(f.name, f.f)
			w.checkOn(tid)
			w2.checkOn(tid)
		}
		w.do(l.Unlock)
		w.do(runtime.UnlockOSThread)
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
		w2.checkOn(tid)
		w2.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)
	})

	t.Run("SynctestWaitsForTurn", func(t *testing.T) {
		// A goroutine that waits for its turn on a thread could run: it does
		// not block, durably or otherwise.
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		release := w.stall()
		ids := make(chan string, 2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			synctest.Test(t, func(t *testing.T) {
				ids <- tlID()
				on := 0
				go func() {
					ids <- tlID()
					l.Lock()
					on = syscall.Gettid()
					l.Unlock()
				}()
				synctest.Wait()
				if on != tid {
					t.Errorf("synctest.Wait returned when the goroutine was on thread %d, want %d", on, tid)
				}
			})
		}()
		root, joiner := <-ids, <-ids
		tlPoll(t, "the bubble to wait", func() bool {
			s := tlStates(root, joiner)
			return isState(s[0], "synctest.Wait") && isState(s[1], "runnable") && isLocked(s[1])
		})
		release()
		<-done
	})
}

// TestThreadLockerSynctestShares has goroutines of two bubbles share a thread with
// each other and with one that is in no bubble.
func TestThreadLockerSynctestShares(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 3)
		var stop atomic.Bool
		var turns atomic.Int64
		hogs[0].run(ws, &stop, &turns)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				synctest.Test(t, func(t *testing.T) {
					const rounds = 100
					start := time.Now()
					ch := make(chan int)
					var got atomic.Int64 // to sleep does not order memory accesses
					go func() {
						l.Lock()
						defer l.Unlock()
						defer close(ch)
						for i := range rounds {
							ch <- i
							if i%10 == 0 {
								time.Sleep(time.Hour)
							}
							tlCheckTID(t, "sender", tid)
						}
					}()
					go func() {
						l.Lock()
						defer l.Unlock()
						for range ch {
							got.Add(1)
							tlCheckTID(t, "receiver", tid)
						}
					}()
					for i := range rounds / 10 {
						// Returns when they wait for time to pass.
						synctest.Wait()
						if got, want := got.Load(), int64(i*10+1); got != want {
							t.Errorf("%d values when the bubble is idle, want %d", got, want)
						}
						time.Sleep(time.Hour)
					}
					synctest.Wait()
					if got := got.Load(); got != rounds {
						t.Errorf("%d values, want %d", got, rounds)
					}
					if d := time.Since(start); d != rounds/10*time.Hour {
						t.Errorf("it took %v, want %v", d, rounds/10*time.Hour)
					}
				})
			})
		}
		wg.Wait()
		stop.Store(true)
		tlWaitAll(ws[:2]...)
		for _, w := range ws {
			w.checkOn(tid)
		}
	})
}

// tlSteps are things that make a goroutine wait or call the scheduler.
var tlSteps = []struct {
	name string
	f    func()
}{
	{"Gosched", runtime.Gosched},
	{"GC", runtime.GC},
	{"ReadMemStats", func() { runtime.ReadMemStats(new(runtime.MemStats)) }},
	{"Stack", func() { tlDump() }},
	{"Sleep", func() { time.Sleep(time.Microsecond) }},
	{"timer channel", func() { <-time.After(time.Microsecond) }},
	{"unbuffered receive", func() {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}},
	{"unbuffered send", func() {
		c := make(chan int)
		go func() { <-c }()
		c <- 1
	}},
	{"select", func() {
		c, d := make(chan int), make(chan int)
		go func() { c <- 1 }()
		select {
		case <-c:
		case <-d:
		}
	}},
	{"closed while receiving", func() {
		c := make(chan int)
		go func() { close(c) }()
		<-c
	}},
	{"WaitGroup", func() {
		var wg sync.WaitGroup
		wg.Go(runtime.Gosched)
		wg.Wait()
	}},
	{"Mutex", func() {
		var mu sync.Mutex
		locked := make(chan bool)
		go func() {
			mu.Lock()
			locked <- true
			runtime.Gosched()
			mu.Unlock()
		}()
		<-locked
		mu.Lock()
		mu.Unlock()
	}},
	{"RWMutex", func() {
		var mu sync.RWMutex
		locked := make(chan bool)
		go func() {
			mu.Lock()
			locked <- true
			runtime.Gosched()
			mu.Unlock()
		}()
		<-locked
		mu.RLock()
		mu.RUnlock()
	}},
	{"Cond", func() {
		var mu sync.Mutex
		cond := sync.NewCond(&mu)
		mu.Lock()
		go func() {
			mu.Lock()
			cond.Broadcast()
			mu.Unlock()
		}()
		cond.Wait()
		mu.Unlock()
	}},
	{"Once", func() {
		var once sync.Once
		in, out := make(chan bool), make(chan bool)
		go once.Do(func() {
			in <- true
			<-out
		})
		<-in
		go func() { close(out) }()
		once.Do(func() {})
	}},
	{"pipe", func() {
		r, w, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		go func() {
			w.Write([]byte("x"))
			w.Close()
		}()
		io.ReadAll(r)
		r.Close()
	}},
	{"read deadline", func() {
		r, w, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		r.SetReadDeadline(time.Now().Add(time.Microsecond))
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			panic(err)
		}
		r.Close()
		w.Close()
	}},
	{"blocking system call", func() {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			panic(err)
		}
		go syscall.Write(p[1], []byte("x"))
		syscall.Read(p[0], make([]byte, 1))
		syscall.Close(p[0])
		syscall.Close(p[1])
	}},
	{"process start", func() {
		// Also takes and drops a hold of its own.
		runtime.LockOSThread()
		if p, err := os.StartProcess("/proc/self/exe", []string{"runtime.test", "-test.run=^$"}, &os.ProcAttr{}); err == nil {
			p.Wait()
		}
		runtime.UnlockOSThread()
	}},
	{"stack growth", func() { tlGrow(100) }},
	{"garbage", func() {
		for range 100 {
			runtime.KeepAlive(bytes.Repeat([]byte("x"), 10<<10))
		}
	}},
	{"iter.Pull", func() {
		next, stop := iter.Pull(tlCount(3))
		next()
		next()
		stop()
	}},
	{"panic", func() {
		defer func() { recover() }()
		panic("a test")
	}},
	{"GOMAXPROCS", func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)) }},
}

//go:noinline
func tlGrow(n int) byte {
	var buf [1000]byte
	if n > 0 {
		buf[n] = tlGrow(n - 1)
	}
	return buf[n/2]
}

func tlCount(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// TestThreadLockerCoro tests that a coroutine's body stands in
// for the locked goroutine that enters it.
func TestThreadLockerCoro(t *testing.T) {
	for _, h := range tlHolders {
		t.Run("Body/"+h.name, func(t *testing.T) {
			w, w2, w3 := newTLWorker(t), newTLWorker(t), newTLWorker(t)
			unlock := h.lock(w)
			tid := w.tid()
			w2.checkJoins(tid, w.join)
			body := func(yield func(int) bool) {
				for i := range 5 {
					tlCheckTID(t, "body", tid)
					runtime.Gosched()
					tlCheckTID(t, "body after Gosched", tid)
					w3.do(func() {}) // blocks
					tlCheckTID(t, "body after blocking", tid)
					if !yield(i) {
						return
					}
				}
			}
			pull := func(n int) {
				next, stop := iter.Pull(body)
				defer stop()
				for i := range n {
					v, ok := next()
					tlCheckTID(t, "caller", tid)
					if ok != (i < 5) || ok && v != i {
						t.Errorf("next returned %d, %v, want %d", v, ok, i)
					}
				}
			}
			for n := range 7 {
				// Not entered, stopped early, and up to its end.
				w.do(func() { pull(n) })
				// The body's end is not w's end.
				w.checkOn(tid)
				w2.checkOn(tid)
			}
			// w2, alone on the thread later, counts as before, too.
			w.checkLeaves(tid, unlock)
			w2.do(func() { pull(3) })
			w2.checkOn(tid)
			w.checkJoins(tid, w2.join)
			w2.checkLeaves(tid, runtime.UnlockOSThread)
			w.checkOn(tid)
		})
	}
	t.Run("BodyEndIsNoEnd", func(t *testing.T) {
		// Alone on the thread, so that it would exit.
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w.do(l.Lock)
		w.do(func() {
			for i := range tlPull(tlCount(10)) {
				_ = i
				tlCheckTID(t, "caller", tid)
			}
		})
		w.checkOn(tid)
		w2.checkJoins(tid, l.Lock)
		w2.checkLeaves(tid, l.Unlock)
		w.do(l.Unlock)
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
		w.doPanic(tlUnlock, l.Unlock)
		waitThreadExit(t, tid)
	})
	t.Run("BodyIsNoTaint", func(t *testing.T) {
		// LockOSThread holds the body when it ends. The thread returns to the
		// pool nevertheless. See "NobodyLeft" in TestUnlockOSThread.
		for range 1000 {
			w := newTLWorker(t)
			tid := w.lock(runtime.LockOSThread)
			w.do(func() {
				for range tlPull(tlCount(3)) {
				}
			})
			after := 0
			w.do(func() {
				runtime.UnlockOSThread()
				after = syscall.Gettid()
			})
			if after == tid {
				return
			}
		}
		t.Error("a coroutine's end taints the thread")
	})
	t.Run("BodyIsHolder", func(t *testing.T) {
		// The body can do all that the goroutine could.
		l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock)
		panics := func(name string, f func()) {
			defer func() {
				if e := recover(); e == nil || !strings.HasPrefix(fmt.Sprint(e), "runtime."+name+": ") {
					t.Errorf("%s in a coroutine: recovered %v", name, e)
				}
			}()
			f()
		}
		w.do(func() {
			next, stop := iter.Pull(func(yield func(int) bool) {
				for {
					l.Lock() // nests
					tlCheckTID(t, "body", tid)
					l.Unlock()
					tlCheckTID(t, "body after Unlock", tid)
					panics(tlLock, l2.Lock)
					panics(tlUnlock, l2.Unlock)
					panics(lockToRecv, w2.join)
					runtime.LockOSThread()
					runtime.UnlockOSThread()
					tlCheckTID(t, "body after UnlockOSThread", tid)
					if !yield(1) {
						return
					}
				}
			})
			next()
			tlCheckTID(t, "caller", tid)
			next()
			tlCheckTID(t, "caller", tid)
			stop()
			tlCheckTID(t, "caller after stop", tid)
		})
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
	})
	t.Run("BodyUnlocksAndLocks", func(t *testing.T) {
		// What counts is what is held when the coroutine is resumed.
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock) // keeps l bound
		w.do(func() {
			for range tlPull(func(yield func(int) bool) {
				for range 3 {
					l.Unlock()
					if syscall.Gettid() == tid {
						t.Errorf("body still on thread %d after Unlock", tid)
					}
					l.Lock()
					tlCheckTID(t, "body after Lock", tid)
					if !yield(1) {
						return
					}
				}
			}) {
				tlCheckTID(t, "caller", tid)
			}
		})
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
		w2.checkOn(tid)
	})
	t.Run("BodyPanics", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		w.do(func() {
			next, stop := iter.Pull(func(yield func(int) bool) {
				yield(1)
				panic("a test")
			})
			defer stop()
			next()
			func() {
				defer func() {
					if e := recover(); e != "a test" {
						t.Errorf("recovered %v", e)
					}
					tlCheckTID(t, "caller", tid)
				}()
				next()
			}()
		})
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
		waitThreadExit(t, tid)
	})
	t.Run("BodyGoexit", func(t *testing.T) {
		// Goexit in the body is passed on to the caller, which is a holder's end.
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		w.do(func() {
			next, _ := iter.Pull(func(yield func(int) bool) { runtime.Goexit() })
			next()
			t.Error("next returned after Goexit")
		})
		w.gone()
		waitThreadExit(t, tid)
	})
	t.Run("Nested", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.checkJoins(tid, l.Lock)
		w.do(func() {
			n := 0
			for range tlPull(tlPull(tlPull(func(yield func(int) bool) {
				for range 5 {
					runtime.Gosched()
					tlCheckTID(t, "innermost body", tid)
					if !yield(1) {
						return
					}
				}
			}))) {
				tlCheckTID(t, "caller", tid)
				n++
			}
			if n != 5 {
				t.Errorf("got %d values, want 5", n)
			}
		})
		w.checkOn(tid)
		w.checkLeaves(tid, l.Unlock)
		w2.checkOn(tid)
	})
	t.Run("UnlockedCreatorAndCaller", func(t *testing.T) {
		// Coroutines of unlocked goroutines may lock in between.
		l := runtime.MakeThreadLocker()
		w, w2 := newTLWorker(t), newTLWorker(t)
		tid := w.lock(l.Lock)
		w2.do(func() {
			for range tlPull(func(yield func(int) bool) {
				for range 3 {
					l.Lock()
					tlCheckTID(t, "body", tid)
					l.Unlock()
					if !yield(1) {
						return
					}
				}
			}) {
				l.Lock()
				tlCheckTID(t, "caller", tid)
				l.Unlock()
			}
		})
		w2.checkLocked(false)
		w.checkOn(tid)
	})
	t.Run("ManyAtOnce", func(t *testing.T) {
		// Several goroutines of a thread in coroutines at the same time.
		l := runtime.MakeThreadLocker()
		w := newTLWorker(t)
		tid := w.lock(l.Lock)
		ws := []*tlWorker{w}
		for range 3 {
			w := newTLWorker(t)
			w.checkJoins(tid, l.Lock)
			ws = append(ws, w)
		}
		for _, w := range ws {
			w.start(func() {
				n := 0
				for range tlPull(func(yield func(int) bool) {
					for range 50 {
						runtime.Gosched()
						tlCheckTID(t, "body", tid)
						if !yield(1) {
							return
						}
					}
				}) {
					runtime.Gosched()
					tlCheckTID(t, "caller", tid)
					n++
				}
				if n != 50 {
					t.Errorf("got %d values, want 50", n)
				}
			})
		}
		for _, w := range ws {
			w.wait()
			w.checkOn(tid)
		}
		for _, w := range ws {
			w.checkLeaves(tid, l.Unlock)
		}
		waitThreadExit(t, tid)
	})
}

// tlPull returns a sequence that gets its values from seq by iter.Pull.
func tlPull(seq iter.Seq[int]) iter.Seq[int] {
	return func(yield func(int) bool) {
		next, stop := iter.Pull(seq)
		defer stop()
		for {
			v, ok := next()
			if !ok || !yield(v) {
				return
			}
		}
	}
}

// forProcs runs f with several values of GOMAXPROCS.
func forProcs(t *testing.T, f func(t *testing.T)) {
	for _, n := range []int{1, 2, 4} {
		t.Run(fmt.Sprintf("GOMAXPROCS=%d", n), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
			f(t)
		})
	}
}

// tlGroup returns n workers that share a thread through l.
func tlGroup(t *testing.T, l *runtime.ThreadLocker, n int) (tid int, ws []*tlWorker) {
	t.Helper()
	w := newTLWorker(t)
	tid = w.lock(l.Lock)
	ws = append(ws, w)
	for range n - 1 {
		w := newTLWorker(t)
		w.checkJoins(tid, l.Lock)
		ws = append(ws, w)
	}
	return tid, ws
}

// TestDedicatedThreadFIFO tests that goroutines of a thread run in the order
// in which they became runnable.
func TestDedicatedThreadFIFO(t *testing.T) {
	try := func(t *testing.T) bool {
		l := runtime.MakeThreadLocker()
		_, ws := tlGroup(t, l, 11)
		for _, w := range ws {
			w.idle()
		}
		release := ws[0].stall()
		var mu sync.Mutex
		var got, want []int
		for i := range 20 {
			want = append(want, i)
			record := func() {
				mu.Lock()
				got = append(got, i)
				mu.Unlock()
			}
			if i%2 == 0 {
				// One that is woken up.
				ws[1+i/2].start(record)
				continue
			}
			// One that joins.
			w := newTLWorker(t)
			w.start(func() {
				l.Lock()
				record()
			})
			w.waitQueued()
			ws = append(ws, w)
		}
		release()
		tlWaitAll(ws[1:]...)
		if !slices.Equal(got, want) {
			t.Logf("ran in order %v", got)
			return false
		}
		return true
	}
	forProcs(t, func(t *testing.T) {
		// Preemption can send one that has not come far to the end of the queue.
		for range 5 {
			if try(t) {
				return
			}
		}
		t.Error("goroutines of a thread do not run in the order in which they became runnable")
	})
}

// TestDedicatedThreadPreempt tests that a goroutine that does not block is
// preempted for others of its thread.
func TestDedicatedThreadPreempt(t *testing.T) {
	run := func(t *testing.T, spin func(turn *atomic.Int32, mine int32)) {
		const n, rounds = 3, 3
		forProcs(t, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			tid, ws := tlGroup(t, l, n)
			var turn atomic.Int32
			for i, w := range ws {
				w.start(func() {
					for r := range rounds {
						spin(&turn, int32(r*n+i))
						tlCheckTID(t, "worker", tid)
						turn.Add(1)
					}
				})
			}
			tlWaitAll(ws...)
		})
	}
	t.Run("Calls", func(t *testing.T) {
		run(t, func(turn *atomic.Int32, mine int32) {
			for turn.Load() != mine {
				tlSpin()
			}
		})
	})
	t.Run("NoCalls", func(t *testing.T) {
		if env := os.Getenv("GODEBUG"); strings.Contains(env, "asyncpreemptoff=1") || strings.Contains(env, "gccheckmark=1") {
			t.Skip("asynchronous preemption is off")
		}
		run(t, func(turn *atomic.Int32, mine int32) {
			for turn.Load() != mine {
			}
		})
	})
	t.Run("Gosched", func(t *testing.T) {
		run(t, func(turn *atomic.Int32, mine int32) {
			for turn.Load() != mine {
				runtime.Gosched()
			}
		})
	})
	t.Run("ForJoiner", func(t *testing.T) {
		forProcs(t, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			_, ws := tlGroup(t, l, 1)
			var stop atomic.Bool
			ws[0].start(func() {
				for !stop.Load() {
					tlSpin()
				}
			})
			w := newTLWorker(t)
			w.do(l.Lock)
			stop.Store(true)
			ws[0].wait()
		})
	})
}

// hogs are goroutines of one thread that always have work until stop is set.
var hogs = []struct {
	name string
	run  func(ws []*tlWorker, stop *atomic.Bool, steps *atomic.Int64)
}{
	{"Ping", func(ws []*tlWorker, stop *atomic.Bool, steps *atomic.Int64) {
		ch := make(chan int)
		ws[0].start(func() {
			for !stop.Load() {
				ch <- 1
			}
			close(ch)
		})
		ws[1].start(func() {
			for range ch {
				steps.Add(1)
			}
		})
	}},
	{"Gosched", func(ws []*tlWorker, stop *atomic.Bool, steps *atomic.Int64) {
		for _, w := range ws[:2] {
			w.start(func() {
				for !stop.Load() {
					runtime.Gosched()
					steps.Add(1)
				}
			})
		}
	}},
	{"Spin", func(ws []*tlWorker, stop *atomic.Bool, steps *atomic.Int64) {
		for _, w := range ws[:2] {
			w.start(func() {
				for !stop.Load() {
					tlSpin()
					steps.Add(1)
				}
			})
		}
	}},
	{"Garbage", func(ws []*tlWorker, stop *atomic.Bool, steps *atomic.Int64) {
		for _, w := range ws[:2] {
			w.start(func() {
				for !stop.Load() {
					s := make([][]byte, 10)
					for i := range s {
						s[i] = make([]byte, 1000)
					}
					runtime.KeepAlive(s)
					steps.Add(1)
				}
			})
		}
	}},
}

// TestDedicatedThreadFair tests that goroutines of one thread that always have
// work do not keep anything else from making progress.
func TestDedicatedThreadFair(t *testing.T) {
	tlSlow(t)
	for _, hog := range hogs {
		if testing.Short() && hog.name != "Spin" {
			continue // this takes hundreds of time slices
		}
		for _, procs := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/GOMAXPROCS=%d", hog.name, procs), func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				l := runtime.MakeThreadLocker()
				tid, ws := tlGroup(t, l, 3)
				var stop atomic.Bool
				var steps atomic.Int64
				hog.run(ws, &stop, &steps)
				// Not Fatal in between: the hogs must end.
				testFair(t, ws[2], tid, &steps)
				stop.Store(true)
				ws[0].wait()
				ws[1].wait()
			})
		}
	}
}

func testFair(t *testing.T, w *tlWorker, tid int, steps *atomic.Int64) {
	// The hogs themselves run.
	for n := steps.Load(); steps.Load() < n+10; {
		runtime.Gosched()
	}
	// Another goroutine of their thread.
	w.checkOn(tid)
	// Ordinary goroutines.
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(runtime.Gosched)
	}
	wg.Wait()
	// Other locked goroutines.
	w2 := newTLWorker(t)
	tid2 := w2.lock(runtime.LockOSThread)
	w2.checkOn(tid2)
	l := runtime.MakeThreadLocker()
	w2.checkJoins(tid2, l.Lock)
	w3 := newTLWorker(t)
	w3.checkJoins(tid2, l.Lock)
	w3.checkLeaves(tid2, l.Unlock)
	// Those that join and leave.
	w4 := newTLWorker(t)
	w4.checkJoins(tid, w.join)
	w4.checkLeaves(tid, runtime.UnlockOSThread)
	// Timers.
	time.Sleep(time.Microsecond)
	fired := make(chan bool)
	time.AfterFunc(time.Microsecond, func() { close(fired) })
	<-fired
	<-time.After(time.Microsecond)
	// The network poller.
	tlEcho(t, 1, func(f func()) { wg.Go(f) }, func(f func()) { wg.Go(f) })
	wg.Wait()
	// System calls.
	release := w2.stall()
	release()
	// Garbage collection, finalizers, cleanups.
	runtime.GC()
	finalized, cleaned := make(chan bool), make(chan bool)
	func() {
		type big struct{ p [100]*int }
		runtime.SetFinalizer(new(big), func(*big) { close(finalized) })
		runtime.AddCleanup(new(big), func(c chan bool) { close(c) }, cleaned)
	}()
	for finalized != nil || cleaned != nil {
		runtime.GC()
		select {
		case <-finalized:
			finalized = nil
		case <-cleaned:
			cleaned = nil
		default:
		}
	}
	// Stopping the world.
	runtime.ReadMemStats(new(runtime.MemStats))
	n := runtime.GOMAXPROCS(3)
	runtime.GOMAXPROCS(n)
	// And the hogs still run.
	for n := steps.Load(); steps.Load() < n+10; {
		runtime.Gosched()
	}
}

// TestDedicatedThreadTrace tests that goroutines of one thread that always have
// work let the reader of an execution trace run as soon as it is due.
func TestDedicatedThreadTrace(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this run of the tests is traced")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	_, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
	var stop atomic.Bool
	var steps atomic.Int64
	const buffers = 50
	var last int64
	n, prompt := 0, 0
	done := make(chan bool)
	err := trace.Start(&tlWriter{func(b []byte) (int, error) {
		// A reader that comes late finds many buffers, and no step between them.
		if now := steps.Load(); now > last && n < buffers {
			last = now
			prompt++
		}
		n++
		if n == buffers {
			close(done)
		}
		return len(b), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	hogs[0].run(ws, &stop, &steps)
	<-done
	stop.Store(true)
	trace.Stop()
	tlWaitAll(ws...)
	// Some come in one go, as a trace begins.
	if prompt < buffers/5 {
		t.Errorf("the reader ran only %d times to get %d buffers", prompt, buffers)
	}
}

type tlWriter struct{ write func(b []byte) (int, error) }

func (w *tlWriter) Write(b []byte) (int, error) { return w.write(b) }

// tlEcho has a client talk to a server over TCP. It runs the two by the given functions.
func tlEcho(t *testing.T, rounds int, runServer, runClient func(func())) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("cannot listen: %v", err)
	}
	runServer(func() {
		defer ln.Close()
		c, err := ln.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.Copy(c, c)
	})
	runClient(func() {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		for i := range rounds {
			msg := fmt.Append(nil, i)
			buf := make([]byte, len(msg))
			if _, err := c.Write(msg); err != nil {
				t.Error(err)
				return
			}
			if _, err := io.ReadFull(c, buf); err != nil || !bytes.Equal(buf, msg) {
				t.Errorf("read %q, %v, want %q", buf, err, msg)
				return
			}
		}
	})
}

func TestDedicatedThreadNet(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 2)
		ordinary := newTLWorker(t)
		for _, side := range []struct {
			name           string
			server, client *tlWorker
		}{
			{"Both", ws[0], ws[1]},
			{"Server", ws[0], ordinary},
			{"Client", ordinary, ws[0]},
		} {
			t.Run(side.name, func(t *testing.T) {
				tlEcho(t, 50, side.server.start, side.client.start)
				side.server.wait()
				side.client.wait()
			})
		}
		t.Run("Busy", func(t *testing.T) {
			// The thread that the poller finds a goroutine for always has work.
			_, hogging := tlGroup(t, runtime.MakeThreadLocker(), 3)
			var stop atomic.Bool
			var steps atomic.Int64
			hogs[0].run(hogging, &stop, &steps)
			tlEcho(t, 10, hogging[2].start, ordinary.start)
			hogging[2].wait()
			ordinary.wait()
			stop.Store(true)
			tlWaitAll(hogging[:2]...)
		})
		for _, w := range ws {
			w.checkOn(tid)
		}
	})
}

// sleeps returns how often w's thread has given up its CPU by itself.
func (w *tlWorker) sleeps(t *testing.T) (n int64) {
	t.Helper()
	w.do(func() {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
			t.Error(err)
		}
		n = int64(u.Nvcsw)
	})
	return n
}

// TestDedicatedThreadScan tests that a thread whose only goroutine is suspended to have its
// stack scanned does not go to sleep, and does not begin a new time slice, which would keep
// others waiting.
func TestDedicatedThreadScan(t *testing.T) {
	if runtime.NumCPU() == 1 {
		t.Skip("nothing spins on one CPU")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, h := range tlHolders {
		t.Run(h.name, func(t *testing.T) {
			w := newTLWorker(t)
			h.lock(w)
			// On a busy machine who scans may lose its CPU, and the thread sleeps
			// for good reason. So one of many tries is enough.
			for range 100 {
				const rounds = 20
				sleeps, slices := scanRounds(t, w, rounds)
				if sleeps < rounds/2 && slices < rounds/2 {
					return
				}
				t.Logf("in %d rounds: slept %d times, %d time slices", rounds, sleeps, slices)
			}
			t.Error("a scan costs more than a scan")
		})
	}
}

// scanRounds suspends w, which is alone on its thread, and returns what that has
// led to.
func scanRounds(t *testing.T, w *tlWorker, rounds int) (sleeps int64, slices int) {
	var gp *runtime.G
	w.do(func() { gp = runtime.Getg() })
	sleeps = -w.sleeps(t)
	var stop atomic.Bool
	var steps atomic.Int64
	w.start(func() {
		tick := runtime.Schedtick()
		for !stop.Load() {
			if now := runtime.Schedtick(); now != tick {
				tick = now
				slices++
			}
			tlSpin()
			steps.Add(1)
		}
	})
	for range rounds {
		// Suspended where it runs, not where it was the last time.
		for n := steps.Load(); steps.Load() == n; {
			tlSpin()
		}
		runtime.SuspendLocked(gp)
	}
	stop.Store(true)
	w.wait()
	return sleeps + w.sleeps(t), slices
}

// TestDedicatedThreadOwnFiles tests that the thread of a goroutine that shares it with none
// can have a file table of its own, without what the runtime has opened.
func TestDedicatedThreadOwnFiles(t *testing.T) {
	for _, h := range []struct {
		name string
		lock func(w *tlWorker)
	}{
		{"LockOSThread", func(w *tlWorker) { w.do(runtime.LockOSThread) }},
		{"ThreadLocker", func(w *tlWorker) { w.do(runtime.MakeThreadLocker().Lock) }},
		{"JoinerLeft", func(w *tlWorker) {
			w.do(runtime.LockOSThread)
			joiner := newTLWorker(t)
			joiner.do(w.join)
			joiner.do(runtime.UnlockOSThread)
		}},
	} {
		t.Run(h.name, func(t *testing.T) {
			other := newTLWorker(t)
			pipe := newTLPipe(t)
			other.start(func() { pipe.read(t) }) // somebody waits for the poller
			for range 20 {
				w := newTLWorker(t)
				h.lock(w)
				p := newTLPipe(t)
				w.do(func() {
					conn, err := p.r.SyscallConn()
					if err == nil {
						err = syscall.Unshare(syscall.CLONE_FILES)
					}
					if err == nil {
						err = conn.Control(func(own uintptr) {
							for fd := range 256 {
								if fd != int(own) {
									syscall.Close(fd)
								}
							}
						})
					}
					if err != nil {
						t.Error(err)
					}
				})
				w.do(func() {})
				w.start(func() { p.read(t) })
				p.write(t)
				w.wait()
				w.end()
			}
			pipe.write(t)
			other.wait()
		})
	}
}

// TestDedicatedThreadStrange tests that a shared thread can have a file table or a filter
// of system calls of its own, too. The programs are in
// testdata/testprog/threadlocker_strange_linux.go.
func TestDedicatedThreadStrange(t *testing.T) {
	exe, err := buildTestProg(t, "testprog")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OwnFiles", "OwnEpolls", "NoEpollKill", "NoEpollErrno"} {
		for _, procs := range []string{"1", "2", "4"} {
			t.Run(name+","+procs, func(t *testing.T) {
				t.Parallel()
				got := runBuiltTestProg(t, exe, "ThreadLocker"+name, "GOMAXPROCS="+procs)
				if why, ok := strings.CutPrefix(got, "SKIP: "); ok {
					t.Skip(why)
				}
				if got != "OK\n" {
					t.Errorf("got:\n%s", got)
				}
			})
		}
	}
}

// A tlPipe is a pipe of the operating system's, read and written by the byte.
type tlPipe struct{ r, w *os.File }

func newTLPipe(t *testing.T) tlPipe {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return tlPipe{r, w}
}

// read reports false at the end of what is written.
func (p tlPipe) read(t *testing.T) bool {
	var b [1]byte
	_, err := p.r.Read(b[:])
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	return err == nil
}

func (p tlPipe) write(t *testing.T) {
	if _, err := p.w.Write([]byte{0}); err != nil {
		t.Error(err)
	}
}

// TestDedicatedThreadGosched tests that Gosched of a locked goroutine with no
// other runnable on its thread lets other goroutines run at once.
func TestDedicatedThreadGosched(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := runtime.MakeThreadLocker()
	_, ws := tlGroup(t, l, 2)
	for range 10 {
		var n int
		ws[0].do(func() {
			var done atomic.Bool
			go func() { done.Store(true) }()
			for n = 0; !done.Load(); n++ {
				runtime.Gosched()
			}
		})
		// Far fewer than what fits into a time slice.
		// Other goroutines of the runtime may come first.
		if n > 1000 {
			t.Errorf("a new goroutine first ran after %d calls of Gosched", n)
		}
	}
}

// TestDedicatedThreadHandoff tests that a semaphore handed over by a locked
// goroutine to one that is not on its thread lets that one run at once.
func TestDedicatedThreadHandoff(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	_, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
	handoff := func() (n int) {
		var sema uint32
		var got atomic.Bool
		go func() {
			runtime.Semacquire(&sema)
			got.Store(true)
		}()
		for runtime.SemNwait(&sema) == 0 {
			runtime.Gosched()
		}
		runtime.Semrelease1(&sema, true, 0)
		for !got.Load() {
			tlSpin()
			n++
		}
		return n
	}
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprintf("OthersAreRunnable=%v", busy), func(t *testing.T) {
			var stop atomic.Bool
			ws[1].start(func() {
				for busy && !stop.Load() {
					runtime.Gosched()
				}
			})
			for range 10 {
				var n int
				ws[0].do(func() { n = handoff() })
				// As in TestDedicatedThreadGosched.
				if n > 1000 {
					t.Errorf("the semaphore's new holder first ran after %d calls of a function", n)
				}
			}
			stop.Store(true)
			ws[1].wait()
		})
	}
}

// TestDedicatedThreadMutex tests mutexes between goroutines of a thread,
// and between them and others.
func TestDedicatedThreadMutex(t *testing.T) {
	run := func(t *testing.T, ws []*tlWorker, critical func()) {
		var mu sync.Mutex
		const rounds = 100
		count := 0
		for _, w := range ws {
			w.start(func() {
				for range rounds {
					mu.Lock()
					n := count
					critical()
					count = n + 1
					mu.Unlock()
				}
			})
		}
		tlWaitAll(ws...)
		if want := rounds * len(ws); count != want {
			t.Errorf("counted %d, want %d", count, want)
		}
	}
	forProcs(t, func(t *testing.T) {
		_, ws := tlGroup(t, runtime.MakeThreadLocker(), 3)
		_, ws2 := tlGroup(t, runtime.MakeThreadLocker(), 3)
		var ws3 []*tlWorker
		for range 3 {
			ws3 = append(ws3, newTLWorker(t))
		}
		for _, who := range []struct {
			name string
			ws   []*tlWorker
		}{
			{"SameThread", ws},
			{"TwoThreads", slices.Concat(ws, ws2)},
			{"Ordinary", slices.Concat(ws, ws3)},
			{"All", slices.Concat(ws, ws2, ws3)},
		} {
			t.Run(who.name+"/Nothing", func(t *testing.T) { run(t, who.ws, func() {}) })
			t.Run(who.name+"/Gosched", func(t *testing.T) { run(t, who.ws, runtime.Gosched) })
			t.Run(who.name+"/Sleep", func(t *testing.T) {
				run(t, who.ws[:2], func() { time.Sleep(time.Microsecond) })
			})
		}
		// One that unlocks only to lock again. The mutex hands itself
		// over to those that have waited for a millisecond.
		hog := func(t *testing.T, w *tlWorker, others ...*tlWorker) {
			var mu sync.Mutex
			var stop atomic.Bool
			w.start(func() {
				for !stop.Load() {
					mu.Lock()
					for range 1000 {
						tlSpin()
					}
					mu.Unlock()
				}
			})
			for _, w := range others {
				w.start(func() {
					for range 5 {
						mu.Lock()
						mu.Unlock()
					}
				})
			}
			tlWaitAll(others...)
			stop.Store(true)
			w.wait()
		}
		t.Run("Starving/SameThread", func(t *testing.T) { hog(t, ws[0], ws[1], ws[2]) })
		t.Run("Starving/OtherThread", func(t *testing.T) { hog(t, ws[0], ws2...) })
		t.Run("Starving/Ordinary", func(t *testing.T) { hog(t, ws[0], ws3...) })
		t.Run("Starving/ByOrdinary", func(t *testing.T) { hog(t, ws3[0], ws...) })
	})
}

// TestDedicatedThreadStopTheWorld stops the world again and again while
// goroutines of a thread talk to each other and to others.
func TestDedicatedThreadStopTheWorld(t *testing.T) {
	for _, stw := range []struct {
		name string
		f    func(i int)
	}{
		{"GC", func(int) { runtime.GC() }},
		{"ReadMemStats", func(int) { runtime.ReadMemStats(new(runtime.MemStats)) }},
		{"GOMAXPROCS", func(i int) { runtime.GOMAXPROCS(1 + i%4) }},
		{"Stack", func(int) { tlDump() }},
		{"SetGCPercent", func(i int) { debug.SetGCPercent(50 + i) }},
		{"SetMemoryLimit", func(i int) { debug.SetMemoryLimit(math.MaxInt64 - int64(i)) }},
	} {
		t.Run(stw.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			defer debug.SetGCPercent(debug.SetGCPercent(100))
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
			tid, ws := tlGroup(t, runtime.MakeThreadLocker(), 3)
			tid2, ws2 := tlGroup(t, runtime.MakeThreadLocker(), 1)
			ch, ch2 := make(chan []byte), make(chan []byte)
			var stop atomic.Bool
			// From one to the next, on the same thread and then another one.
			ws[0].start(func() {
				defer close(ch)
				for !stop.Load() {
					ch <- make([]byte, 1000)
					tlCheckTID(t, "worker", tid)
				}
			})
			ws[1].start(func() {
				defer close(ch2)
				for b := range ch {
					tlCheckTID(t, "worker", tid)
					ch2 <- b
				}
			})
			ws2[0].start(func() {
				for range ch2 {
					tlCheckTID(t, "worker", tid2)
				}
			})
			ws[2].start(func() {
				for !stop.Load() {
					tlGrow(20)
					tlCheckTID(t, "worker", tid)
				}
			})
			for i := range 20 {
				stw.f(i)
			}
			stop.Store(true)
			tlWaitAll(slices.Concat(ws, ws2)...)
		})
	}
}

// TestDedicatedThreadUserDisabled tests that a locked goroutine does not run
// while a garbage collection that is not concurrent keeps all others from it.
func TestDedicatedThreadUserDisabled(t *testing.T) {
	defer runtime.SetGCStopTheWorld(runtime.SetGCStopTheWorld(1))
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	forProcs(t, func(t *testing.T) {
		_, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
		for _, w := range ws {
			w.start(func() {
				var stats debug.GCStats
				debug.ReadGCStats(&stats)
				for end := stats.NumGC + 3; stats.NumGC < end; debug.ReadGCStats(&stats) {
					for range 100 {
						runtime.KeepAlive(bytes.Repeat([]byte("x"), 10<<10)) // may start one
						if runtime.UserDisabled() {
							t.Error("a goroutine runs though it should not")
							return
						}
						runtime.Gosched()
					}
				}
			})
		}
		tlWaitAll(ws...)
	})
}

// TestDedicatedThreadSyscall tests system calls that block
// while other goroutines of the thread could run.
func TestDedicatedThreadSyscall(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 4)

		t.Run("OthersAreQueued", func(t *testing.T) {
			for range 5 {
				release := ws[0].stall()
				var ran atomic.Int32
				for _, w := range ws[1:] {
					w.idle()
					w.start(func() { ran.Add(1) })
				}
				for _, w := range ws[1:] {
					w.waitQueued()
				}
				checkNoGuests(t, tid)
				if n := ran.Load(); n != 0 {
					t.Errorf("%d goroutines ran though their thread was in a system call", n)
				}
				release()
				tlWaitAll(ws[1:]...)
				for _, w := range ws {
					w.checkOn(tid)
				}
			}
		})
		// When the system call returns, ordinary goroutines that do not block
		// have taken all there is to run on.
		noP := func(t *testing.T, others bool) {
			for range 3 {
				back := 0
				var done, stop atomic.Bool
				release := ws[0].stallThen(func() {
					back = syscall.Gettid()
					done.Store(true)
				})
				if others {
					for _, w := range ws[1:] {
						w.idle()
						w.start(func() {
							// Not preempted for those that come back, unless in time.
							for !done.Load() {
								tlSpin()
							}
						})
						w.waitQueued()
					}
				}
				var wg sync.WaitGroup
				for range runtime.GOMAXPROCS(0) {
					wg.Go(func() {
						for !stop.Load() {
							tlSpin()
						}
					})
				}
				release()
				stop.Store(true)
				wg.Wait()
				if back != tid {
					t.Errorf("back from the system call on thread %d, want %d", back, tid)
				}
				if others {
					tlWaitAll(ws[1:]...)
				}
				for _, w := range ws {
					w.checkOn(tid)
				}
			}
		}
		t.Run("NothingFreeOnReturn/Alone", func(t *testing.T) { noP(t, false) })
		t.Run("NothingFreeOnReturn/OthersAreQueued", func(t *testing.T) { noP(t, true) })
		t.Run("StopTheWorld", func(t *testing.T) {
			// The thread in the system call must not be waited for.
			release := ws[0].stall()
			for _, w := range ws[1:] {
				w.idle()
				w.start(func() {})
			}
			runtime.GC()
			runtime.ReadMemStats(new(runtime.MemStats))
			n := runtime.GOMAXPROCS(3)
			runtime.GOMAXPROCS(n)
			release()
			tlWaitAll(ws[1:]...)
		})
		t.Run("InTurn", func(t *testing.T) {
			// Each blocks in a system call that the next but one ends
			// from another thread, while short ones go on.
			for _, w := range ws[1:] {
				w.start(func() {
					for range 200 {
						syscall.Getppid()
						runtime.Gosched()
					}
				})
			}
			for range 5 {
				ws[0].stall()()
			}
			tlWaitAll(ws[1:]...)
		})
	})
}

// TestDedicatedThreadSyscallOrder tests that a goroutine that comes back from a
// system call, and finds nothing to run on, gets behind those of its thread that
// have waited.
func TestDedicatedThreadSyscallOrder(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var got []int
	// It may find something to run on, or be preempted.
	for range 5 {
		_, ws := tlGroup(t, runtime.MakeThreadLocker(), 4)
		var mu sync.Mutex
		got = nil
		record := func(i int) {
			mu.Lock()
			got = append(got, i)
			mu.Unlock()
		}
		release := ws[0].stallThen(func() { record(0) })
		for i, w := range ws {
			if i > 0 {
				w.idle()
				w.start(func() { record(i) })
				w.waitQueued()
			}
		}
		var started, stop atomic.Bool
		var wg sync.WaitGroup
		wg.Go(func() {
			for !stop.Load() {
				started.Store(true)
				tlSpin()
			}
		})
		for !started.Load() {
			runtime.Gosched()
		}
		release()
		tlWaitAll(ws[1:]...)
		stop.Store(true)
		wg.Wait()
		if slices.Equal(got, []int{1, 2, 3, 0}) {
			return
		}
	}
	t.Errorf("goroutines ran in the order %d, want that which came from a system call, 0, last", got)
}

// TestDedicatedThreadMetrics tests that goroutines that wait for their turn on
// a thread count as runnable.
func TestDedicatedThreadMetrics(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		const n = 10
		_, ws := tlGroup(t, runtime.MakeThreadLocker(), 1+n)
		release := ws[0].stall()
		for _, w := range ws[1:] {
			w.idle()
			w.start(func() {})
			w.waitQueued()
		}
		samples := []metrics.Sample{
			{Name: "/sched/goroutines:goroutines"},
			{Name: "/sched/goroutines/runnable:goroutines"},
			{Name: "/sched/goroutines/waiting:goroutines"},
		}
		metrics.Read(samples)
		all, runnable, waiting := samples[0].Value.Uint64(), samples[1].Value.Uint64(), samples[2].Value.Uint64()
		if runnable < n || waiting > all-n {
			t.Errorf("%d goroutines, of these %d runnable and %d waiting; want at least %d runnable", all, runnable, waiting, n)
		}
		release()
		tlWaitAll(ws[1:]...)
	})
}

// TestDedicatedThreadState tests that no other thread gets the kernel state
// that a locked goroutine has given its own. Threads inherit their timer slack
// from the thread that starts them.
func TestDedicatedThreadState(t *testing.T) {
	const strange = 123456
	slack := func() uintptr {
		n, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_TIMERSLACK, 0, 0)
		return n
	}
	makeStrange := func() {
		syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, strange, 0)
	}
	var works bool
	w := newTLWorker(t)
	w.do(func() {
		runtime.LockOSThread() // the thread exits with w
		makeStrange()
		works = slack() == strange
	})
	w.end()
	if !works {
		t.Skip("this system has no timer slack")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, h := range tlHolders {
		t.Run(h.name, func(t *testing.T) {
			old := make(map[int]bool) // threads that exist
			tasks, err := os.ReadDir("/proc/self/task")
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range tasks {
				tid, _ := strconv.Atoi(task.Name())
				old[tid] = true
			}
			end := make(chan bool)
			defer close(end)
			var started, fresh, inherited atomic.Int32
			other := func() {
				// No thread serves two of these.
				runtime.LockOSThread()
				if !old[syscall.Gettid()] {
					fresh.Add(1)
				}
				if slack() == strange {
					inherited.Add(1)
				}
				started.Add(1)
				<-end
			}
			w := newTLWorker(t)
			h.lock(w)
			w.start(func() {
				makeStrange()
				n := int32(0)
				// First they use up the threads that are idle.
				for fresh.Load() < 5 {
					go other()
					n++
					for started.Load() != n {
						tlSpin()
					}
				}
				// And now w ends while there is more to run.
				started.Store(0)
				for range 5 {
					go other()
				}
				runtime.Goexit()
			})
			w.wait()
			tlPoll(t, "all goroutines to run", func() bool { return started.Load() == 5 })
			if n := inherited.Load(); n != 0 {
				t.Errorf("%d threads have inherited the state of a goroutine's thread", n)
			}
		})
	}
}

func TestDedicatedThreadSleep(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		tid, ws := tlGroup(t, runtime.MakeThreadLocker(), 3)
		for _, w := range ws {
			w.start(func() {
				for _, d := range []time.Duration{time.Microsecond, time.Millisecond, 10 * time.Microsecond} {
					start := time.Now()
					time.Sleep(d)
					if got := time.Since(start); got < d {
						t.Errorf("slept for %v, want at least %v", got, d)
					}
					tlCheckTID(t, "after Sleep", tid)
				}
			})
		}
		tlWaitAll(ws...)
	})
}

// TestThreadLockerSynctestBlockOSThread tests that wake is called by a goroutine of no
// bubble, which no bubble waits for.
func TestThreadLockerSynctestBlockOSThread(t *testing.T) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(p[0])
	defer syscall.Close(p[1])
	woken := make(chan time.Time, 1)
	synctest.Test(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		l.Lock()
		defer l.Unlock()
		l.Go(func() {})
		runtime.BlockOSThread(func() {
			for {
				if _, err := syscall.Read(p[0], make([]byte, 1)); err != syscall.EINTR {
					break
				}
			}
		}, func() {
			woken <- time.Now() // a channel of the bubble would panic here
			syscall.Write(p[1], []byte("x"))
		})
		time.Sleep(time.Hour)
		synctest.Wait()
		if now := time.Now(); !(<-woken).After(now) {
			t.Error("wake is called in a bubble")
		}
	})
}
