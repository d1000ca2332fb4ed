// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Not under the race detector, for the reason that debug_test.go gives.

//go:build goexperiment.threadlocker && (amd64 || arm64 || loong64 || ppc64le) && linux && !race

package runtime_test

import (
	"internal/asan"
	"internal/msan"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestThreadLockerDebugCall injects calls into a goroutine that shares its thread.
// The goroutine that runs the call stands in for it.
func TestThreadLockerDebugCall(t *testing.T) {
	skipUnderDebugger(t)
	if msan.Enabled || asan.Enabled {
		t.Skip("see startDebugCallWorker")
	}
	// As startDebugCallWorker does.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	runtime.GC()

	for _, h := range []struct {
		name  string
		holds []bool // one for each hold: is it the ThreadLocker's?
	}{
		{"ThreadLocker", []bool{true}},
		{"ThreadLockerTwice", []bool{true, true}},
		{"LockToRecvOSThread", []bool{false}},
		{"Both", []bool{false, true}},
	} {
		t.Run(h.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			tid, ws := tlGroup(t, l, 2)
			w, joiner := newTLWorker(t), newTLWorker(t)
			for _, locker := range h.holds {
				if locker {
					w.do(l.Lock)
				} else {
					ws[0].idle()
					w.do(ws[0].join)
				}
			}
			var stop atomic.Bool
			ready := make(chan *runtime.G, 1)
			w.start(func() {
				ready <- runtime.Getg()
				tlDebugLoop(&stop)
			})
			gp := <-ready

			// inject has w call f, which must not fail the test at once, and
			// returns what f panicked with.
			inject := func(f func()) any {
				t.Helper()
				for _, w := range ws {
					w.idle() // so that w is the one that runs
				}
				e, err := runtime.InjectDebugCall(gp, f, nil, nil, debugCallTKill, false)
				if err != nil {
					t.Fatal(err)
				}
				return e
			}
			run := func(w *tlWorker, f func()) {
				w.start(f)
				<-w.done
			}
			inject(func() { tlCheckTID(t, "call", tid) })
			inject(func() {
				// Others of the thread run while it waits for them, and for
				// ordinary ones.
				for _, w := range ws {
					run(w, func() { tlCheckTID(t, "another goroutine", tid) })
					tlCheckTID(t, "call that has waited", tid)
				}
				done := make(chan bool)
				go func() {
					if syscall.Gettid() == tid {
						t.Error("a goroutine that the call has started is on its thread")
					}
					close(done)
				}()
				<-done
				runtime.Gosched()
				tlCheckTID(t, "call that has waited", tid)
			})
			inject(func() {
				// The holds of w are out of its reach.
				runtime.UnlockOSThread()
				tlCheckTID(t, "UnlockOSThread", tid)
				func() {
					defer func() {
						if recover() == nil {
							t.Error("Unlock did not panic")
						}
					}()
					l.Unlock()
				}()
				tlCheckTID(t, "Unlock", tid)
				// It can have its own.
				runtime.LockOSThread()
				l.Lock()
				l.Lock()
				l.Unlock()
				runtime.UnlockOSThread()
				tlCheckTID(t, "UnlockOSThread", tid)
				l.Unlock()
				tlCheckTID(t, "Unlock", tid)
			})
			// What it does not unlock does not stay locked.
			inject(func() {
				l.Lock()
				l.Lock()
			})
			inject(runtime.GC)
			if e := inject(func() { panic("a test") }); e != "a test" {
				t.Errorf("the call panicked with %v", e)
			}
			// The locker stays bound while a call stands in for its only holder,
			// and the thread exists.
			for _, w := range ws {
				w.checkLeaves(tid, l.Unlock)
				w.idle()
			}
			inject(func() {
				run(joiner, func() { runtime.LockToRecvOSThread[int](nil) }) // panics
				if h.holds[len(h.holds)-1] {
					run(joiner, func() {
						l.Lock()
						tlCheckTID(t, "joiner", tid)
						l.Unlock()
					})
				}
				tlCheckTID(t, "call that has waited", tid)
			})
			checkNoGuests(t, tid)

			stop.Store(true)
			w.wait()
			w.checkOn(tid)
			for i, locker := range h.holds {
				unlock := runtime.UnlockOSThread
				if locker {
					unlock = l.Unlock
				}
				if i < len(h.holds)-1 {
					w.do(unlock)
					w.checkOn(tid)
				} else {
					w.checkLeaves(tid, unlock)
				}
			}
			waitThreadExit(t, tid)
		})
	}
}

// tlDebugLoop runs until stop is set, for which it asks twice. On amd64 debugCallV2 does
// not preserve the flags: its epilogue adds to SP. If a call was injected between a
// comparison and its jump, it looks as if what was compared differed, so the inner
// loop ends.
//
//go:noinline
func tlDebugLoop(stop *atomic.Bool) {
	for {
		for !stop.Load() {
			tlSpin()
		}
		if stop.Load() {
			return
		}
	}
}
