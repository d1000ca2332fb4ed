// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bytes"
	"fmt"
	"internal/race"
	"internal/testenv"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// These are the tests of LockToRecvOSThread and ThreadLocker that need not
// know on which thread a goroutine runs: panics, counts, waits and order.
// They hold on every port. threadlocker_linux_test.go has the others.
//
// No test waits for time to pass. A test that needs a goroutine to be blocked
// asks for a goroutine dump until it says so, see waitState.

var _ sync.Locker = (*runtime.ThreadLocker)(nil)

// tlPatience bounds how long a test polls before it fails.
// No test passes because this much time has passed.
const tlPatience = 2 * time.Minute

// tlPoll returns when cond returns true, and fails the test if that
// takes too long.
func tlPoll(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(tlPatience)
	for pause := time.Microsecond; !cond(); pause = min(2*pause, 10*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s; goroutines:\n%s", what, tlDump())
		}
		time.Sleep(pause)
	}
}

// tlDump returns a dump of all goroutines.
func tlDump() []byte {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}

var tlHeader = regexp.MustCompile(`^goroutine (\d+) (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^\]]*)\](?: \{.*\})?:`)

// tlID returns the number of the calling goroutine.
func tlID() string {
	buf := make([]byte, 128)
	m := tlHeader.FindSubmatch(buf[:runtime.Stack(buf, false)])
	if m == nil {
		panic("cannot parse the goroutine header")
	}
	return string(m[1])
}

// tlStates returns what a goroutine dump says between brackets about each of
// the given goroutines, "" for one that does not exist. All are taken from one
// dump, which stops the world, so they are true of the same moment.
func tlStates(ids ...string) []string {
	states := make([]string, len(ids))
	for _, g := range bytes.Split(tlDump(), []byte("\n\n")) {
		if m := tlHeader.FindSubmatch(g); m != nil {
			if i := slices.Index(ids, string(m[1])); i >= 0 {
				states[i] = string(m[2])
			}
		}
	}
	return states
}

// isState reports whether state, from tlStates, has want as its first part:
// the goroutine's status or wait reason.
func isState(state, want string) bool {
	state, _, _ = strings.Cut(state, ",")
	if want == lockToRecvWait {
		return strings.Contains(state, want)
	}
	for _, more := range []string{" (scan)", " (durable)"} {
		state = strings.TrimSuffix(state, more)
	}
	return state == want
}

// isLocked reports whether state, from tlStates, says that the goroutine is
// locked. On wasm, where there is one thread, no dump says so.
func isLocked(state string) bool {
	return strings.Contains(state, "locked to thread")
}

// lockToRecvWait is part of the wait reason of a goroutine that waits
// in LockToRecvOSThread.
const lockToRecvWait = "LockToRecvOSThread"

// A tlWorker is a goroutine that runs the functions that a test gives it.
// Between functions it is blocked receiving on work.
type tlWorker struct {
	t     *testing.T
	id    string
	work  chan func()
	done  chan any // what each function panicked with, or nil
	ended bool
}

func newTLWorker(t *testing.T) *tlWorker {
	w := &tlWorker{t: t, work: make(chan func()), done: make(chan any, 1)}
	id := make(chan string)
	go func() {
		id <- tlID()
		for f := range w.work {
			func() {
				// If f calls Goexit, this reports it as done, too.
				defer func() { w.done <- recover() }()
				f()
			}()
		}
	}()
	w.id = <-id
	t.Cleanup(w.end)
	return w
}

// start makes w run f, and does not wait for f to return.
func (w *tlWorker) start(f func()) { w.work <- f }

// wait waits until what w was started with is done.
func (w *tlWorker) wait() {
	w.t.Helper()
	if e := <-w.done; e != nil {
		w.t.Fatalf("unexpected panic: %v", e)
	}
}

// do makes w run f, and waits until f returns.
func (w *tlWorker) do(f func()) {
	w.t.Helper()
	w.start(f)
	w.wait()
}

// tlWaitAll waits until what each of ws was started with is done.
func tlWaitAll(ws ...*tlWorker) {
	for _, w := range ws {
		w.t.Helper()
		w.wait()
	}
}

// tlWaiters starts n callers of LockToRecvOSThread and waits until they wait.
func tlWaiters(t *testing.T, n int, ch <-chan int) (ws []*tlWorker) {
	t.Helper()
	for range n {
		w := newTLWorker(t)
		w.start(func() { runtime.LockToRecvOSThread(ch) })
		w.waitState(lockToRecvWait)
		w.checkLocked(false)
		ws = append(ws, w)
	}
	return ws
}

// end makes w's goroutine return.
func (w *tlWorker) end() {
	if !w.ended {
		w.ended = true
		close(w.work)
	}
}

// gone waits until w's goroutine does not exist any more.
func (w *tlWorker) gone() {
	w.t.Helper()
	tlPoll(w.t, "goroutine "+w.id+" to end", func() bool { return tlStates(w.id)[0] == "" })
}

// waitState waits until w is in the given state.
func (w *tlWorker) waitState(want string) {
	w.t.Helper()
	tlPoll(w.t, fmt.Sprintf("goroutine %s to be in state %q", w.id, want),
		func() bool { return isState(tlStates(w.id)[0], want) })
}

// idle waits until w is blocked receiving on w.work.
func (w *tlWorker) idle() {
	w.t.Helper()
	w.waitState("chan receive")
}

// checkState fails the test if w is not in the given state now.
func (w *tlWorker) checkState(want string) {
	w.t.Helper()
	if s := tlStates(w.id)[0]; !isState(s, want) {
		w.t.Fatalf("goroutine %s is in state %q, want %q", w.id, s, want)
	}
}

// checkLocked fails the test if w is not locked to a thread, or is and
// should not be.
func (w *tlWorker) checkLocked(want bool) {
	w.t.Helper()
	if s := tlStates(w.id)[0]; isLocked(s) != want && runtime.GOARCH != "wasm" {
		w.t.Fatalf("goroutine %s: [%s], want locked to thread: %v", w.id, s, want)
	}
}

