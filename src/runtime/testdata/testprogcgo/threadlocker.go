// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

// Callbacks from C on a thread that goroutines share.
//
// Most programs are scripts: the main goroutine, which is not locked, tells
// goroutines that hold a ThreadLocker what to do, see tlG. Where it needs one of
// them to be blocked it asks for goroutine dumps until they say so. So a broken
// runtime makes a script fail, crash or hang, and time is of no importance.

/*
#include <stdint.h>

// Defined in threadlocker_c.c.
extern int threadLockerThread(void);
extern int threadLockerEvent(int);
extern uintptr_t threadLockerCall(uintptr_t, uintptr_t, int, int*);
extern void threadLockerContext(void*);
extern void threadLockerTraceback(void*);
extern void threadLockerSymbolizer(void*);
*/
import "C"

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"runtime/cgo"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

func init() {
	register("ThreadLockerCallbackWait", ThreadLockerCallbackWait)
	register("ThreadLockerCallbackOrder", ThreadLockerCallbackOrder)
	register("ThreadLockerCallbackAbandon", ThreadLockerCallbackAbandon)
	register("ThreadLockerCallbackDeadlock", ThreadLockerCallbackDeadlock)
	register("ThreadLockerCallbackLeave", ThreadLockerCallbackLeave)
	register("ThreadLockerCallbackHolds", ThreadLockerCallbackHolds)
	register("ThreadLockerCallbackCoro", ThreadLockerCallbackCoro)
	register("ThreadLockerCallbackTraceback", ThreadLockerCallbackTraceback)
	register("ThreadLockerCallbackModel", ThreadLockerCallbackModel)
	register("ThreadLockerCallbackMany", ThreadLockerCallbackMany)
	register("ThreadLockerCallbackPreempt", ThreadLockerCallbackPreempt)
	register("ThreadLockerCallbackStress", ThreadLockerCallbackStress)
	register("LockOSThreadCallback", LockOSThreadCallback)
	register("ThreadLockerInit", ThreadLockerInit)
	registerInit("ThreadLockerInit", threadLockerInit)
}

// tlCallbackWait is the wait reason of a goroutine whose callback waits to
// return to C.
const tlCallbackWait = "cgo callback return"

//export threadLockerCallback
func threadLockerCallback(h C.uintptr_t) C.uintptr_t {
	return C.uintptr_t(cgo.Handle(h).Value().(func() uintptr)())
}

// tlCall calls C, which calls f, and returns what f returned. words is the
// size of the C frame. When f has returned C notes event, and tlCall returns
// the event before that too.
func tlCall(f func() uintptr, words, event int) (value uintptr, before int) {
	h := cgo.NewHandle(f)
	defer h.Delete()
	prev := new(C.int)
	r := C.threadLockerCall(C.uintptr_t(h), C.uintptr_t(words), C.int(event), prev)
	return uintptr(r) ^ uintptr(h), int(*prev)
}

// tlEvent notes an event.
func tlEvent(event int) {
	C.threadLockerEvent(C.int(event))
}

// tlThread returns the number of the thread that it is called on.
func tlThread() int {
	return int(C.threadLockerThread())
}

// tlFatal reports an error and ends the program.
func tlFatal(format string, args ...any) {
	fmt.Printf(format+"\n\n", args...)
	os.Stdout.Write(tlDump())
	os.Exit(1)
}

// tlDump returns a dump of all goroutines.
func tlDump() []byte {
	buf := make([]byte, 256<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return buf[:n]
		}
		buf = make([]byte, 2*len(buf))
	}
}

var tlHeader = regexp.MustCompile(`^goroutine (\d+) \[([^\]]*)\]:\n`)

// tlParse returns the number of the goroutine whose traceback stack is, and
// what the header says between brackets.
func tlParse(stack []byte) (id, state string) {
	m := tlHeader.FindSubmatch(stack)
	if m == nil {
		tlFatal("cannot parse this:\n%s", stack)
	}
	return string(m[1]), string(m[2])
}

// tlID returns the number of the calling goroutine.
func tlID() string {
	buf := make([]byte, 1024)
	id, _ := tlParse(buf[:runtime.Stack(buf, false)])
	return id
}

// tlStack returns the traceback of the goroutine with the given number, and
// what is between the brackets of its header.
func tlStack(id string) (stack, state string) {
	for _, s := range bytes.Split(tlDump(), []byte("\n\n")) {
		if id1, state := tlParse(s); id1 == id {
			return string(s), state
		}
	}
	return "", ""
}

// tlWaitState waits until the goroutine with the given number is in the given
// state, and returns all that its header says between brackets.
func tlWaitState(id, want string) string {
	for {
		_, state := tlStack(id)
		if s, _, _ := strings.Cut(state, ","); s == want {
			return state
		}
		time.Sleep(10 * time.Microsecond)
	}
}

// tlPanics checks that f panics with a message that begins with prefix, and
// that this leaves the calling goroutine on its thread, locked or not locked
// as it was.
func tlPanics(prefix string, f func()) {
	id := tlID()
	thread := tlThread()
	_, before := tlStack(id)
	func() {
		defer func() {
			e := recover()
			if e == nil {
				tlFatal("no panic with %q", prefix)
			}
			if s := fmt.Sprint(e); !strings.HasPrefix(s, prefix) {
				tlFatal("panic with %q, want %q", s, prefix)
			}
		}()
		f()
	}()
	_, after := tlStack(id)
	if tlLocked(before) != tlLocked(after) || tlLocked(after) && tlThread() != thread {
		tlFatal("panic with %q changed the lock state: [%s] on thread %d, before [%s] on thread %d", prefix, after, tlThread(), before, thread)
	}
}

