// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
	"internal/runtime/sys"
	"unsafe"
)

// Callbacks from C on a shared thread.
//
// Co-located goroutines share one C stack, the stack of their m's g0. While one
// of them is in a callback from C, another may call C, whose frames then come
// to lie below, and be called back as well. A callback must return to its C
// caller only when no frames of later C calls are left below it.
//
// cgocallback links the frames of open callbacks: g0.sched.sp is the stack
// pointer of the innermost, and in its frame stands the g0.sched.sp of before.
// So a callback is innermost if and only if g0.sched.sp is what it was when the
// callback began. (Stack pointers are compared for equality only; their order
// says nothing about a thread whose C code switches stacks.) A callback that is
// not innermost when its Go code returns waits on m.callbacks. When the
// innermost callback has returned, or is abandoned by a panic or Goexit, and
// the C call that led to it is over, the scheduler takes the one that may
// return now before any other goroutine of the thread.
//
// In an exclusive section no other goroutine can open a callback, so the callbacks of the
// goroutine that is in one need not wait. But it may have let others run by Yield, or
// the section may have begun in a callback that was not innermost. Then the section is
// interrupted while the goroutine waits: those that it waits for must run.
//
// A goroutine in a callback has a hold of the runtime's own, so it cannot leave
// its thread. If it drops its last other hold there, it leaves when the C call
// is over: that is when the runtime's own hold is gone too.

// A callbackFrame is what a callback must restore when it ends.
type callbackFrame struct {
	sp      uintptr      // of the callback
	prev    uintptr      // of the callback of the same goroutine before it, or 0
	block   *lockedBlock // that C was called in, or nil; see lockedblock.go
	restore bool         // a panic or Goexit would abandon it
}

// callbackOpen notes that the callback with stack pointer sp is the innermost
// one of gp. Its Go code begins with callbackEnter, but another goroutine of the
// thread may run before. Most callbacks are of goroutines without a record, and
// are to cost no more than a look at that.
//
//go:nosplit
func callbackOpen(gp *g, sp uintptr) {
	if r := gp.record(); goexperiment.ThreadLocker && r != nil {
		r.outerSP = r.innerSP
		r.innerSP = sp
	}
}

// callbackEnter returns what callbackLeave must restore. A goroutine without
// a record is alone on its thread, so its callback is the innermost one there.
func callbackEnter(gp *g) callbackFrame {
	if r := gp.record(); goexperiment.ThreadLocker && r != nil {
		if debugLockedM && r.innerSP == 0 {
			throw("record made since the callback was opened")
		}
		b := r.block
		if b != nil {
			r.block = nil
			q := gp.m.lockedq
			q.loop.disarm(q)
		}
		return callbackFrame{r.innerSP, r.outerSP, b, true}
	}
	return callbackFrame{gp.m.g0.sched.sp, 0, nil, true}
}

// callbackLeave is deferred in a callback. Most have nothing to unwind, so this
// is inlined.
func callbackLeave(f *callbackFrame) {
	if f.restore {
		unwindm(f)
	} else if r := getg().record(); r != nil {
		r.innerSP = f.prev
	}
	if f.block != nil {
		callbackBlock(f.block)
	}
}

// callbackBlock goes on with b, the block in which a callback was, that returns to C or
// is left by a panic or Goexit.
func callbackBlock(b *lockedBlock) {
	gp := getg()
	q := gp.m.lockedq
	gp.locks.block = b
	systemstack(func() { q.loop.arm(q, b) })
}

func callbackExit(gp *g, prev uintptr) {
	if r := gp.record(); goexperiment.ThreadLocker && r != nil {
		r.innerSP = prev
	}
}

// callbackWait waits until the callback of the current goroutine with stack
// pointer sp is innermost. The caller checks again: until it is back in C, any
// preemption may let another goroutine open a callback.
//
// A goroutine without a record is alone on its thread, and so is its callback.
// That is looked at first, as g is at hand and its g0 is three loads away:
// callbacks are short.
func callbackWait(gp *g, sp uintptr) {
	if goexperiment.ThreadLocker && gp.hasRecord() || debugLockedM {
		callbackWaitSlow(gp, sp)
	}
}