// checkUnlocks calls unlock on w until w is not locked any more,
// and fails the test if that does not take exactly n calls.
func (w *tlWorker) checkUnlocks(n int, unlock func()) {
	w.t.Helper()
	for i := range n {
		if !isLocked(tlStates(w.id)[0]) && runtime.GOARCH != "wasm" {
			w.t.Fatalf("goroutine %s: not locked any more after %d unlocks, want %d", w.id, i, n)
		}
		w.do(unlock)
	}
	if s := tlStates(w.id)[0]; isLocked(s) {
		w.t.Fatalf("goroutine %s: [%s] after %d unlocks, want not locked", w.id, s, n)
	}
}

// tlPanic fails the test unless e, a recovered value, is a panic of the named
// function that says what went wrong and, after a semicolon, what to do.
func tlPanic(t *testing.T, name string, e any) {
	t.Helper()
	if e == nil {
		t.Fatalf("%s did not panic", name)
	}
	msg := strings.TrimPrefix(fmt.Sprint(e), "runtime.")
	msg, ok := strings.CutPrefix(msg, name+": ")
	what, todo, ok2 := strings.Cut(msg, "; ")
	if !ok || !ok2 || what == "" || todo == "" {
		t.Fatalf("panic message %q, want %q", e, "runtime."+name+": what is wrong; what to do")
	}
	if _, ok := e.(runtime.Error); !ok {
		t.Fatalf("panic value is a %T, want a runtime.Error", e)
	}
}

const (
	lockToRecv = "LockToRecvOSThread"
	tlLock     = "ThreadLocker.Lock"
	tlUnlock   = "ThreadLocker.Unlock"
)

// waitPanic is like wait, and wants a panic of the named function.
func (w *tlWorker) waitPanic(name string) {
	w.t.Helper()
	tlPanic(w.t, name, <-w.done)
}

// doPanic makes w run f, which must panic in the named function,
// and checks that this changes nothing about what w is locked to.
func (w *tlWorker) doPanic(name string, f func()) {
	w.t.Helper()
	before := isLocked(tlStates(w.id)[0])
	w.start(f)
	w.waitPanic(name)
	w.checkLocked(before)
}

// recvKinds are the ways to receive one value from ch.
// Each makes a blocked goroutine show the given state.
var recvKinds = []struct {
	name  string
	state string
	recv  func(ch <-chan int) (int, bool)
}{
	{"Receive", "chan receive", func(ch <-chan int) (int, bool) { return <-ch, true }},
	{"ReceiveOK", "chan receive", func(ch <-chan int) (int, bool) { v, ok := <-ch; return v, ok }},
	{"Range", "chan receive", func(ch <-chan int) (int, bool) {
		for v := range ch {
			return v, true
		}
		return 0, false
	}},
	{"Select", "select", func(ch <-chan int) (int, bool) {
		var never1, never2 chan int
		select {
		case v, ok := <-ch:
			return v, ok
		case v := <-never1:
			return v, false
		case never2 <- 1:
			return 0, false
		}
	}},
	// The compiler makes a plain receive of a select with one case.
	{"SelectOneCase", "chan receive", func(ch <-chan int) (int, bool) {
		select {
		case v, ok := <-ch:
			return v, ok
		}
	}},
	{"SelectAmongSends", "select", func(ch <-chan int) (int, bool) {
		other, full := make(chan int), make(chan int)
		select {
		case full <- 1:
			return 0, false
		case v := <-other:
			return v, false
		case v, ok := <-ch:
			return v, ok
		}
	}},
	{"ReflectRecv", "chan receive", func(ch <-chan int) (int, bool) {
		v, ok := reflect.ValueOf(ch).Recv()
		return int(v.Int()), ok
	}},
	{"ReflectSelect", "select", func(ch <-chan int) (int, bool) {
		_, v, ok := reflect.Select([]reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(make(chan int))},
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)},
		})
		return int(v.Int()), ok
	}},
}

// tryRecvKinds are the ways to receive a value from ch if there is one.
var tryRecvKinds = []struct {
	name string
	recv func(ch <-chan int) (int, bool)
}{
	{"SelectDefault", func(ch <-chan int) (int, bool) {
		select {
		case v := <-ch:
			return v, true
		default:
			return 0, false
		}
	}},
	{"SelectTwoDefault", func(ch <-chan int) (int, bool) {
		var never chan int
		select {
		case v := <-ch:
			return v, true
		case v := <-never:
			return v, false
		default:
			return 0, false
		}
	}},
	{"ReflectTryRecv", func(ch <-chan int) (int, bool) {
		v, ok := reflect.ValueOf(ch).TryRecv()
		if !ok {
			return 0, false
		}
		return int(v.Int()), true
	}},
}

func checkValue(t *testing.T, got, want int) {
	t.Helper()
	if got != want {
		t.Fatalf("received %d, want %d", got, want)
	}
}