func tlLocked(state string) bool {
	return strings.Contains(state, "locked to thread")
}

// A tlG is a goroutine that does what it is told, in callbacks if it is told
// to enter some.
type tlG struct {
	id   string
	name int // the event that its C frames note
	cmd  chan func()
	left chan tlLeft // callbacks left
	gone chan bool   // closed when the goroutine ends

	// For the goroutine's own use.
	depth int  // callbacks that are open
	ret   bool // serve is to return
	catch int  // callback above whose C call the panic is to be recovered
}

// A tlLeft tells of a C call that is over.
type tlLeft struct {
	depth  int // of the callback
	how    string
	thread int // that the goroutine then was on
	before int // what event came before the callback's return
}

// How a callback ends.
const (
	tlReturned  = "returned"
	tlPanicked  = "panicked"  // and recovered above the C call
	tlAbandoned = "abandoned" // by Goexit, or by a panic that goes on
)

var tlNames int

// tlStart returns a new tlG that has called each lock.
func tlStart(lock ...func()) *tlG {
	tlNames++
	g := &tlG{
		name: tlNames,
		cmd:  make(chan func()),
		left: make(chan tlLeft, 100),
		gone: make(chan bool),
	}
	go func() {
		defer close(g.gone)
		g.id = tlID()
		for _, f := range lock {
			f()
		}
		g.serve()
	}()
	g.do(func() {})
	return g
}

func (g *tlG) serve() {
	for !g.ret {
		f := <-g.cmd
		f()
	}
	g.ret = false
}

// tell makes g call f.
func (g *tlG) tell(f func()) { g.cmd <- f }

// do makes g call f, and waits until f returns.
func (g *tlG) do(f func()) {
	done := make(chan bool)
	g.cmd <- func() {
		f()
		done <- true
	}
	<-done
}

// thread returns the number of the thread that g is on.
func (g *tlG) thread() (thread int) {
	g.do(func() { thread = tlThread() })
	return thread
}

// wantThread checks that g is on the thread with the given number.
func (g *tlG) wantThread(want int) {
	if got := g.thread(); got != want {
		tlFatal("goroutine %s is on thread %d, want %d", g.id, got, want)
	}
}

// wantLocked checks whether g is locked.
func (g *tlG) wantLocked(want bool) {
	if _, state := tlStack(g.id); tlLocked(state) != want {
		tlFatal("goroutine %s is [%s], want locked: %v", g.id, state, want)
	}
}

// enter makes g call C, and be called back.
func (g *tlG) enter() {
	entered := make(chan bool, 1)
	g.cmd <- func() { g.call(entered) }
	<-entered
}

func (g *tlG) call(entered chan<- bool) {
	g.depth++
	depth := g.depth
	how, before := tlAbandoned, 0
	defer func() {
		g.depth = depth - 1
		if g.catch == depth {
			g.catch = 0
			if recover() != nil {
				how = tlPanicked
			}
		}
		tlEvent(-g.name)
		g.left <- tlLeft{depth, how, tlThread(), before}
	}()
	value := rand.Uint64()
	got, before1 := tlCall(func() uintptr {
		entered <- true
		g.serve()
		return uintptr(value)
	}, 1+rand.IntN(64), g.name)
	if got != uintptr(value) {
		tlFatal("callback of goroutine %s: got %#x from C, want %#x", g.id, got, value)
	}
	how, before = tlReturned, before1
}

// leave makes g's innermost callback return, or g itself if it has none open.
func (g *tlG) leave() {
	g.cmd <- func() { g.ret = true }
}

// panic makes g panic, and recover above the C call that led to its callback
// number depth, counted from 1.
func (g *tlG) panic(depth int) {
	g.cmd <- func() {
		g.catch = depth
		tlEvent(g.name)
		panic("abandon callbacks")
	}
}

// goexit makes g call runtime.Goexit.
func (g *tlG) goexit() {
	g.cmd <- func() {
		tlEvent(g.name)
		runtime.Goexit()
	}
}

// wantLeft waits until g's callback number depth is over, and checks how it
// ended.
func (g *tlG) wantLeft(depth int, how string) tlLeft {
	left := <-g.left
	if left.depth != depth || left.how != how {
		tlFatal("goroutine %s: callback %d %s, want callback %d %s", g.id, left.depth, left.how, depth, how)
	}
	return left
}

// returns makes g's innermost callback, number depth, return, and waits until
// it is over.
func (g *tlG) returns(depth int) {
	g.leave()
	g.wantLeft(depth, tlReturned)
}

// panics makes g panic in its innermost callback, number depth, and waits until
// that is over.
func (g *tlG) panics(depth int) {
	g.panic(depth)
	g.wantLeft(depth, tlPanicked)
}

// wantWait waits until g waits to return to C, and checks that the dump names
// the goroutine of the innermost callback.
func (g *tlG) wantWait(inner *tlG) {
	state := tlWaitState(g.id, tlCallbackWait)
	if !tlLocked(state) {
		tlFatal("goroutine %s is [%s], not locked", g.id, state)
	}
	want := "innermost callback is of goroutine " + inner.id
	if i := strings.Index(state, want); i < 0 || i+len(want) < len(state) && state[i+len(want)] != ',' {
		tlFatal("goroutine %s is [%s], want %q", g.id, state, want)
	}
	if len(g.left) != 0 {
		tlFatal("callback of goroutine %s: %v", g.id, <-g.left)
	}
}

