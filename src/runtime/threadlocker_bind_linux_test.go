// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bytes"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/trace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// These are tests of the Lock that binds a ThreadLocker for a goroutine that is
// not locked. It gets a thread that is new and the locker's own.

// TestThreadLockerBindProgs runs programs that bind lockers and then look at what
// other threads have in the kernel.
func TestThreadLockerBindProgs(t *testing.T) {
	tlSlow(t)
	for _, test := range []struct {
		name string
		env  []string
	}{
		{"ThreadLockerPdeathsig", nil},
		{"ThreadLockerIOUring", nil},
		{"ThreadLockerPosixTimer", nil},
		{"ThreadLockerMainNetNS", nil},
		{"ThreadLockerExits", nil},
		{"ThreadLockerNewThread", nil},
		{"ThreadLockerNewThread", []string{"GODEBUG=asyncpreemptoff=1"}},
		{"ThreadLockerManyBinds", nil},
	} {
		for _, procs := range []string{"GOMAXPROCS=1", "GOMAXPROCS=2", "GOMAXPROCS=4"} {
			env := append([]string{procs}, test.env...)
			t.Run(strings.Join(append([]string{test.name}, env...), ","), func(t *testing.T) {
				if test.name == "ThreadLockerManyBinds" && testing.Short() && procs != "GOMAXPROCS=2" {
					t.Skip("skipping in short mode")
				}
				t.Parallel()
				output, err := runTestProgErr(t, test.name, env...)
				if err == nil && strings.HasPrefix(output, "SKIP: ") {
					t.Skip(strings.TrimSpace(output))
				}
				if err != nil || output != "OK\n" {
					t.Errorf("%v, output:\n%s\nwant OK", err, output)
				}
			})
		}
	}
}

// A tlBindCheck checks what is true of a locker that goroutines lock and unlock
// at the same time: while one holds it, all others that do are on its thread.
type tlBindCheck struct {
	mu      sync.Mutex
	tid     int
	holders int
	binds   int
}

// locked is called by a goroutine that has locked the locker.
func (c *tlBindCheck) locked(t *testing.T) {
	tid := syscall.Gettid()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.holders == 0 {
		c.binds++
		c.tid = tid
	} else if c.tid != tid {
		t.Errorf("Lock returned on thread %d, while others hold the locker on thread %d", tid, c.tid)
	}
	c.holders++
}

// unlocking is called by a holder before it leaves.
func (c *tlBindCheck) unlocking() {
	c.mu.Lock()
	c.holders--
	c.mu.Unlock()
}

// tlBindLoads are what goes on beside the goroutines that bind.
var tlBindLoads = []struct {
	name string
	// run runs until stop is set. It is started when unbound goroutines of
	// the test can run.
	run func(t *testing.T, stop *atomic.Bool)
}{
	{"Idle", nil},
	{"Compute", func(t *testing.T, stop *atomic.Bool) {
		for !stop.Load() {
			tlSpin()
		}
	}},
	{"GC", func(t *testing.T, stop *atomic.Bool) {
		for !stop.Load() {
			runtime.GC()
			runtime.Gosched()
		}
	}},
	{"StopTheWorld", func(t *testing.T, stop *atomic.Bool) {
		n := runtime.GOMAXPROCS(0)
		for i := 0; !stop.Load(); i++ {
			if i%10 == 0 {
				runtime.GOMAXPROCS(n + 1)
				runtime.GOMAXPROCS(n)
			}
			runtime.ReadMemStats(new(runtime.MemStats))
			runtime.Gosched()
		}
	}},
	{"Dump", func(t *testing.T, stop *atomic.Bool) {
		for !stop.Load() {
			tlDump()
			runtime.Gosched()
		}
	}},
	{"Signal", func(t *testing.T, stop *atomic.Bool) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		defer signal.Stop(c)
		for !stop.Load() {
			if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
				t.Error(err)
				return
			}
			<-c
		}
	}},
	{"LockOSThread", func(t *testing.T, stop *atomic.Bool) {
		// Threads are taken, given back, and exit.
		for !stop.Load() {
			var wg sync.WaitGroup
			wg.Go(func() { runtime.LockOSThread() })
			wg.Go(func() {
				runtime.LockOSThread()
				runtime.Gosched()
				runtime.UnlockOSThread()
			})
			wg.Wait()
		}
	}},
}

// forBindLoads runs f beside each load.
func forBindLoads(t *testing.T, f func(t *testing.T)) {
	forProcs(t, func(t *testing.T) {
		for _, load := range tlBindLoads {
			t.Run(load.name, func(t *testing.T) {
				if load.run != nil {
					var stop atomic.Bool
					var wg sync.WaitGroup
					wg.Go(func() { load.run(t, &stop) })
					defer wg.Wait()
					defer stop.Store(true)
				}
				f(t)
			})
		}
	})
}