func TestLockToRecvOSThreadPanic(t *testing.T) {
	t.Run("ChIsNil", func(t *testing.T) {
		w := newTLWorker(t)
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread[int](nil) })
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread[struct{}](nil) })
	})
	t.Run("ChIsClosed/Empty", func(t *testing.T) {
		for _, size := range []int{0, 1} {
			w := newTLWorker(t)
			ch := make(chan int, size)
			close(ch)
			w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(ch) })
		}
	})
	t.Run("ChIsClosed/ValuesLeft", func(t *testing.T) {
		w := newTLWorker(t)
		ch := make(chan int, 2)
		ch <- 1
		ch <- 2
		close(ch)
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(ch) })
		if v1, v2 := <-ch, <-ch; v1 != 1 || v2 != 2 {
			t.Fatalf("received %d, %d, want 1, 2", v1, v2)
		}
	})
	t.Run("ChIsClosedWhileWaiting", func(t *testing.T) {
		for _, buffered := range []int{0, 1} {
			ch := make(chan int, 1)
			for range buffered {
				ch <- 7
			}
			ws := tlWaiters(t, 3, ch)
			close(ch)
			for _, w := range ws {
				w.waitPanic(lockToRecv)
				w.checkLocked(false)
			}
			for range buffered {
				checkValue(t, <-ch, 7)
			}
		}
	})

	// The caller is locked already: whether anybody receives or not.
	lockedCaller := func(t *testing.T, lock, unlock func(), n int) {
		idle := make(chan int)
		w := newTLWorker(t)
		for range n {
			w.do(lock)
		}
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(idle) })

		r := newTLWorker(t)
		ch := make(chan int)
		got := 0
		r.do(runtime.LockOSThread)
		r.start(func() { got = <-ch })
		r.waitState("chan receive")
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(ch) })
		r.checkState("chan receive")
		ch <- 1
		r.wait()
		checkValue(t, got, 1)
		r.checkUnlocks(1, runtime.UnlockOSThread)
		w.checkUnlocks(n, unlock)
	}
	t.Run("CallerIsLocked/LockOSThread", func(t *testing.T) {
		lockedCaller(t, runtime.LockOSThread, runtime.UnlockOSThread, 1)
	})
	t.Run("CallerIsLocked/LockOSThreadTwice", func(t *testing.T) {
		lockedCaller(t, runtime.LockOSThread, runtime.UnlockOSThread, 2)
	})
	t.Run("CallerIsLocked/ThreadLocker", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		lockedCaller(t, l.Lock, l.Unlock, 1)
	})
	t.Run("CallerIsLocked/ThreadLockerTwice", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		lockedCaller(t, l.Lock, l.Unlock, 2)
	})
	t.Run("CallerIsLocked/LockToRecvOSThread", func(t *testing.T) {
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		join := func() { runtime.LockToRecvOSThread(r.work) }
		lockedCaller(t, join, runtime.UnlockOSThread, 1)
		r.do(func() {})

		// Even to the thread that it is locked to.
		w := newTLWorker(t)
		w.do(join)
		w.doPanic(lockToRecv, join)
		w.checkUnlocks(1, runtime.UnlockOSThread)
	})

	for _, kind := range recvKinds {
		t.Run("ReceiverIsNotLocked/Blocked/"+kind.name, func(t *testing.T) {
			w, r := newTLWorker(t), newTLWorker(t)
			ch := make(chan int)
			got, ok := 0, false
			r.start(func() { got, ok = kind.recv(ch) })
			r.waitState(kind.state)
			w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(ch) })
			r.checkState(kind.state)
			ch <- 5
			r.wait()
			checkValue(t, got, 5)
			if !ok {
				t.Fatal("received not ok")
			}
		})
		t.Run("ReceiverIsNotLocked/Arrives/"+kind.name, func(t *testing.T) {
			r := newTLWorker(t)
			ch := make(chan int)
			ws := tlWaiters(t, 2, ch)
			got := 0
			r.start(func() { got, _ = kind.recv(ch) })
			for _, w := range ws {
				w.waitPanic(lockToRecv)
				w.checkLocked(false)
			}
			r.waitState(kind.state)
			ch <- 6
			r.wait()
			checkValue(t, got, 6)
		})
		t.Run("ReceiverIsNotLocked/ReceivesAtOnce/"+kind.name, func(t *testing.T) {
			r := newTLWorker(t)
			ch := make(chan int, 1)
			ch <- 7
			w := tlWaiters(t, 1, ch)[0]
			got := 0
			r.do(func() { got, _ = kind.recv(ch) })
			w.waitPanic(lockToRecv)
			w.checkLocked(false)
			checkValue(t, got, 7)
		})
	}
	t.Run("ReceiverIsNotLocked/AnyMore", func(t *testing.T) {
		w, r := newTLWorker(t), newTLWorker(t)
		r.do(runtime.LockOSThread)
		r.do(runtime.UnlockOSThread)
		l := runtime.MakeThreadLocker()
		r.do(l.Lock)
		r.do(l.Unlock)
		r.idle()
		w.doPanic(lockToRecv, func() { runtime.LockToRecvOSThread(r.work) })
	})
}

// TestLockToRecvOSThreadLongest tests that the receiver that has waited
// longest decides, here about panic or not.
func TestLockToRecvOSThreadLongest(t *testing.T) {
	for _, kind := range recvKinds {
		t.Run(kind.name, func(t *testing.T) {
			ch := make(chan int)
			// Three receivers. The one in the middle is not locked.
			var rs []*tlWorker
			got := make([]int, 3)
			for i := range 3 {
				r := newTLWorker(t)
				if i != 1 {
					r.do(runtime.LockOSThread)
				}
				r.start(func() { got[i], _ = kind.recv(ch) })
				r.waitState(kind.state)
				rs = append(rs, r)
			}
			for i := range 3 {
				w := newTLWorker(t)
				join := func() { runtime.LockToRecvOSThread(ch) }
				if i == 1 {
					w.doPanic(lockToRecv, join)
				} else {
					w.do(join)
					w.checkUnlocks(1, runtime.UnlockOSThread)
				}
				// Nobody was disturbed: the next value is for receiver i.
				for _, r := range rs[i:] {
					r.checkState(kind.state)
				}
				ch <- 100 + i
				rs[i].wait()
				checkValue(t, got[i], 100+i)
			}
		})
	}
}