// checkStack checks that the stack of the goroutine g, which runs, shows the
// callbacks that it has open, and no others.
func (g *tlG) checkStack() {
	pc := make([]uintptr, 1000)
	frames := runtime.CallersFrames(pc[:runtime.Callers(0, pc)])
	n := 0
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if f.Function == "main.threadLockerCallback" {
			n++
		}
	}
	if n != g.depth {
		tlFatal("goroutine %s: runtime.Callers shows %d callbacks, want %d", g.id, n, g.depth)
	}
	if n := bytes.Count(debug.Stack(), []byte("\nmain.threadLockerCallback(")); n != g.depth && g.depth < 5 {
		tlFatal("goroutine %s: debug.Stack shows %d callbacks, want %d", g.id, n, g.depth)
	}
}

// tlGrow makes the stack grow. It returns n.
func tlGrow(n int) int {
	var a [64]int
	if n == 0 {
		return 0
	}
	a[n%64] = n
	return tlGrow(n-1) + 1 + a[(n+1)%64]
}

// ThreadLockerCallbackWait opens callbacks of several goroutines and lets them
// return in and out of order.
func ThreadLockerCallbackWait() {
	l := runtime.MakeThreadLocker()
	a, b, c := tlStart(l.Lock), tlStart(l.Lock), tlStart(l.Lock)
	thread := a.thread()

	// In order.
	a.enter()
	b.enter()
	a.wantThread(thread)
	b.wantThread(thread)
	b.returns(1)
	a.returns(1)

	// A's callback is to return first.
	a.enter()
	a.do(a.checkStack)
	b.enter()
	b.do(b.checkStack)
	a.leave()
	a.wantWait(b)
	// Others go on while it waits, and may call C and be called back.
	c.wantThread(thread)
	c.enter()
	a.wantWait(c)
	c.do(c.checkStack)
	c.do(runtime.GC)
	c.returns(1)
	a.wantWait(b)
	b.do(func() { tlGrow(1000) })
	// B calls C again, deeper.
	b.enter()
	b.do(b.checkStack)
	b.returns(2)
	a.wantWait(b)
	b.returns(1)
	a.wantLeft(1, tlReturned)

	// Three are to return in the order in which they began.
	a.enter()
	b.enter()
	c.enter()
	a.leave()
	a.wantWait(c)
	b.leave()
	b.wantWait(c)
	a.wantWait(c)
	c.returns(1)
	b.wantLeft(1, tlReturned)
	a.wantLeft(1, tlReturned)

	// The callbacks of two interleave.
	a.enter()
	b.enter()
	a.enter()
	b.enter()
	a.leave()
	a.wantWait(b)
	b.returns(2)
	a.wantLeft(2, tlReturned)
	a.leave()
	a.wantWait(b)
	b.enter()
	b.returns(2)
	a.wantWait(b)
	b.returns(1)
	a.wantLeft(1, tlReturned)

	a.wantThread(thread)
	b.wantThread(thread)
	c.wantThread(thread)
	fmt.Println("OK")
}

// ThreadLockerCallbackOrder checks that a callback that waited returns before
// any other goroutine of the thread runs.
func ThreadLockerCallbackOrder() {
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			l.Lock()
			for !stop.Load() {
				tlEvent(0)
				runtime.Gosched()
			}
		})
	}
	ends := []struct {
		name string
		end  func(*tlG)
		how  string
	}{
		{"return", (*tlG).leave, tlReturned},
		{"panic", func(b *tlG) { b.panic(1) }, tlPanicked},
		{"Goexit", (*tlG).goexit, tlAbandoned},
	}
	for _, e := range ends {
		// Between the events that bound it the thread can be preempted, but
		// hardly ever is.
		const rounds = 20
		good := 0
		var got []int
		for range rounds {
			a.enter()
			b.enter()
			a.leave()
			a.wantWait(b)
			e.end(b)
			b.wantLeft(1, e.how)
			left := a.wantLeft(1, tlReturned)
			if left.before == b.name {
				good++
			}
			got = append(got, left.before)
			if e.how == tlAbandoned {
				<-b.gone
				b = tlStart(l.Lock)
			}
		}
		if good < rounds/2 {
			tlFatal("%s: before the return of the callback that waited came the events %v, want %d (or, after Goexit, the numbers up to it)", e.name, got, b.name)
		}
	}
	stop.Store(true)
	wg.Wait()
	fmt.Println("OK")
}

