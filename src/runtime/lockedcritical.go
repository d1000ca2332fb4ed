// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
	"unsafe"
)

// Sections in which a shared thread runs nothing else.
//
// A critical section is the runtime's own. criticalEnter and criticalExit enclose what
// a goroutine does while it holds, or waits for, a semaphore that the GC, a stop of
// the world or another reader of the runtime's state needs, or while it may find
// itself to be the one that has to end the mark phase. Were a co-located goroutine to
// run meanwhile and to block in a system call, the holder could not go on, and the
// whole process would wait for that system call. Nothing that takes long is waited for
// in a critical section. Several goroutines of a thread can be in one.
//
// An exclusive section is the user's: LockOSThread, by a goroutine that shares its
// thread, and ThreadLocker.Do begin one. It is a critical section that at most one
// goroutine of a thread is in. It begins when no other goroutine of the thread is in a
// critical section any more. From then on no other one can enter one, since no
// other one runs. So the GC and stops of the world never wait for the end of an
// exclusive section.
//
// A thread that has goroutines in such sections runs only them. The scheduler
// (lockedCritical) puts the others aside, in lockedRunq.excluded. They come back, to
// the head of the queue, when the last section ends.
//
// That must not go on for ever, as it would with a goroutine that is nearly always in
// a section when its time slice ends. So a goroutine that leaves its section
// while others are put aside goes to the end of the queue.

// criticalEnter begins a critical section of the current goroutine.
func criticalEnter() {
	gp := getg()
	if r := gp.record(); goexperiment.ThreadLocker && r != nil {
		criticalBegin(gp, r)
	}
}

// criticalExit ends a critical section of the current goroutine.
func criticalExit() {
	gp := getg()
	if r := gp.record(); goexperiment.ThreadLocker && r != nil && criticalEnd(gp.m, gp, r) {
		criticalYield(gp)
	}
}

// semacquireSTW and semreleaseSTW are semacquire and semrelease for a semaphore that
// is held in a critical section.
func semacquireSTW(addr *uint32) {
	criticalEnter()
	semacquire(addr)
}

func semreleaseSTW(addr *uint32) {
	semrelease(addr)
	criticalExit()
}

// criticalBegin makes gp, the current goroutine, with record r, one that is in a
// section.
func criticalBegin(gp *g, r *gLocks) {
	r.critical++
	if r.critical == 1 {
		gp.lockflags |= gLockCritical
		gp.m.lockedq.ncritical++
	}
}

// criticalEnd undoes a criticalBegin by gp, which runs on mp or did until now. It
// reports whether gp is to let others run.
//
//go:nosplit
func criticalEnd(mp *m, gp *g, r *gLocks) (yield bool) {
	r.critical--
	if r.critical != 0 {
		return false
	}
	gp.lockflags &^= gLockCritical
	q := mp.lockedq
	q.ncritical--
	return !q.excluded.empty() && q.readmit()
}

// readmit puts the gs that were put aside at the head of the queue again, if no section
// is left. It returns true.
func (q *lockedRunq) readmit() bool {
	if q.ncritical == 0 {
		q.excluded.pushBackAll(q.q)
		q.q = q.excluded
		q.excluded = gQueue{}
	}
	return true
}

// criticalYield lets others run, now or, if gp must not stop here, soon.
func criticalYield(gp *g) {
	if canPreemptM(gp.m) {
		mcall(gosched_m)
		return
	}
	gp.preempt = true
	gp.stackguard0 = stackPreempt
}

// exclusive reports whether r's goroutine is in an exclusive section.
//
//go:nosplit
func (r *gLocks) exclusive() bool { return r.ndo|r.exclusiveFrom != 0 }

// inExclusive reports whether gp is in an exclusive section.
func (gp *g) inExclusive() bool {
	r := gp.record()
	return r != nil && r.exclusive()
}

// exclusiveLock is the part of LockOSThread for gp, the current goroutine, which has a
// record. It begins an exclusive section unless gp is in one, or alone on its thread
// with no ThreadLocker.
func exclusiveLock(gp *g) {
	r := gp.locks
	if r.exclusiveFrom != 0 || r.locker == nil && !gp.m.shared() {
		return
	}
	r.exclusiveFrom = gp.m.lockedExt
	if r.ndo == 0 {
		exclusiveBegin(gp, r)
	}
}

// exclusiveBegin begins an exclusive section of gp, the current goroutine.
func exclusiveBegin(gp *g, r *gLocks) {
	if gp.m.lockedq.ncritical != 0 && r.critical == 0 {
		exclusiveWait(gp)
	}
	criticalBegin(gp, r)
}

// exclusiveWait waits until no other goroutine of the thread is in a section.
func exclusiveWait(gp *g) {
	for gp.m.lockedq.ncritical != 0 {
		mcall(gosched_m)
	}
}

// exclusiveDrop ends the exclusive section of gp, which ends or leaves mp, the current
// m, in the middle of it.
func exclusiveDrop(mp *m, gp *g, r *gLocks) {
	if r.critical != 0 {
		r.critical = 1
		criticalEnd(mp, gp, r)
	}
	r.ndo, r.exclusiveFrom = 0, 0
}

// exclusiveYield gives each runnable goroutine of the thread a turn, in the middle of
// an exclusive section of gp, the current goroutine.
func exclusiveYield(gp *g, r *gLocks) {
	n := exclusiveSuspend(gp, r)
	mcall(gosched_m)
	exclusiveResume(gp, r, n)
}

// exclusiveSuspend ends the exclusive section of gp, the current goroutine, if it is
// in one, until exclusiveResume, to which its result goes.
func exclusiveSuspend(gp *g, r *gLocks) (n uint32) {
	n = r.critical
	if n != 0 {
		if raceenabled && r.locker != nil {
			racereleasemerge(unsafe.Pointer(r.locker)) // see doHere
		}
		r.critical = 1
		criticalEnd(gp.m, gp, r)
	}
	return n
}

func exclusiveResume(gp *g, r *gLocks, n uint32) {
	if n != 0 {
		exclusiveBegin(gp, r)
		r.critical = n
		if raceenabled && r.locker != nil {
			raceacquire(unsafe.Pointer(r.locker))
		}
	}
}

// lockedCritical takes the first g out of the own queue of mp, the current m, that is
// in a section, and puts those before it aside.
func lockedCritical(mp *m) *g {
	q := mp.lockedq
	for !q.q.empty() {
		gp := q.q.pop()
		if gp.lockflags&gLockCritical != 0 {
			return gp
		}
		q.excluded.pushBack(gp)
	}
	return nil
}

// lockedExcluded reports whether gp is runnable, but waits for the end of a section of
// a goroutine of its thread. It may be called while all ms are idle.
func lockedExcluded(gp *g) bool {
	mp := gp.lockedm.ptr()
	return goexperiment.ThreadLocker && mp != nil && readgstatus(gp)&^_Gscan == _Grunnable &&
		mp.lockedq.ncritical != 0 && gp.lockflags&gLockCritical == 0
}