// TestLockToRecvOSThreadWait tests what a caller waits for.
func TestLockToRecvOSThreadWait(t *testing.T) {
	joined := func(ws []*tlWorker) {
		for _, w := range ws {
			w.t.Helper()
			w.wait()
			w.checkUnlocks(1, runtime.UnlockOSThread)
		}
	}
	for _, kind := range recvKinds {
		for _, n := range []int{1, 3} {
			name := fmt.Sprintf("/%s/%dCallers", kind.name, n)
			t.Run("ReceiverArrives"+name, func(t *testing.T) {
				ch := make(chan int)
				ws := tlWaiters(t, n, ch)
				r := newTLWorker(t)
				r.do(runtime.LockOSThread)
				got := 0
				r.start(func() { got, _ = kind.recv(ch) })
				joined(ws)
				r.waitState(kind.state)
				ch <- 1
				r.wait()
				checkValue(t, got, 1)
			})
			t.Run("ReceivesFromBuffer"+name, func(t *testing.T) {
				ch := make(chan int, 4)
				for i := range 4 {
					ch <- i
				}
				ws := tlWaiters(t, n, ch)
				r := newTLWorker(t)
				r.do(runtime.LockOSThread)
				for i := range 4 {
					got := -1
					r.do(func() { got, _ = kind.recv(ch) })
					checkValue(t, got, i)
				}
				joined(ws)
			})
			t.Run("ReceivesFromBlockedSender"+name, func(t *testing.T) {
				for size := range 2 {
					ch := make(chan int, size)
					// The last sender blocks, behind a full buffer if there is one.
					var ss []*tlWorker
					for i := range size + 1 {
						s := newTLWorker(t)
						s.start(func() { ch <- i })
						if i < size {
							s.wait()
						} else {
							s.waitState("chan send")
							ss = append(ss, s)
						}
					}
					ws := tlWaiters(t, n, ch)
					r := newTLWorker(t)
					r.do(runtime.LockOSThread)
					got := -1
					r.do(func() { got, _ = kind.recv(ch) })
					checkValue(t, got, 0)
					tlWaitAll(ss...)
					joined(ws)
					if size == 1 {
						checkValue(t, <-ch, 1)
					}
				}
			})
		}
	}
	for _, kind := range tryRecvKinds {
		t.Run("ReceivesWithoutBlocking/"+kind.name, func(t *testing.T) {
			ch := make(chan int, 1)
			ws := tlWaiters(t, 2, ch)
			r := newTLWorker(t)
			r.do(runtime.LockOSThread)

			// A try that finds nothing is no receive.
			got, ok := 0, false
			r.do(func() { got, ok = kind.recv(ch) })
			if ok {
				t.Fatalf("received %d from an empty channel", got)
			}
			for _, w := range ws {
				w.checkState(lockToRecvWait)
			}

			ch <- 8
			for _, w := range ws {
				w.checkState(lockToRecvWait)
			}
			r.do(func() { got, ok = kind.recv(ch) })
			if !ok {
				t.Fatal("received nothing")
			}
			checkValue(t, got, 8)
			joined(ws)
		})
	}
	t.Run("SelectTakesOtherCase", func(t *testing.T) {
		ch, other := make(chan int), make(chan int, 1)
		ws := tlWaiters(t, 1, ch)
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		r.do(func() {
			other <- 1
			select {
			case <-ch:
				panic("received from a channel without values")
			case <-other:
			}
		})
		ws[0].checkState(lockToRecvWait)
		r.start(func() { <-ch })
		joined(ws)
		ch <- 1
		r.wait()
	})
	t.Run("ValueWithoutReceiver", func(t *testing.T) {
		// Values in a channel release nobody.
		ch := make(chan int, 2)
		ch <- 1
		ws := tlWaiters(t, 2, ch)
		ch <- 2
		for _, w := range ws {
			w.checkState(lockToRecvWait)
		}
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		v1, v2 := 0, 0
		r.do(func() { v1, v2 = <-ch, <-ch })
		checkValue(t, v1, 1)
		checkValue(t, v2, 2)
		joined(ws)
	})
	t.Run("ReceiverHoldsThreadLocker", func(t *testing.T) {
		ch := make(chan int)
		ws := tlWaiters(t, 2, ch)
		r := newTLWorker(t)
		r.do(runtime.MakeThreadLocker().Lock)
		r.start(func() { <-ch })
		joined(ws)
		r.waitState("chan receive")
		w := newTLWorker(t)
		w.do(func() { runtime.LockToRecvOSThread(ch) })
		w.checkUnlocks(1, runtime.UnlockOSThread)
		ch <- 1
		r.wait()
	})
	t.Run("BusyServer", func(t *testing.T) {
		// The server always finds a value, so it never blocks.
		// Callers come and go all the while. No value gets lost or moved.
		ch := make(chan int, 8)
		stop := make(chan struct{})
		sent := make(chan int)
		go func() {
			for i := 0; ; i++ {
				select {
				case ch <- i:
				case <-stop:
					close(ch)
					sent <- i
					return
				}
			}
		}()
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		n := 0
		r.start(func() {
			for v := range ch {
				if v != n {
					panic(fmt.Sprintf("received %d, want %d", v, n))
				}
				n++
			}
		})
		for range 3 {
			var ws []*tlWorker
			for range 3 {
				w := newTLWorker(t)
				w.start(func() { runtime.LockToRecvOSThread(ch) })
				ws = append(ws, w)
			}
			joined(ws)
		}
		close(stop)
		want := <-sent
		r.wait()
		checkValue(t, n, want)
	})
}

// TestLockToRecvOSThreadOrder tests that callers change neither the order of
// values nor who gets which.
func TestLockToRecvOSThreadOrder(t *testing.T) {
	for _, kind := range recvKinds {
		t.Run(kind.name, func(t *testing.T) {
			ch := make(chan int)
			const n = 4
			var rs []*tlWorker
			got := make([]int, n)
			for i := range n {
				r := newTLWorker(t)
				r.do(runtime.LockOSThread)
				r.start(func() { got[i], _ = kind.recv(ch) })
				r.waitState(kind.state)
				rs = append(rs, r)
				w := newTLWorker(t)
				w.do(func() { runtime.LockToRecvOSThread(ch) })
				w.do(runtime.UnlockOSThread)
			}
			for i, r := range rs {
				ch <- i
				r.wait()
				checkValue(t, got[i], i)
			}
		})
	}
}