// ThreadLockerCallbackAbandon leaves callbacks by panic and Goexit while others
// are open.
func ThreadLockerCallbackAbandon() {
	l := runtime.MakeThreadLocker()
	start := func() *tlG { return tlStart(l.Lock) }
	thread := start().thread()

	// goexit tells g to call Goexit, and waits for the end of its n callbacks.
	goexit := func(g *tlG, n int) {
		g.goexit()
		for ; n > 0; n-- {
			g.wantLeft(n, tlAbandoned)
		}
		<-g.gone
	}

	for _, exit := range []bool{false, true} {
		// abandon makes g leave its only callback.
		abandon := func(g *tlG) {
			if exit {
				goexit(g, 1)
				return
			}
			g.panics(1)
			g.wantThread(thread)
		}

		// The outermost callback, which waits for nothing.
		a, b, c := start(), start(), start()
		a.enter()
		b.enter()
		c.enter()
		abandon(a)
		c.returns(1)
		b.returns(1)

		// The innermost callback, which others wait for.
		a, b, c = start(), start(), start()
		a.enter()
		b.enter()
		c.enter()
		a.leave()
		a.wantWait(c)
		b.leave()
		b.wantWait(c)
		abandon(c)
		b.wantLeft(1, tlReturned)
		a.wantLeft(1, tlReturned)

		// One in the middle.
		a, b, c = start(), start(), start()
		a.enter()
		b.enter()
		c.enter()
		a.leave()
		a.wantWait(c)
		abandon(b)
		a.wantWait(c)
		// Go on below the frames that are dead now.
		d := start()
		d.enter()
		a.wantWait(d)
		c.leave()
		c.wantWait(d)
		d.returns(1)
		c.wantLeft(1, tlReturned)
		a.wantLeft(1, tlReturned)

		// All in the order in which they began.
		a, b, c = start(), start(), start()
		a.enter()
		b.enter()
		c.enter()
		abandon(a)
		abandon(b)
		abandon(c)

		// Another goroutine is inside, waits, and outlives both.
		a, b, c = start(), start(), start()
		a.enter()
		b.enter()
		c.enter()
		b.leave()
		b.wantWait(c)
		abandon(a)
		b.wantWait(c)
		abandon(c)
		b.wantLeft(1, tlReturned)
	}

	// A panic through several callbacks, with others between them.
	a, b := start(), start()
	a.enter()
	b.enter()
	a.enter()
	b.enter()
	a.enter()
	b.enter()
	a.panic(2)
	a.wantLeft(3, tlAbandoned)
	a.wantLeft(2, tlPanicked)
	a.do(a.checkStack)
	a.leave()
	a.wantWait(b)
	b.returns(3)
	b.panic(1)
	b.wantLeft(2, tlAbandoned)
	b.wantLeft(1, tlPanicked)
	a.wantLeft(1, tlReturned)

	// The same with Goexit.
	a.enter()
	b.enter()
	a.enter()
	b.enter()
	goexit(a, 2)
	b.returns(2)
	b.returns(1)

	// A panic that is recovered in the callback does not end it.
	b.enter()
	b.do(func() {
		defer func() { recover() }()
		panic("recovered in the callback")
	})
	b.wantThread(thread)
	b.returns(1)

	// Another goroutine calls C while deferred functions run for a panic in
	// a callback, and is called back.
	a = start()
	a.enter()
	a.tell(func() {
		a.catch = 1
		defer func() {
			for f := range a.cmd {
				if f == nil {
					break
				}
				f()
			}
		}()
		panic("serve again")
	})
	b.enter()
	a.enter()
	a.returns(2)
	a.tell(nil)
	a.wantLeft(1, tlPanicked)
	b.returns(1)

	b.wantThread(thread)
	fmt.Println("OK")
}

// ThreadLockerCallbackDeadlock makes an inner callback wait for an outer one to
// return, and crashes.
func ThreadLockerCallbackDeadlock() {
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	a.enter()
	b.enter()
	b.tell(func() { <-a.left })
	a.leave()
	a.wantWait(b)
	tlWaitState(b.id, "chan receive")
	fmt.Printf("goroutine %s waits for goroutine %s\n", a.id, b.id)
	panic("deadlock")
}

// ThreadLockerCallbackLeave drops the last hold of goroutines in callbacks.
func ThreadLockerCallbackLeave() {
	l := runtime.MakeThreadLocker()
	keep := tlStart(l.Lock)
	thread := keep.thread()
	wantGone := func(left tlLeft) {
		if left.thread == thread {
			tlFatal("goroutine is still on thread %d when its C call is over", left.thread)
		}
	}

	// The holds to drop.
	first := make(chan bool)
	recv := first // another one below
	keep.tell(func() { <-first })
	tlWaitState(keep.id, "chan receive")
	lockRecv := func() { runtime.LockToRecvOSThread(recv) }
	holds := []struct {
		name         string
		lock, unlock func()
	}{
		{"ThreadLocker", l.Lock, l.Unlock},
		{"LockToRecvOSThread", lockRecv, runtime.UnlockOSThread},
		{"both", func() { lockRecv(); l.Lock() }, func() { runtime.UnlockOSThread(); l.Unlock() }},
	}
	for _, h := range holds {
		// It leaves when its outermost C call is over, not before.
		a := tlStart(h.lock)
		a.wantThread(thread)
		a.enter()
		a.enter()
		a.do(h.unlock)
		a.wantThread(thread)
		a.wantLocked(true)
		a.enter()
		a.returns(3)
		a.returns(2)
		a.wantThread(thread)
		a.leave()
		wantGone(a.wantLeft(1, tlReturned))
		a.wantLocked(false)

		// The same where its callbacks have to wait.
		a, b := tlStart(h.lock), tlStart(l.Lock)
		a.enter()
		b.enter()
		a.do(h.unlock)
		a.leave()
		a.wantWait(b)
		b.enter()
		b.returns(2)
		a.wantWait(b)
		b.returns(1)
		wantGone(a.wantLeft(1, tlReturned))
		b.wantThread(thread)

		// The same where the C calls are abandoned, while others are inside.
		for _, exit := range []bool{false, true} {
			a, b := tlStart(h.lock), tlStart(l.Lock)
			a.enter()
			a.enter()
			b.enter()
			a.do(h.unlock)
			if exit {
				a.goexit()
				if left := a.wantLeft(2, tlAbandoned); left.thread != thread {
					tlFatal("goroutine left its thread in a callback")
				}
				wantGone(a.wantLeft(1, tlAbandoned))
				<-a.gone
			} else {
				a.panics(2)
				a.wantThread(thread)
				a.panic(1)
				wantGone(a.wantLeft(1, tlPanicked))
				a.wantLocked(false)
			}
			b.wantThread(thread)
			b.returns(1)
		}
	}

	// One that has another hold stays.
	a := tlStart(func() { l.Lock(); runtime.LockOSThread() })
	a.enter()
	a.do(l.Unlock)
	a.leave()
	if left := a.wantLeft(1, tlReturned); left.thread != thread {
		tlFatal("goroutine that LockOSThread holds left its thread")
	}
	a.wantLocked(true)
	a.do(runtime.UnlockOSThread)
	a.wantLocked(false)

	// So does one that locks again in the same callback.
	a = tlStart(l.Lock)
	a.enter()
	a.do(l.Unlock)
	a.do(l.Lock)
	a.returns(1)
	a.wantThread(thread)
	a.wantLocked(true)

	// Nothing can be bound or joined through one that has dropped its last hold.
	l = runtime.MakeThreadLocker()
	a = tlStart(l.Lock)
	thread = a.thread()
	a.enter()
	a.do(l.Unlock)
	b := tlStart(l.Lock) // binds it afresh
	if b.thread() == thread {
		tlFatal("ThreadLocker bound to the thread that its only holder is about to leave")
	}
	a.do(func() { tlPanics("runtime.ThreadLocker.Lock:", l.Lock) })
	a.do(func() { tlPanics("runtime.ThreadLocker.Lock:", runtime.MakeThreadLocker().Lock) })
	recv = make(chan bool)
	a.tell(func() { <-recv })
	tlWaitState(a.id, "chan receive")
	tlPanics("runtime.LockToRecvOSThread:", lockRecv)
	recv <- true
	a.wantThread(thread)
	a.do(func() { tlGrow(1000); runtime.GC() })
	for range 10 {
		if g := tlStart(); g.thread() == thread {
			tlFatal("a goroutine that is not locked runs on a thread with a callback open")
		}
	}
	a.leave()
	wantGone(a.wantLeft(1, tlReturned))
	a.do(l.Lock)
	a.wantThread(b.thread())

	fmt.Println("OK")
}

