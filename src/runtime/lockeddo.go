// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
	"internal/runtime/atomic"
	"unsafe"
)

// Goroutines that are born as holders of a ThreadLocker, and ThreadLocker.Do.

// hold makes one more goroutine a holder of l, which is not the current one, or not yet.
// It reports false if l has no holder.
func (l *threadLocker) hold() bool {
	for {
		w := l.word.Load()
		if w&lockerBinding != 0 {
			Gosched() // see lock
			continue
		}
		if w&lockerHolders == 0 {
			return false
		}
		if l.word.CompareAndSwap(w, w+1) {
			return true
		}
	}
}

// lockedGo is newproc for a goroutine that is born as a holder of l, for which hold has
// been called. doFor is the goid of the goroutine for which it does something, or 0.
func lockedGo(l *threadLocker, fn *funcval, pc uintptr, doFor uint64) {
	gp := getg()
	r := &gLocks{stack: lockedStack(), doFor: doFor}
	systemstack(func() {
		lockedBirth(l, newproc1(fn, gp, pc, false, waitReasonZero), r)
	})
}

// lockedBirth makes newg, which has not run yet, a goroutine of the thread that l is
// bound to, with record r, and queues it.
func lockedBirth(l *threadLocker, newg *g, r *gLocks) {
	r.g.set(newg)
	r.locker, r.nlock = l, 1
	newg.locks = r
	mp := acquirem()
	if GOARCH == "wasm" {
		newg.lockflags |= gLockUser
		runqput(mp.p.ptr(), newg, true)
	} else {
		lockedJoin(l.boundTo().ptr(), newg)
		readyLocked(newg, true)
	}
	releasem(mp)
}

// lockedInherit is called by newproc, on the system stack, for newg, which gp, a
// goroutine with a record, starts. If gp holds a ThreadLocker that inherits,
// lockedInherit makes newg a holder, too, queues it and reports true.
func lockedInherit(gp, newg *g) bool {
	r := gp.record()
	if r == nil || r.locker == nil || !r.locker.inherit.Load() || isSystemGoroutine(newg, false) || servesProcess(newg) {
		return false
	}
	l := r.locker
	l.word.Add(1) // gp is a holder
	lockedBirth(l, newg, &gLocks{stack: r.stack})
	return true
}

// servesProcess reports whether newg is a goroutine that a package of the standard
// library starts for the whole process, no matter who calls it first, and that would
// block the thread.
func servesProcess(newg *g) bool {
	return funcpkgpath(findfunc(newg.startpc)) == "os/signal"
}

// A lockedDo is a call of ThreadLocker.Do by a goroutine that cannot move to the thread.
type lockedDo struct {
	f      func()
	l      *threadLocker
	gp     *g
	state  atomic.Uint32
	panic  *lockedDoPanic // of f, or nil
	goexit bool           // of f
}

// Values of lockedDo.state.
const (
	lockedDoRuns   = iota
	lockedDoWaited // and gp waits for it
	lockedDoOver
)

// doElsewhere calls f on a new goroutine, which holds l, and waits for it. hold has been
// called for that goroutine.
func (l *threadLocker) doElsewhere(f func(), pc uintptr) {
	gp := getg()
	d := &lockedDo{f: f, l: l, gp: gp}
	run := d.run
	fn := *(**funcval)(unsafe.Pointer(&run))
	lockedDoStart.Store(fn.fn)
	lockedGo(l, fn, pc, gp.goid)
	gopark(lockedDoCommit, unsafe.Pointer(d), waitReasonThreadLockerDo, traceBlockGeneric, 3)
	if raceenabled {
		raceacquire(unsafe.Pointer(d))
	}
	if d.panic != nil {
		panic(d.panic)
	}
	if d.goexit {
		Goexit()
	}
}

// lockedDoStart is the pc that doElsewhere starts goroutines at, once it has started one.
// They run what a user wants them to, so they are no system goroutines.
var lockedDoStart atomic.Uintptr

// runsDo reports whether doElsewhere has started gp.
func (gp *g) runsDo() bool {
	return goexperiment.ThreadLocker && gp.startpc == lockedDoStart.Load()
}

func lockedDoCommit(gp *g, d unsafe.Pointer) bool {
	return (*lockedDo)(d).state.CompareAndSwap(lockedDoRuns, lockedDoWaited)
}

// run calls f.
func (d *lockedDo) run() {
	returned := false
	defer func() {
		if !returned {
			// Not what recover returns, which may be nil for a panic, too.
			d.goexit = getg()._panic.goexit
		}
		if !returned && !d.goexit {
			d.panic = newLockedDoPanic(recover())
		}
		if raceenabled {
			racerelease(unsafe.Pointer(d))
		}
		if d.state.Swap(lockedDoOver) == lockedDoWaited {
			goready(d.gp, 1)
		}
	}()
	d.l.doHere(d.f)
	returned = true
}

// doHere calls f in an exclusive section of the current goroutine, which is locked to
// l's thread and has a record.
func (l *threadLocker) doHere(f func()) {
	if GOARCH == "wasm" {
		f()
		return
	}
	gp := getg()
	r := gp.locks
	r.ndo++
	if r.ndo == 1 && r.exclusiveFrom == 0 {
		exclusiveBegin(gp, r)
	}
	defer doEnd()
	if raceenabled {
		// Functions of Do run one after another.
		raceacquire(unsafe.Pointer(l))
		defer racereleasemerge(unsafe.Pointer(l))
	}
	f()
}

// doEnd is deferred by doHere.
func doEnd() {
	gp := getg()
	r := gp.record()
	if r == nil || r.ndo == 0 {
		return // f has unlocked the ThreadLocker
	}
	r.ndo--
	if r.ndo == 0 && r.exclusiveFrom == 0 && criticalEnd(gp.m, gp, r) {
		criticalYield(gp)
	}
}

// canVisit reports whether Do can move gp, the current goroutine, to a thread.
func (gp *g) canVisit() bool {
	if GOARCH == "wasm" {
		r := gp.record()
		return r == nil || r.locker == nil
	}
	return gp.lockflags&gLockThread == 0 && !gp.m.isextra
}

// A lockedDoPanic is the panic of a function that ThreadLocker.Do has called on another
// goroutine. The panic goes on in the caller of Do. recover returns arg.
type lockedDoPanic struct {
	arg   any
	stack string // of the goroutine that the function ran on
}

// newLockedDoPanic makes one of arg, the value of a panic of the current goroutine.
func newLockedDoPanic(arg any) *lockedDoPanic {
	p := &lockedDoPanic{arg: arg}
	for n := 4 << 10; n <= 256<<10; n *= 2 {
		buf := make([]byte, n)
		got := Stack(buf, false)
		p.stack = string(buf[:got])
		if got < n {
			break
		}
	}
	return p
}

// recovered returns what recover returns for a panic with arg.
func recovered(arg any) any {
	if p, ok := arg.(*lockedDoPanic); goexperiment.ThreadLocker && ok {
		return p.arg
	}
	return arg
}

// prepare is preprintpanics for p.
func (p *lockedDoPanic) prepare() {
	switch v := p.arg.(type) {
	case *lockedDoPanic:
		v.prepare()
	case error:
		p.arg = v.Error()
	case stringer:
		p.arg = v.String()
	}
}

// print is printpanicval for p.
func (p *lockedDoPanic) print() {
	printpanicval(p.arg)
	print("\n\tin a function that ThreadLocker.Do called on another goroutine:\n\t")
	printindented(p.stack[:max(0, len(p.stack)-1)]) // it ends with a newline
}