func TestThreadLockerPanic(t *testing.T) {
	t.Run("ZeroValue", func(t *testing.T) {
		w := newTLWorker(t)
		var l runtime.ThreadLocker
		w.doPanic(tlLock, func() { l.Lock() })
		w.doPanic(tlUnlock, func() { l.Unlock() })
		p := new(runtime.ThreadLocker)
		w.doPanic(tlLock, p.Lock)
		w.doPanic(tlUnlock, p.Unlock)
		w.do(runtime.LockOSThread)
		w.doPanic(tlLock, p.Lock)
		w.doPanic(tlUnlock, p.Unlock)
		w.checkUnlocks(1, runtime.UnlockOSThread)
	})
	t.Run("Copy", func(t *testing.T) {
		// Copy in a way that vet does not see.
		dup := func(l *runtime.ThreadLocker) *runtime.ThreadLocker {
			v := reflect.New(reflect.TypeFor[runtime.ThreadLocker]())
			v.Elem().Set(reflect.ValueOf(l).Elem())
			return v.Interface().(*runtime.ThreadLocker)
		}
		w := newTLWorker(t)
		l := runtime.MakeThreadLocker()
		c := dup(l)
		w.doPanic(tlLock, c.Lock)
		w.doPanic(tlUnlock, c.Unlock)
		w.do(l.Lock)
		w.doPanic(tlLock, c.Lock)
		w.doPanic(tlUnlock, c.Unlock)
		c = dup(l) // now of a bound one
		w.doPanic(tlLock, c.Lock)
		w.doPanic(tlUnlock, c.Unlock)
		w2 := newTLWorker(t)
		w2.doPanic(tlLock, c.Lock)
		w.checkUnlocks(1, l.Unlock)
	})
	t.Run("LockAnother", func(t *testing.T) {
		w, w2 := newTLWorker(t), newTLWorker(t)
		l, unbound, bound := runtime.MakeThreadLocker(), runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w2.do(bound.Lock)
		w.do(l.Lock)
		w.do(l.Lock)
		w.doPanic(tlLock, unbound.Lock)
		w.doPanic(tlLock, bound.Lock)
		w.doPanic(tlUnlock, unbound.Unlock)
		w.doPanic(tlUnlock, bound.Unlock)
		// Also if LockOSThread holds the goroutine as well.
		w.do(runtime.LockOSThread)
		w.doPanic(tlLock, unbound.Lock)
		w.doPanic(tlLock, bound.Lock)
		w.do(runtime.UnlockOSThread)
		w.checkUnlocks(2, l.Unlock)
		w2.checkUnlocks(1, bound.Unlock)
		// The failed calls left no trace in the lockers, either.
		w.do(unbound.Lock)
		w2.do(l.Lock)
		w.checkUnlocks(1, unbound.Unlock)
		w2.checkUnlocks(1, l.Unlock)
	})
	t.Run("LockOnOtherThread", func(t *testing.T) {
		if runtime.GOARCH == "wasm" {
			t.Skip("there is one thread")
		}
		w, w2 := newTLWorker(t), newTLWorker(t)
		l := runtime.MakeThreadLocker()
		w.do(l.Lock)
		w2.do(runtime.LockOSThread)
		w2.do(runtime.LockOSThread)
		w2.doPanic(tlLock, l.Lock)
		w2.doPanic(tlUnlock, l.Unlock)
		w2.checkUnlocks(2, runtime.UnlockOSThread)
		w.checkUnlocks(1, l.Unlock)
	})
	t.Run("UnlockNotHeld", func(t *testing.T) {
		w, w2 := newTLWorker(t), newTLWorker(t)
		l, other := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
		w.doPanic(tlUnlock, l.Unlock) // never bound
		w2.do(l.Lock)
		w.doPanic(tlUnlock, l.Unlock) // somebody else's
		w.do(runtime.LockOSThread)
		w.doPanic(tlUnlock, l.Unlock) // locked, but not by l
		w.checkUnlocks(1, runtime.UnlockOSThread)
		w.do(other.Lock)
		w.doPanic(tlUnlock, l.Unlock) // holder of another
		w.do(other.Unlock)
		w.do(l.Lock)
		w.do(l.Unlock)
		w.doPanic(tlUnlock, l.Unlock) // once too often
		w2.checkLocked(true)
		// LockToRecvOSThread does not make a holder.
		w2.idle()
		w.do(func() { runtime.LockToRecvOSThread(w2.work) })
		w.doPanic(tlUnlock, l.Unlock)
		w.checkUnlocks(1, runtime.UnlockOSThread)
		w2.checkUnlocks(1, l.Unlock)
		w2.doPanic(tlUnlock, l.Unlock)
		// The goroutines that a holder starts are no holders.
		w2.do(l.Lock)
		var e any
		w2.do(func() {
			c := make(chan any)
			go func() {
				defer func() { c <- recover() }()
				l.Unlock()
			}()
			e = <-c
		})
		tlPanic(t, tlUnlock, e)
		w2.checkUnlocks(1, l.Unlock)
	})
}

