// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Not under the race detector, for the reason that debug_test.go gives.

//go:build goexperiment.threadlocker && (amd64 || arm64 || loong64 || ppc64le) && linux && !race

package runtime_test

import (
	"internal/asan"
	"internal/msan"
	"internal/testenv"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestThreadLockerDebugCall injects calls into a goroutine that shares its thread.
// The goroutine that runs the call stands in for it.
func TestThreadLockerDebugCall(t *testing.T) {
	tlDebugSkip(t)
	defer tlDebugSetup()()

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

// TestThreadLockerDebugCallNested injects calls into goroutines that run injected calls,
// three deep. Each of them has, while its own call runs, what it has locked itself out of
// that call's reach, and has it back afterwards.
func TestThreadLockerDebugCallNested(t *testing.T) {
	tlDebugSkip(t)
	defer tlDebugSetup()()
	l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	for _, h := range []struct {
		name         string
		lock, unlock func() // of the goroutine itself; the last unlock makes it leave
		nothing      bool   // it has no hold of its own
	}{
		{"None", func() {}, func() {}, true},
		{"LockOSThread", runtime.LockOSThread, runtime.UnlockOSThread, false},
		{"ThreadLocker", l.Lock, l.Unlock, false},
		{"ThreadLockerTwice", func() { l.Lock(); l.Lock() }, func() { l.Unlock(); tlCheckHolds(t, l, true); l.Unlock() }, false},
		{"Both", func() { runtime.LockOSThread(); l.Lock() }, func() { l.Unlock(); runtime.UnlockOSThread() }, false},
		{"LockToRecvOSThread", nil, runtime.UnlockOSThread, false},
	} {
		// What a call does on its goroutine before a call is injected into it, and
		// after that. What it leaves locked must not stay so.
		for _, c := range []struct {
			name          string
			before, after func()
		}{
			{"Nothing", func() {}, func() {}},
			{"LockOSThread", runtime.LockOSThread, runtime.UnlockOSThread},
			{"LeaveOSThread", runtime.LockOSThread, func() {}},
			{"Same", func() { runtime.LockOSThread(); l.Lock(); l.Lock() }, func() { l.Unlock(); tlCheckHolds(t, l, true); l.Unlock(); runtime.UnlockOSThread() }},
			{"Other", func() { runtime.LockOSThread(); l2.Lock() }, func() { tlCheckHolds(t, l2, true); l2.Unlock() }},
			{"Leave", func() { runtime.LockOSThread(); l2.Lock() }, func() { tlCheckHolds(t, l2, true) }},
			{"Panic", func() { runtime.LockOSThread(); l2.Lock() }, func() { tlCheckHolds(t, l2, true); panic("a test") }},
		} {
			t.Run(h.name+"/"+c.name, func(t *testing.T) {
				w := newTLWorker(t)
				if h.lock == nil {
					r := newTLWorker(t)
					r.do(runtime.LockOSThread)
					w.do(r.join)
				} else {
					w.do(h.lock)
				}
				tid := w.tid()
				var stop atomic.Bool
				ready := make(chan *runtime.G, 1)
				w.start(func() {
					runtime.LockOSThread() // InjectDebugCall wants it
					tid = syscall.Gettid()
					ready <- runtime.Getg()
					tlDebugLoop(&stop)
					runtime.UnlockOSThread()
				})
				const deep = 3
				gp := <-ready
				var stops [deep]atomic.Bool
				var ends [deep]func() any
				for i := range deep {
					gp, ends[i] = tlDebugInject(t, gp, i > 0, func(ready func()) {
						tlCheckTID(t, "call", tid)
						tlCheckHolds(t, l, false)
						tlCheckHolds(t, l2, false)
						runtime.UnlockOSThread() // no hold of the call
						c.before()
						ready()
						tlDebugLoop(&stops[i])
						tlCheckTID(t, "call that a call was injected into", tid)
						c.after()
					})
				}
				for i := deep - 1; i >= 0; i-- {
					stops[i].Store(true)
					e := ends[i]()
					if want := map[bool]any{true: "a test"}[c.name == "Panic"]; e != want {
						t.Errorf("the call at depth %d panicked with %v, want %v", i, e, want)
					}
				}
				stop.Store(true)
				w.wait()
				if h.nothing {
					w.checkLocked(false)
					return
				}
				w.checkOn(tid)
				w.do(h.unlock)
				w.checkLocked(false)
				w.do(func() {
					tlCheckHolds(t, l, false)
					tlCheckHolds(t, l2, false)
					l.Lock() // unbound: whoever held it is gone
					l.Unlock()
				})
			})
		}
	}
}

// TestThreadLockerDebugCallCritical injects calls into a goroutine in a critical section.
// Nothing else may run on the thread, but those calls must.
func TestThreadLockerDebugCallCritical(t *testing.T) {
	tlDebugSkip(t)
	defer tlDebugSetup()()
	tid, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
	w, other := ws[0], ws[1]
	var stop, stop2 atomic.Bool
	ready := make(chan *runtime.G, 1)
	other.idle()
	w.start(func() {
		runtime.CriticalEnter()
		ready <- runtime.Getg()
		tlDebugLoop(&stop)
		tlCheckTID(t, "critical section", tid)
		runtime.CriticalExit()
	})
	gp := <-ready
	var ran atomic.Bool
	wait := func() {
		// The scheduler has to find the call again.
		done := make(chan bool)
		go func() { done <- true }()
		<-done
		runtime.Gosched()
		tlCheckTID(t, "call that has waited", tid)
		if ran.Load() {
			t.Error("another goroutine of the thread ran inside of the critical section")
		}
	}
	gp2, end := tlDebugInject(t, gp, false, func(ready func()) {
		other.start(func() { ran.Store(true) })
		wait()
		ready()
		tlDebugLoop(&stop2)
		wait()
	})
	_, end2 := tlDebugInject(t, gp2, true, func(ready func()) {
		wait()
		ready()
	})
	end2()
	stop2.Store(true)
	end()
	stop.Store(true)
	w.wait()
	other.wait()
	if !ran.Load() {
		t.Error("the other goroutine of the thread did not run after the critical section")
	}
	w.checkOn(tid)
}

// TestThreadLockerDebugCallStack tests that the threadlock profile shows who
// locked a goroutine also after an injected call has used another ThreadLocker.
func TestThreadLockerDebugCallStack(t *testing.T) {
	tlDebugSkip(t)
	defer tlDebugSetup()()
	_, ws := tlGroup(t, runtime.MakeThreadLocker(), 1)
	w := ws[0]
	var stop atomic.Bool
	ready := make(chan *runtime.G, 1)
	w.start(func() {
		ready <- runtime.Getg()
		tlDebugLoop(&stop)
	})
	gp := <-ready
	before := runtime.LockedStack(gp)
	_, end := tlDebugInject(t, gp, false, func(ready func()) {
		runtime.LockOSThread()
		l := runtime.MakeThreadLocker()
		l.Lock()
		l.Unlock()
		ready()
	})
	end()
	stop.Store(true)
	w.wait()
	if after := runtime.LockedStack(gp); before == nil || !slices.Equal(before, after) {
		t.Errorf("the stack that locked the goroutine was %v, and is %v", before, after)
	}
}

// TestThreadLockerDebugCallGoexit tests that a Goexit in an injected call ends the
// program as it always has, however the goroutine is locked.
func TestThreadLockerDebugCallGoexit(t *testing.T) {
	const env = "GO_TEST_THREADLOCKER_DEBUGCALL_GOEXIT"
	tlDebugSkip(t)
	if os.Getenv(env) == "" {
		cmd := testenv.CleanCmdEnv(testenv.Command(t, testenv.Executable(t), "-test.run=^"+t.Name()+"$"))
		cmd.Env = append(cmd.Env, env+"=1")
		out, err := cmd.CombinedOutput()
		const want = "fatal error: exited a goroutine internally locked to the OS thread\n"
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, got:\n%s\nwant it to contain %q", err, out, want)
		}
		return
	}
	defer tlDebugSetup()()
	w := newTLWorker(t)
	w.do(runtime.MakeThreadLocker().Lock)
	var stop atomic.Bool
	ready := make(chan *runtime.G, 1)
	w.start(func() {
		ready <- runtime.Getg()
		tlDebugLoop(&stop)
	})
	tlDebugInject(t, <-ready, false, func(func()) { runtime.Goexit() })
	t.Error("the program goes on")
}

func tlDebugSkip(t *testing.T) {
	skipUnderDebugger(t)
	if msan.Enabled || asan.Enabled {
		t.Skip("see startDebugCallWorker")
	}
}

// tlDebugSetup does what startDebugCallWorker does, and returns what undoes it.
func tlDebugSetup() func() {
	procs := runtime.GOMAXPROCS(8)
	gc := debug.SetGCPercent(-1)
	runtime.GC()
	return func() {
		debug.SetGCPercent(gc)
		runtime.GOMAXPROCS(procs)
	}
}

// tlDebugInject injects a call of f into gp, which may run an injected call itself. It
// returns once f has called ready. gp2 is the goroutine that runs f, and end waits for
// the end of f and returns what it panicked with.
func tlDebugInject(t *testing.T, gp *runtime.G, nested bool, f func(ready func())) (gp2 *runtime.G, end func() any) {
	started := make(chan *runtime.G, 1)
	done := make(chan any, 1)
	go func() {
		e, err := runtime.InjectInnerDebugCall(gp, func() {
			f(func() { started <- runtime.Getg() })
		}, nested, debugCallTKill)
		if err != nil {
			t.Error(err)
			close(started)
		}
		done <- e
	}()
	gp2 = <-started
	if gp2 == nil {
		t.FailNow()
	}
	return gp2, func() any { return <-done }
}

// tlCheckHolds reports an error unless the current goroutine holds l if and only if
// want is true.
func tlCheckHolds(t *testing.T, l *runtime.ThreadLocker, want bool) {
	t.Helper()
	if got := runtime.HoldsLocker(l); got != want {
		t.Errorf("holds the ThreadLocker: %v, want %v", got, want)
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