// callbackWaitSlow must not be preempted before it looks.
//
//go:nosplit
func callbackWaitSlow(gp *g, sp uintptr) {
	for gp.m.g0.sched.sp != sp {
		r := gp.record()
		if r == nil {
			throw("callback from C out of order on a thread that is not shared")
		}
		prev := r.innerSP // sp, until callbackLeave
		r.innerSP = sp
		r.waitSP = sp
		n := exclusiveSuspend(gp, r)
		gopark(callbackCommit, nil, waitReasonCgoCallbackReturn, traceBlockGeneric, 1)
		exclusiveResume(gp, r, n)
		r.innerSP = prev
	}
}

func callbackCommit(gp *g, _ unsafe.Pointer) bool {
	mp := getg().m
	gp.schedlink = mp.callbacks
	mp.callbacks.set(gp)
	mp.callbacksSeen = 0
	return true
}

// callbackReady takes from the callbacks that wait on mp, the current m, the
// one that may return to C now, makes its goroutine runnable and returns it.
func callbackReady(mp *m) *g {
	if !callbackMayReturn(mp) {
		return nil
	}
	sp := mp.g0.sched.sp
	mp.callbacksSeen = sp
	p := &mp.callbacks
	for p.ptr() != nil && p.ptr().locks.waitSP != sp {
		p = &p.ptr().schedlink
	}
	found := p.ptr()
	if found == nil {
		return nil
	}
	*p = found.schedlink
	found.schedlink = 0
	found.locks.waitSP = 0
	trace := traceAcquire()
	casgstatus(found, _Gwaiting, _Grunnable)
	if trace.ok() {
		trace.GoUnpark(found, 1)
		traceRelease(trace)
	}
	return found
}

// callbackMayReturn reports whether a callback that waits on mp may have become
// innermost since callbackReady looked last.
//
//go:nosplit
func callbackMayReturn(mp *m) bool {
	return mp.callbacks != 0 && mp.callbacksSeen != mp.g0.sched.sp
}

// callbackUnlink removes the callback with stack pointer sp, innermost or not,
// from the list that g0.sched.sp heads. Its C frames are dead; those of
// callbacks inside it stay as they are.
func callbackUnlink(mp *m, sp uintptr) {
	const off = (sys.MinFrameSize + sys.StackAlign - 1) &^ (sys.StackAlign - 1)
	p := &mp.g0.sched.sp
	for *p != sp {
		p = (*uintptr)(unsafe.Pointer(*p + off))
	}
	*p = *(*uintptr)(unsafe.Pointer(sp + off))
}

// cgocallLocked is called when a C call of a goroutine with a gLocks record is
// over, because it is back in Go, or because a panic or Goexit left its
// callback.
//
// It must not grow the stack, as cgocall must not, but it may let the stack be
// scanned or copied. So may exitsyscall and, in the C call, any callback: the
// arguments of the C call are dead, or pointers by their type.
//
//go:nosplit
func cgocallLocked() {
	gp := getg()
	mp := gp.m
	if callbackMayReturn(mp) {
		mcall(cgocallYield_m)
	}
	if r := gp.locks; mp.lockedExt == 0 && mp.lockedInt == 0 && r.locker == nil && r.nblock == 0 {
		lockedLeave(gp)
	}
}

// cgocallYield_m lets a callback return to C before gp goes on.
func cgocallYield_m(gp *g) {
	mp := getg().m
	trace := traceAcquire()
	if trace.ok() {
		trace.GoPreempt()
	}
	casgstatus(gp, _Grunning, _Grunnable)
	if trace.ok() {
		traceRelease(trace)
	}
	dropg()
	mp.lockedq.q.push(gp)
	schedule()
}