// ThreadLockerCallbackHolds takes holds in callbacks.
func ThreadLockerCallbackHolds() {
	l := runtime.MakeThreadLocker()
	b := tlStart(l.Lock)
	recv := make(chan bool)

	// Only the runtime's own hold.
	a := tlStart()
	a.enter()
	thread := a.thread()
	a.do(func() {
		l1 := runtime.MakeThreadLocker()
		tlPanics("runtime.ThreadLocker.Lock:", l1.Lock)                                                // unbound
		tlPanics("runtime.ThreadLocker.Unlock:", l1.Unlock)                                            // so it got none
		tlPanics("runtime.ThreadLocker.Lock:", l.Lock)                                                 // elsewhere
		tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv) })           // locked
		tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(chan bool(nil)) }) // nil
	})
	a.tell(func() { <-recv })
	tlWaitState(a.id, "chan receive")
	tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(recv) })
	recv <- true
	a.wantThread(thread)
	a.returns(1)
	a.wantLocked(false)

	// LockOSThread in the callback makes all of it possible.
	l2 := runtime.MakeThreadLocker()
	a.enter()
	thread = a.thread()
	a.do(runtime.LockOSThread)
	a.do(l2.Lock)
	a.tell(func() { <-recv })
	c := tlStart(func() { runtime.LockToRecvOSThread(recv) })
	recv <- true
	d := tlStart(l2.Lock)
	c.wantThread(thread)
	d.wantThread(thread)
	d.enter()
	a.leave()
	a.wantWait(d)
	c.do(l2.Lock)
	c.enter()
	a.wantWait(c)
	c.returns(1)
	d.returns(1)
	a.wantLeft(1, tlReturned)
	// Holds outlive the callback in which they were taken.
	a.wantThread(thread)
	a.do(l2.Unlock)
	a.wantThread(thread)
	a.do(runtime.UnlockOSThread)
	if a.thread() == thread {
		tlFatal("goroutine has no hold left and is still on thread %d", thread)
	}
	a.wantLocked(false)

	// Nested holds, in and out of callbacks.
	thread = b.thread()
	b.enter()
	b.do(l.Lock)
	b.do(runtime.LockOSThread)
	b.do(l.Unlock)
	b.returns(1)
	b.wantThread(thread)
	b.do(l.Unlock)
	b.wantThread(thread)
	b.enter()
	b.do(runtime.UnlockOSThread)
	b.do(runtime.UnlockOSThread) // none left: does nothing
	b.leave()
	if left := b.wantLeft(1, tlReturned); left.thread == thread {
		tlFatal("goroutine has no hold left and is still on thread %d", thread)
	}
	b.wantLocked(false)
	fmt.Println("OK")
}

// ThreadLockerCallbackCoro is called back on a coroutine that stands in for
// a locked goroutine.
func ThreadLockerCallbackCoro() {
	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	thread := a.thread()

	// body serves a's commands on a coroutine, until it is told to leave.
	id := ""
	body := func(yield func(int) bool) {
		id = tlID()
		for i := 0; ; i++ {
			a.serve()
			if !yield(i) {
				return
			}
		}
	}
	for range 2 {
		a.enter()
		var next func() (int, bool)
		var stop func()
		a.do(func() { next, stop = iter.Pull(iter.Seq[int](body)) })
		a.tell(func() { next() })
		a.wantThread(thread)
		a.enter() // on the coroutine
		b.enter()
		a.wantThread(thread)
		a.leave()
		(&tlG{id: id}).wantWait(b)
		b.returns(1)
		a.wantLeft(2, tlReturned)
		b.enter()
		a.leave() // from next, to a's own goroutine
		a.wantThread(thread)
		a.do(stop)
		a.leave()
		a.wantWait(b)
		b.returns(1)
		a.wantLeft(1, tlReturned)
	}
	fmt.Println("OK")
}