// TestThreadLockerCounts tests nesting, alone and mixed with LockOSThread.
func TestThreadLockerCounts(t *testing.T) {
	t.Run("LockNests", func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 10} {
			w := newTLWorker(t)
			l := runtime.MakeThreadLocker()
			for range n {
				w.do(l.Lock)
			}
			w.checkUnlocks(n, l.Unlock)
			w.doPanic(tlUnlock, l.Unlock)
		}
	})
	t.Run("LockNestsDeeply", func(t *testing.T) {
		const n = 1<<16 + 1 // does not fit 16 bits
		w := newTLWorker(t)
		l := runtime.MakeThreadLocker()
		w.do(func() {
			for range n {
				l.Lock()
			}
			for range n - 1 {
				l.Unlock()
			}
		})
		w.checkUnlocks(1, l.Unlock)
	})
	t.Run("LockNestsCheaply", func(t *testing.T) {
		w := newTLWorker(t)
		l := runtime.MakeThreadLocker()
		w.do(l.Lock)
		var allocs float64
		w.do(func() {
			allocs = testing.AllocsPerRun(100, func() {
				l.Lock()
				l.Unlock()
			})
		})
		if allocs != 0 {
			t.Errorf("a nested Lock and Unlock allocate %v times", allocs)
		}
		w.checkUnlocks(1, l.Unlock)
	})
	t.Run("CountsPerGoroutine", func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		var ws []*tlWorker
		for i := range 4 {
			w := newTLWorker(t)
			for range i + 1 {
				w.do(l.Lock)
			}
			ws = append(ws, w)
		}
		for i, w := range ws {
			w.checkUnlocks(i+1, l.Unlock)
			w.doPanic(tlUnlock, l.Unlock)
			for _, w := range ws[i+1:] {
				w.checkLocked(true)
			}
		}
	})
	t.Run("LockOSThreadCountsPerGoroutine", func(t *testing.T) {
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		var ws []*tlWorker
		for i := range 4 {
			w := newTLWorker(t)
			w.do(func() { runtime.LockToRecvOSThread(r.work) })
			w.do(func() {
				// An exclusive section.
				for range i {
					runtime.LockOSThread()
				}
				runtime.Gosched()
				for range i {
					runtime.UnlockOSThread()
				}
			})
			ws = append(ws, w)
		}
		for i, w := range ws {
			w.checkUnlocks(1, runtime.UnlockOSThread)
			w.do(runtime.UnlockOSThread) // no-op
			for _, w := range ws[i+1:] {
				w.checkLocked(true)
			}
		}
		r.checkUnlocks(1, runtime.UnlockOSThread)
	})
	t.Run("UnlockWhileLockOSThread", func(t *testing.T) {
		// Both kinds of holds, dropped in both orders.
		for _, lockerFirst := range []bool{true, false} {
			w := newTLWorker(t)
			l := runtime.MakeThreadLocker()
			for range 2 {
				w.do(l.Lock)
				w.do(runtime.LockOSThread)
			}
			first, last := runtime.UnlockOSThread, l.Unlock
			if lockerFirst {
				first, last = last, first
			}
			w.do(first)
			w.do(first)
			w.checkUnlocks(2, last)
			w.doPanic(tlUnlock, l.Unlock)
		}
	})
	t.Run("UnlockOSThreadWithoutHold", func(t *testing.T) {
		w := newTLWorker(t)
		l := runtime.MakeThreadLocker()
		w.do(runtime.UnlockOSThread)
		w.do(l.Lock)
		w.do(runtime.UnlockOSThread)
		w.do(runtime.UnlockOSThread)
		w.do(runtime.LockOSThread) // not eaten by what came before
		w.do(l.Unlock)
		w.checkUnlocks(1, runtime.UnlockOSThread)
	})
	t.Run("StartedGoroutineIsNotLocked", func(t *testing.T) {
		w := newTLWorker(t)
		l := runtime.MakeThreadLocker()
		w.do(l.Lock)
		w.do(runtime.LockOSThread)
		var child *tlWorker
		w.do(func() { child = newTLWorker(t) })
		child.checkLocked(false)
	})
}

// TestThreadLockerEnd tests that a goroutine that ends is not a holder any more.
func TestThreadLockerEnd(t *testing.T) {
	for _, how := range tlEnds {
		t.Run(how.name, func(t *testing.T) {
			l := runtime.MakeThreadLocker()
			w := newTLWorker(t)
			w.do(l.Lock)
			w.do(l.Lock)
			w.do(runtime.LockOSThread)
			how.end(w)
			w.gone()
			// l is unbound: a goroutine locked elsewhere can bind it.
			w2 := newTLWorker(t)
			w2.do(runtime.LockOSThread)
			w2.do(l.Lock)
			w2.do(runtime.UnlockOSThread)
			w2.checkUnlocks(1, l.Unlock)
		})
	}
}

// tlEnds are the ways for a goroutine to end.
var tlEnds = []struct {
	name string
	end  func(w *tlWorker)
}{
	{"Return", (*tlWorker).end},
	{"Goexit", func(w *tlWorker) { w.do(runtime.Goexit) }},
}

// TestThreadLockerSynctestDo tests that what Do, Go and Inherit start belongs to the bubble
// of who calls them.
func TestThreadLockerSynctestDo(t *testing.T) {
	l := runtime.MakeThreadLocker()
	bound, leave := make(chan bool), make(chan bool)
	go func() {
		l.Lock()
		close(bound)
		<-leave
	}()
	<-bound
	defer close(leave)
	// sleeps has an hour pass in a bubble, by what do calls.
	sleeps := func(t *testing.T, do func(f func())) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			do(func() { time.Sleep(time.Hour) })
			if d := time.Since(start); d != time.Hour {
				t.Errorf("slept for %v, want 1h", d)
			}
			c := make(chan bool)
			go func() {
				time.Sleep(time.Minute)
				close(c)
			}()
			do(func() { <-c }) // a channel of the bubble
		})
	}
	for _, test := range []struct {
		name string
		do   func(f func())
	}{
		{"Do", l.Do},
		{"DoByLocked", func(f func()) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			l.Do(f)
		}},
		{"DoByHolder", func(f func()) {
			l.Lock()
			defer l.Unlock()
			l.Do(f)
		}},
		{"Exclusive", func(f func()) {
			l.Lock()
			defer l.Unlock()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f()
		}},
		{"Go", func(f func()) {
			done := make(chan bool)
			l.Go(func() {
				f()
				close(done)
			})
			<-done
		}},
		{"Inherit", func(f func()) {
			l.Lock()
			defer l.Unlock()
			l.Inherit(true)
			defer l.Inherit(false)
			done := make(chan bool)
			go func() {
				f()
				close(done)
			}()
			<-done
		}},
	} {
		t.Run(test.name, func(t *testing.T) { sleeps(t, test.do) })
	}
	t.Run("DoPanics", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			defer func() {
				if e := recover(); e != 1 {
					t.Errorf("recovered %v, want 1", e)
				}
			}()
			l.Do(func() {
				time.Sleep(time.Hour)
				panic(1)
			})
		})
	})
}