// TestThreadLockerBindTogether has goroutines lock an unbound locker at the same
// time. One thread is bound, whoever comes first.
func TestThreadLockerBindTogether(t *testing.T) {
	tlSlow(t)
	forBindLoads(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		for range 20 {
			const n = 5
			var c tlBindCheck
			var wg, all sync.WaitGroup
			all.Add(n)
			begin := make(chan bool)
			for i := range n {
				wg.Go(func() {
					<-begin
					l.Lock()
					c.locked(t)
					all.Done()
					all.Wait()
					tlCheckTID(t, "with all holders", c.tid)
					if i%2 == 0 {
						l.Unlock()
						if syscall.Gettid() == c.tid {
							t.Errorf("still on thread %d after Unlock", c.tid)
						}
					}
				})
			}
			close(begin)
			wg.Wait()
			waitThreadExit(t, c.tid)
			if t.Failed() {
				break
			}
		}
	})
}

// TestThreadLockerBindAgain has goroutines lock and unlock a locker such that it
// is often unbound just when another one comes.
func TestThreadLockerBindAgain(t *testing.T) {
	tlSlow(t)
	forBindLoads(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		var c tlBindCheck
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range 40 {
					switch (i + j) % 4 {
					default:
						l.Lock()
						c.locked(t)
						c.unlocking()
						l.Unlock()
					case 1:
						l.Lock()
						c.locked(t)
						runtime.Gosched()
						l.Lock()
						l.Unlock()
						c.unlocking()
						l.Unlock()
					case 2:
						// It ends.
						done := make(chan bool)
						go func() {
							defer close(done)
							l.Lock()
							c.locked(t)
							c.unlocking()
							if j%2 == 0 {
								runtime.Goexit()
							}
						}()
						<-done
					case 3:
						// Whoever is locked to another thread cannot join, if
						// the locker is bound, and binds it to that, if not.
						runtime.LockOSThread()
						tid := syscall.Gettid()
						func() {
							defer func() {
								e := recover()
								if e, ok := e.(runtime.Error); e != nil && (!ok || !strings.Contains(e.Error(), "ThreadLocker.Lock: ")) {
									t.Errorf("Lock: unexpected panic: %v", e)
								}
							}()
							l.Lock()
							c.locked(t)
							c.unlocking()
							l.Unlock()
						}()
						tlCheckTID(t, "under LockOSThread", tid)
						runtime.UnlockOSThread()
					}
					if t.Failed() {
						return
					}
				}
			})
		}
		wg.Wait()
		if c.binds < 2 {
			t.Errorf("the locker was bound %d times", c.binds)
		}
	})
}

// TestThreadLockerBindTrace traces goroutines that bind. Each trace is valid, and
// shows them on two threads.
func TestThreadLockerBindTrace(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("this run of the tests is traced")
	}
	forProcs(t, func(t *testing.T) {
		var buf bytes.Buffer
		if err := trace.Start(&buf); err != nil {
			t.Fatal(err)
		}
		const n = 5
		type bind struct {
			id  string
			tid int
		}
		binds := make(chan bind, n)
		for range n {
			go func() {
				l := runtime.MakeThreadLocker()
				l.Lock()
				tid := syscall.Gettid()
				l.Unlock()
				binds <- bind{tlID(), tid}
			}()
		}
		var got [n]bind
		for i := range got {
			got[i] = <-binds
		}
		trace.Stop()
		ran, stops := tlTraceThreads(t, &buf)
		for _, b := range got {
			if !ran[b.id][b.tid] || len(ran[b.id]) < 2 {
				t.Errorf("the trace shows goroutine %s on threads %v, want %d and others", b.id, ran[b.id], b.tid)
			}
			if s := stops[b.id]; s["lock to thread"] != 1 || s["unlock from thread"] != 1 {
				t.Errorf("the trace shows that goroutine %s stopped because of %v", b.id, s)
			}
		}
	})
}

// TestThreadLockerBindSynctest binds in a bubble. A goroutine on its way to the
// new thread is not durably blocked.
func TestThreadLockerBindSynctest(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		for range 20 {
			var tids []int
			synctest.Test(t, func(t *testing.T) {
				const n = 3
				start := time.Now()
				ch := make(chan bool)
				var on [n]int
				l := runtime.MakeThreadLocker()
				for i := range n {
					go func() {
						l := l
						if i == 0 {
							l = runtime.MakeThreadLocker()
						}
						l.Lock()
						on[i] = syscall.Gettid()
						<-ch
						time.Sleep(time.Hour)
						l.Unlock()
					}()
				}
				synctest.Wait()
				if on[0] == 0 || on[1] == 0 || on[2] == 0 {
					t.Errorf("Wait returned before Lock did: %d", on)
				}
				if on[0] == on[1] || on[1] != on[2] {
					t.Errorf("goroutines are on threads %d, want one and two others together", on)
				}
				close(ch)
				// The bubble itself binds, too.
				l2 := runtime.MakeThreadLocker()
				l2.Lock()
				on2 := syscall.Gettid()
				time.Sleep(2 * time.Hour)
				tlCheckTID(t, "after Sleep", on2)
				l2.Unlock()
				if d := time.Since(start); d != 2*time.Hour {
					t.Errorf("slept for %v, want 2h", d)
				}
				tids = []int{on[0], on[1], on2}
			})
			for _, tid := range tids {
				waitThreadExit(t, tid)
			}
		}
	})
}