// ThreadLockerCallbackTraceback checks that tracebacks show the C frames of
// the callbacks of one goroutine, also where one waits to return.
func ThreadLockerCallbackTraceback() {
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.threadLockerTraceback), unsafe.Pointer(C.threadLockerContext), unsafe.Pointer(C.threadLockerSymbolizer))

	l := runtime.MakeThreadLocker()
	a, b := tlStart(l.Lock), tlStart(l.Lock)
	// wantFrames checks which C frames g's traceback shows, innermost first.
	wantFrames := func(g *tlG, want ...int) {
		stack, _ := tlStack(g.id)
		var got []int
		for _, s := range tlCFrame.FindAllStringSubmatch(stack, -1) {
			n, _ := strconv.Atoi(s[1])
			got = append(got, n)
		}
		if !slices.Equal(got, want) {
			tlFatal("traceback of goroutine %s shows C frames %v, want %v", g.id, got, want)
		}
	}
	// Each callback has a number of its own, from cgo.Handle.
	n := int(cgo.NewHandle(0))
	enter := func(g *tlG) int {
		g.enter()
		n++
		return n
	}

	a1 := enter(a)
	b1 := enter(b)
	a2 := enter(a)
	b2 := enter(b)
	wantFrames(a, a2, a1)
	wantFrames(b, b2, b1)
	a.do(func() {
		a.checkStack()
		pc := make([]uintptr, 1000)
		frames := runtime.CallersFrames(pc[:runtime.Callers(0, pc)])
		var got []int
		for more := true; more; {
			var f runtime.Frame
			if f, more = frames.Next(); f.Function == "threadLockerFrame" {
				got = append(got, f.Line)
			}
		}
		if want := []int{a2, a1}; !slices.Equal(got, want) {
			tlFatal("runtime.Callers shows C frames %v, want %v", got, want)
		}
	})
	a.leave()
	a.wantWait(b)
	wantFrames(a, a2, a1)
	b.returns(2)
	a.wantLeft(2, tlReturned)
	wantFrames(a, a1)
	wantFrames(b, b1)
	a.leave()
	a.wantWait(b)
	wantFrames(a, a1)
	b.returns(1)
	a.wantLeft(1, tlReturned)
	wantFrames(a)
	wantFrames(b)
	fmt.Println("OK")
}

var tlCFrame = regexp.MustCompile(`threadlocker\.c:(\d+)`)

// ThreadLockerCallbackModel opens and ends callbacks of many goroutines at
// random, and compares with a list of them what happens.
func ThreadLockerCallbackModel() {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	fmt.Printf("seed %d\n", seed)

	type callback struct {
		g     *tlG
		depth int
		waits bool // is to return
	}
	var (
		l      = runtime.MakeThreadLocker()
		thread = tlStart(l.Lock).thread()
		gs     = make([]*tlG, 50)
		open   []callback        // innermost last
		depth  = map[*tlG]int{}  // callbacks that it has open
		waits  = map[*tlG]bool{} // waits to return to C
		leaves = map[*tlG]bool{} // has dropped its last hold
	)
	for i := range gs {
		gs[i] = tlStart(l.Lock)
	}

	// over notes the end of a callback.
	over := func(i int, how string) {
		c := open[i]
		open = slices.Delete(open, i, i+1)
		left := c.g.wantLeft(c.depth, how)
		depth[c.g]--
		waits[c.g] = false
		if leaves[c.g] && depth[c.g] == 0 {
			if left.thread == thread {
				tlFatal("goroutine %s has no hold left and is still on its thread", c.g.id)
			}
			leaves[c.g] = false
			if how != tlAbandoned {
				c.g.do(l.Lock)
			}
		} else if left.thread != thread {
			tlFatal("goroutine %s is on thread %d, want %d", c.g.id, left.thread, thread)
		}
	}
	// settle notes the end of those that need not wait any more, and checks
	// that of the others none has ended.
	settle := func() {
		for len(open) > 0 && open[len(open)-1].waits {
			over(len(open)-1, tlReturned)
		}
		for _, c := range open {
			if len(c.g.left) != 0 {
				tlFatal("goroutine %s: %v", c.g.id, <-c.g.left)
			}
		}
	}
	// leave makes g's last callback return.
	leave := func(g *tlG) {
		i := len(open) - 1
		for open[i].g != g {
			i--
		}
		g.leave()
		if i == len(open)-1 {
			over(i, tlReturned)
			settle()
			return
		}
		open[i].waits = true
		waits[g] = true
		g.wantWait(open[len(open)-1].g)
	}
	// abandon notes the end of g's callbacks down to number n.
	abandon := func(g *tlG, n int, how string) {
		for i := len(open) - 1; i >= 0; i-- {
			if c := open[i]; c.g == g && c.depth >= n {
				if c.depth == n {
					over(i, how)
				} else {
					over(i, tlAbandoned)
				}
			}
		}
		settle()
	}

	steps := 1000
	if os.Getenv("RUNTIME_TEST_SHORT") != "" {
		steps = 300
	}
	for range steps {
		i := r.IntN(len(gs))
		g := gs[i]
		if waits[g] {
			continue
		}
		switch n := depth[g]; r.IntN(12) {
		case 0, 1, 2, 3:
			if n < 5 {
				g.enter()
				depth[g]++
				open = append(open, callback{g: g, depth: depth[g]})
			}
		case 4, 5, 6:
			if n > 0 {
				leave(g)
			}
		case 7:
			if n > 0 {
				n = 1 + r.IntN(n)
				g.panic(n)
				abandon(g, n, tlPanicked)
			}
		case 8:
			if n > 0 && r.IntN(3) == 0 {
				g.goexit()
				abandon(g, 1, tlAbandoned)
				<-g.gone
				gs[i] = tlStart(l.Lock)
			}
		case 9:
			if n > 0 && !leaves[g] {
				g.do(l.Unlock)
				leaves[g] = true
			}
		case 10:
			g.do(g.checkStack)
			g.wantThread(thread)
		case 11:
			g.do(func() {
				tlGrow(500)
				runtime.GC()
			})
		}
	}
	for len(open) > 0 {
		c := open[r.IntN(len(open))]
		if !c.waits && !waits[c.g] {
			leave(c.g)
		}
	}
	for _, g := range gs {
		g.wantThread(thread)
	}
	fmt.Println("OK")
}