// TestThreadLockerSynctest tests the rules for bubbles of testing/synctest.
func TestThreadLockerSynctest(t *testing.T) {
	t.Run("BubbleChannelIsDurable", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ch := make(chan int)
			var locked atomic.Bool
			ids := make(chan string, 1)
			go func() {
				ids <- tlID()
				runtime.LockToRecvOSThread(ch)
				locked.Store(true)
				runtime.UnlockOSThread()
			}()
			id := <-ids
			synctest.Wait() // would hang if the wait were not durable
			if s := tlStates(id)[0]; !isState(s, lockToRecvWait) || !strings.Contains(s, "durable") {
				t.Errorf("waiting goroutine: [%s], want %s and durable", s, lockToRecvWait)
			}
			// Time passes while everybody waits durably.
			start := time.Now()
			time.Sleep(time.Hour)
			if d := time.Since(start); d != time.Hour {
				t.Errorf("slept for %v, want 1h", d)
			}
			if locked.Load() {
				t.Error("LockToRecvOSThread returned without a receiver")
			}
			got := 0
			go func() {
				runtime.LockOSThread()
				got = <-ch
				runtime.UnlockOSThread()
			}()
			synctest.Wait()
			if !locked.Load() {
				t.Error("LockToRecvOSThread did not return")
			}
			ch <- 3
			synctest.Wait()
			if got != 3 {
				t.Errorf("received %d, want 3", got)
			}
		})
	})
	t.Run("BubbleChannelClosed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ch := make(chan int)
			var e any
			go func() {
				defer func() { e = recover() }()
				runtime.LockToRecvOSThread(ch)
			}()
			synctest.Wait()
			close(ch)
			synctest.Wait()
			tlPanic(t, lockToRecv, e)
		})
	})
	// What does not block durably shows as two goroutines in one dump: the
	// one that waits, and the root of the bubble still in synctest.Wait.
	bubble := func(t *testing.T, state string, f func(), check func()) {
		ids := make(chan string, 2)
		done := make(chan struct{})
		go func() {
			defer close(done)
			synctest.Test(t, func(t *testing.T) {
				ids <- tlID()
				go func() {
					ids <- tlID()
					f()
				}()
				synctest.Wait()
			})
		}()
		root, waiter := <-ids, <-ids
		tlPoll(t, "the bubble to wait", func() bool {
			s := tlStates(root, waiter)
			return isState(s[0], "synctest.Wait") && isState(s[1], state)
		})
		check()
		<-done
	}
	t.Run("OtherChannelIsNotDurable", func(t *testing.T) {
		ch := make(chan int)
		r := newTLWorker(t)
		r.do(runtime.LockOSThread)
		bubble(t, lockToRecvWait, func() {
			runtime.LockToRecvOSThread(ch)
			runtime.UnlockOSThread()
		}, func() {
			r.start(func() { <-ch })
		})
		ch <- 1
		r.wait()
	})
}

// TestThreadLockerVet tests that go vet reports copies of a ThreadLocker.
func TestThreadLockerVet(t *testing.T) {
	testenv.MustHaveGoBuild(t)
	if testing.Short() {
		t.Skip("skipping a run of go vet in short mode")
	}
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module copied\n\ngo 1.26\n")
	write("copied.go", `package copied

import "runtime"

type thing struct {
	l runtime.ThreadLocker
}

func assign() {
	p := runtime.MakeThreadLocker()
	l := *p // want
	l.Lock()
	defer l.Unlock()
}

func pass(l runtime.ThreadLocker) { // want
	l.Lock()
	defer l.Unlock()
}

func (t thing) method() { // want
	t.l.Lock()
	defer t.l.Unlock()
}

func fine() *runtime.ThreadLocker {
	l := runtime.MakeThreadLocker()
	l.Lock()
	defer l.Unlock()
	return l
}
`)
	text, err := os.ReadFile(filepath.Join(dir, "copied.go"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := testenv.CleanCmdEnv(exec.Command(testenv.GoToolPath(t), "vet", "."))
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("go vet found nothing wrong")
	}
	for i, line := range strings.Split(string(text), "\n") {
		want := strings.Contains(line, "// want")
		got := strings.Contains(string(out), fmt.Sprintf("copied.go:%d:", i+1))
		if got != want {
			t.Errorf("line %d, %q: reported: %v, want %v", i+1, line, got, want)
		}
	}
	if t.Failed() {
		t.Logf("go vet:\n%s", out)
	}
}

// tlSlow skips a slow test under the race detector in short mode, where the
// limit on the time of package runtime is hardly enough for the other tests.
func tlSlow(t *testing.T) {
	if race.Enabled && testing.Short() {
		t.Skip("skipping in short mode: slow under the race detector")
	}
}

// TestThreadLockerProgs runs what must run as a program of its own.
func TestThreadLockerProgs(t *testing.T) {
	tlSlow(t)
	for _, test := range []struct {
		name string
		env  []string
	}{
		{"ThreadLockerInit", nil},
		{"ThreadLockerInitLocked", nil},
		{"ThreadLockerMain", nil},
		{"ThreadLockerMainTaint", nil},
		{"ThreadLockerMainUnlocks", nil},
		{"ThreadLockerMainReturns", nil},
		{"ThreadLockerMainGoexit", nil},
		{"ThreadLockerMainGoexit", []string{"GOMAXPROCS=1"}},
		{"ThreadLockerExit", nil},
		{"ThreadLockerNoDeadlock", nil},
		{"ThreadLockerNoDeadlock", []string{"GOMAXPROCS=1"}},
		{"ThreadLockerPreempt", nil},
		{"ThreadLockerPreempt", []string{"GOMAXPROCS=1"}},
		{"ThreadLockerPreempt", []string{"GODEBUG=asyncpreemptoff=1"}},
		{"ThreadLockerPreempt", []string{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}},
		{"ThreadLockerProgress", []string{"GOMAXPROCS=1"}},
		{"ThreadLockerProgress", []string{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}},
		{"ThreadLockerProgress", []string{"GOMAXPROCS=2", "GOGC=1"}},
		{"ThreadLockerStuckGC", []string{"GOMAXPROCS=2"}},
		{"ThreadLockerStuckGC", []string{"GOMAXPROCS=4"}},
		{"ThreadLockerStuckAlloc", []string{"GOMAXPROCS=2", "GOGC=1"}},
		{"ThreadLockerStuckAlloc", []string{"GOMAXPROCS=4", "GOGC=1"}},
		{"ThreadLockerStuckSTW", []string{"GOMAXPROCS=2"}},
		{"ThreadLockerStuckSTW", []string{"GOMAXPROCS=4"}},
		{"ThreadLockerPing", []string{"GODEBUG=gcstoptheworld=1"}},
		{"ThreadLockerPing", []string{"GODEBUG=gccheckmark=1"}},
		{"ThreadLockerPing", []string{"GODEBUG=schedtrace=10,scheddetail=1"}},
		{"ThreadLockerPing", []string{"GODEBUG=dontfreezetheworld=1"}},
	} {
		t.Run(strings.Join(append([]string{test.name}, test.env...), ","), func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(test.name, "ThreadLockerStuck") {
				switch runtime.GOOS {
				case "windows", "plan9", "js", "wasip1":
					t.Skip("the program needs pipe(2)")
				}
			}
			output, err := runTestProgErr(t, test.name, test.env...)
			// A GODEBUG setting can add to the output, at any time.
			if err != nil || !strings.Contains(output, "OK") {
				t.Fatalf("%v, output:\n%s\nwant OK", err, output)
			}
		})
	}
}