// TestThreadLockerBindHere tests that a Lock under LockOSThread, and one of a
// goroutine that shares a thread, takes no new thread.
func TestThreadLockerBindHere(t *testing.T) {
	for _, h := range tlHolders {
		t.Run(h.name, func(t *testing.T) {
			if h.name == "ThreadLocker" {
				t.Skip("a goroutine that holds a locker cannot lock another")
			}
			w := newTLWorker(t)
			unlock := h.lock(w)
			tid := w.tid()
			for range 3 {
				l := runtime.MakeThreadLocker()
				w.checkJoins(tid, l.Lock)
				w.do(l.Unlock)
				w.checkOn(tid)
			}
			w.do(unlock)
			w.checkLocked(false)
		})
	}
}

// TestThreadLockerBindKeepsP tests that a goroutine that computes keeps running
// beside many that bind, and they beside it, with one processor.
func TestThreadLockerBindKeepsP(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var stop atomic.Bool
	var loops, binds atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for !stop.Load() {
			loops.Add(1)
			tlSpin()
		}
	})
	for range 2 {
		wg.Go(func() {
			l := runtime.MakeThreadLocker()
			for !stop.Load() {
				l.Lock()
				binds.Add(1)
				l.Unlock()
			}
		})
	}
	for range 5 {
		endLoops, endBinds := loops.Load()+1000, binds.Load()+5
		tlPoll(t, "all to go on", func() bool { return loops.Load() >= endLoops && binds.Load() >= endBinds })
	}
	stop.Store(true)
	wg.Wait()
}

// tlBindAll binds n lockers at a time, each by a goroutine that is not locked, and
// calls f on each thread.
func tlBindAll(n int, f func()) {
	var wg, all sync.WaitGroup
	all.Add(n)
	for range n {
		wg.Go(func() {
			l := runtime.MakeThreadLocker()
			l.Lock()
			defer l.Unlock()
			f()
			all.Done()
			all.Wait()
		})
	}
	wg.Wait()
}

// TestThreadLockerBindCloned tests that the thread of a locker is not cloned from
// one with a state of a locked goroutine's making, while such a goroutine starts
// the goroutines that bind and gives them reason to start threads.
func TestThreadLockerBindCloned(t *testing.T) {
	holders := []struct {
		name string
		lock func() (unlock func())
	}{
		{"LockOSThread", func() func() {
			runtime.LockOSThread()
			return func() {} // the thread must not be used again
		}},
		{"ThreadLocker", func() func() {
			l := runtime.MakeThreadLocker()
			l.Lock()
			return l.Unlock
		}},
	}
	forProcs(t, func(t *testing.T) {
		for _, state := range tlThreadStates {
			for _, h := range holders {
				t.Run(state.name+"/"+h.name, func(t *testing.T) {
					done := make(chan bool)
					var err error
					var bad atomic.Int32
					go func() {
						defer close(done)
						unlock := h.lock()
						if err = state.set(); err != nil {
							return
						}
						check := func() {
							if state.isSet() {
								bad.Add(1)
							}
						}
						for range 5 {
							tlBindAll(4, check)
							// One at a time, which the goroutine waits for in
							// a system call.
							var p [2]int
							if err = syscall.Pipe(p[:]); err != nil {
								return
							}
							go func() {
								tlBindAll(1, check)
								syscall.Write(p[1], []byte("x"))
							}()
							for {
								_, err := syscall.Read(p[0], make([]byte, 1))
								if err != syscall.EINTR {
									break
								}
							}
							syscall.Close(p[0])
							syscall.Close(p[1])
						}
						unlock()
						// A goroutine that holds nothing any more is on a
						// thread without the state, and clones that.
						if h.name == "ThreadLocker" {
							tlBindAll(4, check)
						}
					}()
					<-done
					if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOSPC) {
						t.Skipf("this process may not do that: %v", err)
					}
					if err != nil {
						t.Fatal(err)
					}
					if n := bad.Load(); n != 0 {
						t.Errorf("%d threads of lockers have a state that another thread was given", n)
					}
				})
			}
		}
	})
}

// TestThreadLockerProfileTimers tests that threads which exit while a CPU profile is taken
// leave no timers behind.
func TestThreadLockerProfileTimers(t *testing.T) {
	if got := runTestProg(t, "testprog", "ThreadLockerProfileTimers"); got != "OK\n" {
		t.Error(got)
	}
}