// ThreadLockerCallbackMany has a thousand callbacks open, which wait in long
// chains.
func ThreadLockerCallbackMany() {
	l := runtime.MakeThreadLocker()
	gs := make([]*tlG, 100)
	for i := range gs {
		gs[i] = tlStart(l.Lock)
	}
	const depth = 10
	for range depth {
		for _, g := range gs {
			g.enter()
		}
	}
	for n := depth; n > 0; n-- {
		for _, g := range gs {
			g.do(g.checkStack)
			g.leave()
		}
		for _, g := range gs {
			g.wantLeft(n, tlReturned)
		}
	}
	fmt.Println("OK")
}

// ThreadLockerCallbackPreempt preempts goroutines that are about to return
// from callbacks, so that others open callbacks before they do.
func ThreadLockerCallbackPreempt() {
	if runtime.GOMAXPROCS(0) == 1 {
		// Nobody would stop the world while they run.
		runtime.GOMAXPROCS(2)
	}
	l := runtime.MakeThreadLocker()
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			l.Lock()
			for n := i; !stop.Load(); n++ {
				value, _ := tlCall(func() uintptr {
					if n%4 == 0 {
						runtime.Gosched()
					}
					return uintptr(n)
				}, 1, 0)
				if value != uintptr(n) {
					tlFatal("got %d from C, want %d", value, n)
				}
			}
		})
	}
	stops := 5000
	if os.Getenv("RUNTIME_TEST_SHORT") != "" {
		stops = 1000
	}
	for range stops {
		runtime.ReadMemStats(new(runtime.MemStats))
	}
	stop.Store(true)
	wg.Wait()
	fmt.Println("OK")
}

// A tlWalker is a goroutine that does random things, in callbacks too.
type tlWalker struct {
	r     *rand.Rand
	l     *runtime.ThreadLocker
	echo  chan chan int // to a goroutine that is not locked
	reply chan int
	depth int // callbacks that are open
	holds bool
	catch int // callback above whose C call a panic is to be recovered

	spins int
	sink  []byte
}

var tlNoPanic = os.Getenv("TEST_THREADLOCKER_NOPANIC") != ""

func (w *tlWalker) run(rounds int) {
	for range rounds {
		w.l.Lock()
		w.holds = true
		thread := tlThread()
		w.call()
		if w.holds {
			if tlThread() != thread {
				tlFatal("holder has moved from thread %d to %d", thread, tlThread())
			}
			w.l.Unlock()
		}
		if tlThread() == thread {
			tlFatal("goroutine has no hold left and is still on thread %d", thread)
		}
	}
}

// call calls C, is called back, and does random things there.
func (w *tlWalker) call() {
	w.depth++
	depth := w.depth
	returned := false
	defer func() {
		w.depth = depth - 1
		if w.catch == depth {
			w.catch = 0
			recover()
		} else if !returned && w.catch == 0 {
			tlFatal("callback %d ended by itself", depth)
		}
	}()
	value := uintptr(w.r.Uint64())
	got, _ := tlCall(func() uintptr {
		thread := tlThread()
		for range w.r.IntN(6) {
			w.step()
		}
		if tlThread() != thread {
			tlFatal("callback has moved from thread %d to %d", thread, tlThread())
		}
		return value
	}, 1+w.r.IntN(64), 0)
	if got != value {
		tlFatal("got %#x from C, want %#x", got, value)
	}
	returned = true
}

func (w *tlWalker) step() {
	switch w.r.IntN(12) {
	case 0, 1, 2:
		if w.depth < 5 {
			w.call()
		}
	case 3, 4:
		runtime.Gosched()
	case 5:
		n := w.r.IntN(1000)
		if got := tlGrow(n); got < n {
			tlFatal("tlGrow(%d) = %d", n, got)
		}
	case 6:
		w.echo <- w.reply
		<-w.reply
	case 7:
		for range w.r.IntN(1e5) {
			w.spins++
		}
	case 8:
		if w.holds {
			w.l.Lock()
			runtime.LockOSThread()
			w.sink = make([]byte, 1+w.r.IntN(10000))
			runtime.UnlockOSThread()
			w.l.Unlock()
		}
	case 9:
		if w.r.IntN(3) == 0 && w.catch == 0 && !tlNoPanic {
			w.catch = 1 + w.r.IntN(w.depth)
			panic("abandon callbacks")
		}
	case 10:
		if w.holds {
			w.l.Unlock()
			w.holds = false
		}
	case 11:
		time.Sleep(time.Microsecond)
	}
}