func runTestProgErr(t *testing.T, name string, env ...string) (string, error) {
	t.Helper()
	exe, err := buildTestProg(t, "testprog")
	if err != nil {
		t.Fatal(err)
	}
	return runBuiltTestProgErr(t, exe, name, env...)
}

// TestThreadLockerFatal runs programs that end with a fatal error.
func TestThreadLockerFatal(t *testing.T) {
	const coro = "fatal error: coro: OS thread locking must match locking at coroutine creation"
	for _, test := range []struct{ name, want string }{
		{"ThreadLockerCoroLockAfterPull", coro},
		{"ThreadLockerCoroUnlockAfterPull", coro},
		{"ThreadLockerCoroNestAfterPull", coro},
		{"ThreadLockerCoroLockOSThreadAfterPull", coro},
		{"ThreadLockerCoroBodyLocks", coro},
		{"ThreadLockerCoroBodyUnlocks", coro},
		{"ThreadLockerCoroOtherThread", coro},
		{"ThreadLockerCoroJoinAfterPull", coro},
		{"ThreadLockerSynctestOutside", "fatal error: "},
		{"ThreadLockerPanic", "panic: one that is not recovered\n\ngoroutine "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			output, err := runTestProgErr(t, test.name)
			if err == nil || !strings.Contains(output, test.want) {
				t.Fatalf("%v, output:\n%s\nwant it to contain %q", err, output, test.want)
			}
			if test.name == "ThreadLockerSynctestOutside" && !strings.Contains(output, "synctest channel from outside bubble") {
				t.Fatalf("output:\n%s\nwant it to say that the channel belongs to a bubble", output)
			}
		})
	}
}

// TestThreadLockerFreeze tests that a shared thread stops when the program is
// about to crash and the world is not to be frozen for that.
func TestThreadLockerFreeze(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the program is for linux")
	}
	t.Parallel()
	output, err := runTestProgErr(t, "ThreadLockerFreeze", "GODEBUG=dontfreezetheworld=1", "GOMAXPROCS=2")
	_, after, ok := strings.Cut(output, "panic: ")
	if err == nil || !ok {
		t.Fatalf("%v, output:\n%.1000s\nwant a panic", err, output)
	}
	// One goroutine may have been about to write.
	if n := strings.Count(after, "turn\n"); n > 1 {
		t.Errorf("goroutines had %d turns after the panic", n)
	}
}

// TestThreadLockerDeadlock tests that the deadlock check sees goroutines that
// wait in LockToRecvOSThread and those that share a thread, and what the dump
// says about them.
func TestThreadLockerDeadlock(t *testing.T) {
	// External linking brings in cgo, causing deadlock detection not working.
	testenv.MustInternalLink(t, deadlockBuildTypes)

	for _, test := range []struct {
		name   string
		states []string // regular expressions, one goroutine each
	}{
		{"ThreadLockerDeadlockRecv", []string{`[^,\]]*LockToRecvOSThread[^,\]]*`}},
		{"ThreadLockerDeadlockJoiners", []string{
			`[^,\]]*LockToRecvOSThread[^,\]]*`,
			`[^,\]]*LockToRecvOSThread[^,\]]*`,
			`chan send, locked to thread[^\]]*`,
		}},
		{"ThreadLockerDeadlockColocated", []string{
			`chan receive, locked to thread[^\]]*`,
			`chan receive, locked to thread[^\]]*`,
			`select \(no cases\), locked to thread[^\]]*`,
		}},
		{"ThreadLockerDeadlockMain", []string{
			`chan receive, locked to thread[^\]]*`,
			`chan receive, locked to thread[^\]]*`,
		}},
		{"ThreadLockerDeadlockGone", []string{`chan receive`}},
		{"ThreadLockerMainGoexitDeadlock", []string{`chan receive, locked to thread[^\]]*`}},
		{"ThreadLockerMainGoexitNobody", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			output, err := runTestProgErr(t, test.name)
			want := "fatal error: all goroutines are asleep - deadlock!\n"
			if test.states == nil {
				want = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n"
			}
			if err == nil || !strings.HasPrefix(output, want) {
				t.Fatalf("%v, output does not start with %q:\n%s", err, want, output)
			}
			left := output
			for _, state := range test.states {
				re := regexp.MustCompile(`(?m)^goroutine \d+ (?:gp=.*)?\[` + state + `\]:$`)
				loc := re.FindStringIndex(left)
				if loc == nil {
					t.Fatalf("no goroutine left that matches %q, output:\n%s", re, output)
				}
				left = left[:loc[0]] + left[loc[1]:]
			}
		})
	}
}

// Functions of Do, which run one after another, need no other synchronization, also in the
// eyes of the race detector.
func TestThreadLockerDoOrder(t *testing.T) {
	l := runtime.MakeThreadLocker()
	l.Lock()
	defer l.Unlock()
	var wg sync.WaitGroup
	n := 0
	for i := range 8 {
		wg.Go(func() {
			if i%2 == 0 {
				runtime.LockOSThread()
			}
			for j := range 100 {
				l.Do(func() {
					n++
					if j%10 == 0 {
						l.Yield()
					}
					l.Do(func() { n++ })
				})
			}
		})
	}
	wg.Wait()
	if n != 8*100*2 {
		t.Errorf("n is %d, want %d", n, 8*100*2)
	}
}
