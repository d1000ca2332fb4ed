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
//
// A goroutine that is put aside may hold a mutex, and the one in the exclusive section
// may wait for that. Often neither knows: fmt and log have such mutexes. So if
// a goroutine waits for a mutex in an exclusive section, and no one else can be run, for
// lendAfter, its m lends itself to the others until that goroutine can go on. They
// cannot begin exclusive sections meanwhile. The limit is there since the mutex is mostly
// held on another thread, and for a shorter time.
//
// The m, parked and without a p, sees to that itself. It claims itself, so that nobody
// else wakes it at the same time, and parks again with a ticket (lockedLend).

// lendAfter is a time slice, in nanoseconds. So long a goroutine that holds a mutex may be
// kept from running in any case.
const lendAfter = forcePreemptNS

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
	if q.section.ptr() == r {
		q.section = 0
		q.lends = false
	}
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
		exclusiveWait(gp, r)
	}
	criticalBegin(gp, r)
	gp.m.lockedq.section.set(r)
}

// exclusiveWait waits until no other goroutine of the thread is in a section.
func exclusiveWait(gp *g, r *gLocks) {
	r.begins = true
	for gp.m.lockedq.ncritical != 0 {
		mcall(gosched_m)
	}
	r.begins = false
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
			if q.section.ptr() == gp.locks {
				q.lends = false
			}
			return gp
		}
		q.excluded.pushBack(gp)
	}
	return nil
}

// lendable reports whether q's m, the current one, is to lend itself if it stays parked.
func (q *lockedRunq) lendable() bool {
	r := q.section.ptr()
	if r == nil || q.lends || r.critical != 1 { // not if it is a semaphore of the runtime's that r's g waits for
		return false
	}
	gp := r.g.ptr()
	if readgstatus(gp)&^_Gscan != _Gwaiting || !gp.waitreason.isMutexWait() && gp.waitreason != waitReasonSemacquire {
		return false
	}
	return q.hasLendable()
}

// hasLendable reports whether takeLendable would find one.
//
//go:nowritebarrierrec
func (q *lockedRunq) hasLendable() bool {
	for gp := q.excluded.head.ptr(); gp != nil; gp = gp.schedlink.ptr() {
		if !gp.beginsSection() {
			return true
		}
	}
	return false
}

// beginsSection reports whether gp waits to begin an exclusive section. If so, an m that
// lends itself must not run it.
func (gp *g) beginsSection() bool {
	r := gp.record()
	return r != nil && r.begins
}

// takeLendable takes the first g that can be run by an m that lends itself out of those put
// aside.
func (q *lockedRunq) takeLendable() (found *g) {
	for n := q.excluded.size; n > 0; n-- {
		gp := q.excluded.pop()
		if found == nil && !gp.beginsSection() {
			found = gp
		} else {
			q.excluded.pushBack(gp)
		}
	}
	return found
}

// lockedSleepLending is mPark for mp, the current m, which is parked, without a p and
// counted as idle, and lends itself if that lasts.
func lockedSleepLending(mp *m) {
	if notetsleep(&mp.park, lendAfter) {
		noteclear(&mp.park)
	} else {
		lockedLend(mp)
		mPark()
	}
	mp.lockedq.mayLend = false
}

// lockedLend has mp, the current m, which is as lockedSleepLending says, run others than
// the g that is in an exclusive section.
func lockedLend(mp *m) {
	q := mp.lockedq
	q.lends = true
	for {
		w := q.word.Load()
		if w&lockedParked == 0 || w&lockedTicket != 0 {
			return // it is about to be woken
		}
		if q.word.CompareAndSwap(w, w&^lockedParked) {
			break
		}
	}
	q.q.push(q.takeLendable())
	lock(&sched.lock)
	globrunqput(lockedTakeTicket(mp))
	unlock(&sched.lock)
	wakep()
}

// endLending is called when gp, co-located with the current goroutine, has been made
// runnable while mp, their m, lends itself. If gp is why it does, it runs next, and soon.
func (mp *m) endLending(gp *g) {
	if curg := mp.curg; curg != nil && mp.lockedq.section.ptr() == gp.locks && curg.lockflags&gLockCritical == 0 {
		curg.preempt = true
		curg.stackguard0 = stackPreempt
	}
}

// lockedMayLend reports whether a parked m is about to lend itself, or does and is not
// woken yet. It is called while all ms are idle.
func lockedMayLend() bool {
	if goexperiment.ThreadLocker {
		for mp := allm; mp != nil; mp = mp.alllink {
			if mp.lockedq.mayLend {
				return true
			}
		}
	}
	return false
}

// lockedExcluded reports whether gp is runnable, but waits for the end of a section of
// a goroutine of its thread. It may be called while all ms are idle.
func lockedExcluded(gp *g) bool {
	mp := gp.lockedm.ptr()
	return goexperiment.ThreadLocker && mp != nil && readgstatus(gp)&^_Gscan == _Grunnable &&
		mp.lockedq.ncritical != 0 && gp.lockflags&gLockCritical == 0
}