// ThreadLockerCallbackStress has walkers on two shared threads, beside
// goroutines that keep the rest of the scheduler busy.
func ThreadLockerCallbackStress() {
	seed := rand.Uint64()
	fmt.Printf("seed %d\n", seed)
	if os.Getenv("TEST_THREADLOCKER_PROFILE") != "" {
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			tlFatal("%v", err)
		}
		if err := trace.Start(io.Discard); err != nil {
			tlFatal("%v", err)
		}
	}

	var stop atomic.Bool
	var others sync.WaitGroup
	background := func(f func()) {
		others.Go(func() {
			for !stop.Load() {
				f()
			}
		})
	}
	background(func() {
		tlGrow(100)
		runtime.Gosched()
	})
	background(func() {
		runtime.GC()
		tlDump()
		time.Sleep(time.Microsecond)
		runtime.ReadMemStats(new(runtime.MemStats))
		runtime.Gosched()
	})
	echo := make(chan chan int)
	go func() {
		for c := range echo {
			c <- 0
		}
	}()

	rounds := 500
	if os.Getenv("RUNTIME_TEST_SHORT") != "" {
		rounds = 50
	}
	var wg sync.WaitGroup
	for range 2 {
		l := runtime.MakeThreadLocker()
		for range 8 {
			seed++
			w := &tlWalker{
				r:     rand.New(rand.NewPCG(seed, 0)),
				l:     l,
				echo:  echo,
				reply: make(chan int, 1),
			}
			wg.Go(func() { w.run(rounds) })
		}
	}
	wg.Wait()
	stop.Store(true)
	others.Wait()
	close(echo)
	if os.Getenv("TEST_THREADLOCKER_PROFILE") != "" {
		trace.Stop()
		pprof.StopCPUProfile()
	}
	fmt.Println("OK")
}

// LockOSThreadCallback checks that LockOSThread in callbacks works as ever
// where no ThreadLocker is in use.
func LockOSThreadCallback() {
	// Locked in a callback, unlocked outside.
	a := tlStart()
	a.enter()
	thread := a.thread()
	a.do(runtime.LockOSThread)
	a.do(runtime.LockOSThread)
	a.do(runtime.UnlockOSThread)
	a.returns(1)
	a.wantLocked(true)
	a.wantThread(thread)
	a.enter()
	a.panics(1)
	a.wantLocked(true)
	a.wantThread(thread)
	a.do(func() {
		runtime.UnlockOSThread()
		// Nobody else is on the thread, so there is no reason to leave it.
		if tlThread() != thread {
			tlFatal("UnlockOSThread has changed the thread")
		}
	})
	a.wantLocked(false)

	// Locked outside, unlocked in a callback.
	a.do(runtime.LockOSThread)
	a.enter()
	thread = a.thread()
	a.do(runtime.UnlockOSThread)
	a.wantLocked(true)
	a.wantThread(thread)
	a.returns(1)
	a.wantLocked(false)

	// Locked and unlocked in a callback.
	a.enter()
	a.do(runtime.LockOSThread)
	a.do(runtime.UnlockOSThread)
	a.do(runtime.UnlockOSThread)
	a.wantLocked(true)
	a.panics(1)
	a.wantLocked(false)

	// Goexit while locked, in a callback and in one that left the hold.
	a.enter()
	a.do(runtime.LockOSThread)
	a.goexit()
	if left := a.wantLeft(1, tlAbandoned); left.thread == 0 {
		tlFatal("no thread")
	}
	<-a.gone
	fmt.Println("OK")
}

func threadLockerInit() {
	// Only the runtime's own hold locks the main goroutine now.
	tlPanics("runtime.ThreadLocker.Lock:", tlInitLocker.Lock)
	tlPanics("runtime.ThreadLocker.Unlock:", tlInitLocker.Unlock)
	tlCall(func() uintptr {
		tlPanics("runtime.ThreadLocker.Lock:", tlInitLocker.Lock)
		return 0
	}, 1, 0)
	tlPanics("runtime.LockToRecvOSThread:", func() { runtime.LockToRecvOSThread(make(chan bool)) })

	// Initialization runs on the main thread.
	tlMainThread = tlThread()
	runtime.LockOSThread()
	tlInitLocker.Lock()
}

var (
	tlInitLocker = runtime.MakeThreadLocker()
	tlMainThread int
)

// ThreadLockerInit uses the ThreadLocker that threadLockerInit has bound to
// the main thread.
func ThreadLockerInit() {
	id := tlID()
	if _, state := tlStack(id); !tlLocked(state) || tlThread() != tlMainThread {
		tlFatal("main goroutine is [%s] on thread %d, want it on the main thread, %d", state, tlThread(), tlMainThread)
	}
	a := tlStart(tlInitLocker.Lock)
	a.wantThread(tlMainThread)
	a.enter()
	tlCall(func() uintptr {
		a.leave()
		a.wantWait(&tlG{id: id})
		return 0
	}, 1, 0)
	a.wantLeft(1, tlReturned)
	runtime.UnlockOSThread()
	if tlThread() != tlMainThread {
		tlFatal("main goroutine has left the main thread while it holds a ThreadLocker")
	}
	tlInitLocker.Unlock()
	if tlThread() == tlMainThread {
		tlFatal("main goroutine is still on the main thread")
	}
	a.wantThread(tlMainThread)
	// The main thread cannot exit, and runs nothing else from now on.
	a.leave()
	<-a.gone
	for range 10 {
		if g := tlStart(); g.thread() == tlMainThread {
			tlFatal("a goroutine that is not locked runs on the main thread")
		}
	}
	fmt.Println("OK")
}
