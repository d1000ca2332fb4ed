// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
	"internal/profilerecord"
	"internal/runtime/atomic"
	"unsafe"
)

// What dumps, GODEBUG=schedtrace and GODEBUG=threadstall say of dedicated
// threads.

// printLocked prints for goroutineheader what follows "locked to thread": which
// thread gp is locked to, and what holds gp up there. If gp is runnable, that is
// the goroutine that occupies the thread; if it waits for a callback to return
// to C, it is the goroutine whose callback must return before. There is no "]"
// and no ", " inside one item, so that programs that parse dumps still can.
//
// The world may not be stopped.
func printLocked(gp *g) {
	mp := gp.lockedm.ptr()
	if !goexperiment.ThreadLocker || mp == nil {
		return
	}
	print(", thread ", mp.procid)
	if by := lockedBehind(mp, gp); by != nil {
		print(", behind goroutine ", by.goid, " (")
		printLockedState(mp, by)
		print(")")
	}
	if readgstatus(gp)&^_Gscan == _Gwaiting && gp.waitreason == waitReasonCgoCallbackReturn {
		printInnermostCallback(mp)
	}
	if r := gp.record(); r != nil && r.doFor != 0 {
		print(", in ThreadLocker.Do for goroutine ", r.doFor)
	}
}

// lockedBehind returns the goroutine that occupies mp, if gp, which is locked to it,
// is runnable: what runs there, or is in a system call or in C, or else what keeps mp
// for itself because it is in a critical section.
func lockedBehind(mp *m, gp *g) (by *g) {
	if readgstatus(gp)&^_Gscan != _Grunnable {
		return nil
	}
	by = mp.curg
	if by == nil && mp.lockedq.ncritical != 0 && gp.lockflags&gLockCritical == 0 {
		by = lockedInCritical(mp)
	}
	if by == gp {
		return nil
	}
	return by
}

// lockedInCritical returns a g of mp that is in a critical section, or nil. It looks at
// all gs, for an m has no list of its own.
func lockedInCritical(mp *m) (found *g) {
	// All goroutines of a thread ask, so the last answer is mostly right.
	last := guintptr(lastInCritical.Load()).ptr()
	if last != nil && last.lockflags&gLockCritical != 0 && last.lockedm.ptr() == mp {
		return last
	}
	forEachGRace(func(gp *g) {
		if gp.lockflags&gLockCritical != 0 && gp.lockedm.ptr() == mp {
			found = gp
		}
	})
	lastInCritical.Store(uintptr(unsafe.Pointer(found)))
	return found
}

var lastInCritical atomic.Uintptr // what lockedInCritical has found last

// printLockedState prints what by, which occupies mp, does, and, if that is a
// system call or a call of C, since when.
func printLockedState(mp *m, by *g) {
	s := readgstatus(by) &^ _Gscan
	exclusive := false
	if r := by.record(); r != nil {
		exclusive = r.exclusive()
	}
	if exclusive {
		print("exclusive, ")
	}
	switch {
	case s == _Gsyscall && mp.incgo:
		print("cgo call")
	case s == _Gwaiting:
		print(by.waitreason.String())
	case s < uint32(len(gStatusStrings)):
		print(gStatusStrings[s])
	default:
		print("???")
	}
	if by.lockflags&gLockCritical != 0 && !exclusive {
		print(" in critical section")
	}
	if since := by.waitsince; s == _Gsyscall && since != 0 {
		print(" for ")
		printDuration(nanotime() - since)
	}
	if q := mp.lockedq; s == _Gsyscall && q.nblock != 0 && q.loop.woken != 0 {
		print(" woken ")
		printDuration(nanotime() - q.loop.woken)
		print(" ago")
	}
}

// printDuration prints so many nanoseconds in the greatest unit of which there
// are two or more.
func printDuration(ns int64) {
	switch {
	case ns >= 120e9:
		print(ns/60e9, " minutes")
	case ns >= 2e9:
		print(ns/1e9, " seconds")
	default:
		print(ns/1e6, " ms")
	}
}

// printInnermostCallback names the goroutine whose callback from C is the
// innermost one on mp.
func printInnermostCallback(mp *m) {
	// A g is never freed.
	sp := mp.g0.sched.sp
	forEachGRace(func(inner *g) {
		if r := inner.record(); r != nil && r.innerSP == sp && inner.lockedm.ptr() == mp {
			print(", innermost callback is of goroutine ", inner.goid)
		}
	})
}

// lockedLostP notes since when the g of mp, if it is locked, is in a system call
// or in C. That is when it has lost its p, which is some milliseconds later, but
// costs those nothing who do not. lockedGotP takes it back.
//
//go:nosplit
func lockedLostP(mp *m) {
	if gp := mp.curg; goexperiment.ThreadLocker && gp.lockedm != 0 {
		gp.waitsince = nanotime()
		if q := mp.lockedq; q.nblock != 0 {
			systemstack(func() { q.loop.lostP(q) })
		}
	}
}

//go:nosplit
func lockedGotP(mp *m) {
	if goexperiment.ThreadLocker {
		mp.curg.waitsince = 0
		if q := mp.lockedq; q.nblock != 0 {
			systemstack(func() { q.loop.gotP(q, mp.curg) })
		}
	}
}

// lockedWaitsince reports whether lockedLostP notes since when gp is in a system
// call. Then the GC, which does so for others, must not: it would say that the
// call began with the GC's cycle, and not take that back in time.
func lockedWaitsince(gp *g) bool { return goexperiment.ThreadLocker && gp.lockedm != 0 }

// lockedProfileRecord completes the record of gp in a goroutine profile.
//
// It leaves out the thread of a goroutine that only LockOSThread, or the
// runtime, has locked, and that is alone on its thread. Profiles count equal
// records, and such goroutines are to be counted together as they always were.
func lockedProfileRecord(gp *g, r *profilerecord.StackRecord) {
	mp := gp.lockedm.ptr()
	if !goexperiment.ThreadLocker || mp == nil || !gp.sharesThread(mp) {
		return
	}
	r.Thread = mp.procid
	if by := lockedBehind(mp, gp); by != nil {
		r.Behind = by.goid
	}
}

// sharesThread reports whether gp, which is locked to mp, has a hold of a
// ThreadLocker or of LockToRecvOSThread, or is not alone on mp. gp may run
// meanwhile, but not end.
func (gp *g) sharesThread(mp *m) bool {
	return mp.shared() || gp.sharesHold()
}

// sharesHold reports whether gp has a hold of a ThreadLocker or of LockToRecvOSThread.
func (gp *g) sharesHold() bool {
	r := gp.record()
	return r != nil && (r.locker != nil || r.recv)
}

// schedtraceLocked is what schedtrace says of all dedicated threads. sched.lock
// must be held.
func schedtraceLocked() {
	if !goexperiment.ThreadLocker {
		return
	}
	var s lockedStats
	s.read()
	print(" lockedthreads=", s.threads, " lockedrunqueue=", s.runnable)
}

// schedtraceLockedM is what a detailed schedtrace says of mp.
func schedtraceLockedM(mp *m) {
	if !goexperiment.ThreadLocker || mp.lockedg == 0 {
		return
	}
	w := mp.lockedq.word.Load()
	print(" thread=", mp.procid, " lockedgs=", mp.lockedgs(), " lockedrunq=", mp.lockedq.size(),
		" parked=", w&lockedParked != 0, " ticket=", w&lockedTicket != 0)
}

// Stalls.
//
// With GODEBUG=threadstall=X, sysmon looks for dedicated threads that have sat
// in one system call, or one call of C, or have waited in one critical section (see
// criticalEnter), for X milliseconds while other goroutines of the thread were
// runnable. It reports each such call or wait once: one line, and the stacks of the
// goroutine that sits and of those that are held up.
//
// The stacks are read while the rest of the program runs. What makes this safe
// is that the goroutine that sits can neither leave its call, nor be made runnable,
// while its scan bit is set. So none of the goroutines that it holds up can run, and
// their m does not change their status; and those who scan stacks keep away from
// goroutines whose scan bits are set.

// A lockedStall is what sysmon knows of the call or wait that a goroutine is in. Times
// are in milliseconds, low bits.
type lockedStall struct {
	call  uint32 // which one: since when it lasts, or, for a wait, how often gp has blocked
	since uint32 // since when others are held up, 0 if they are not, or stallReported
}

const stallReported = ^uint32(0)

// lockedStallWaiters is the number of goroutines held up whose stacks a report
// shows.
const lockedStallWaiters = 10

// lockedSysmon is what sysmon does for dedicated threads, each time.
func lockedSysmon() {
	lockedLateWake()
	if lockedStallOn() {
		lockedStallCheck()
	}
}

// lockedStallOn reports whether lockedStallCheck is to be called.
func lockedStallOn() bool { return goexperiment.ThreadLocker && debug.threadstall > 0 }

// lockedStallCheck reports new stalls. Called by sysmon.
func lockedStallCheck() {
	for lockedStallReport() {
	}
}

// lockedStallReport reports one stall, if there is a new one.
func lockedStallReport() bool {
	gp, status := lockedStallFind()
	if gp == nil {
		return false
	}
	mp := gp.lockedm.ptr()
	n := mp.lockedq.size()
	if mp.lockedq.word.Load()&lockedTicket != 0 {
		n++
	}
	// Stop the GC from moving the stacks of those that are held up, too. (This is not
	// castogscanstatus, which counts scan bits as locks, of which sysmon holds
	// one already.)
	var held [lockedStallWaiters]*g
	shown := 0
	forEachGRace(func(w *g) {
		if shown < len(held) && w.lockedm.ptr() == mp && w.lockflags&gLockCritical == 0 &&
			w.atomicstatus.CompareAndSwap(_Grunnable, _Gscanrunnable) {
			held[shown] = w
			shown++
		}
	})

	printlock()
	print("runtime: thread ", mp.procid, " is held up by goroutine ", gp.goid, " (")
	printLockedState(mp, gp)
	print("), ", n, " goroutines locked to it are runnable\n")
	print("\ngoroutine ", gp.goid, " [")
	if status == _Gsyscall {
		print("syscall")
	} else {
		print(gp.waitreason.String())
	}
	print(", locked to thread")
	printLocked(gp)
	print("]:\n")
	traceback(^uintptr(0), ^uintptr(0), 0, gp)
	for _, w := range held[:shown] {
		print("\ngoroutine ", w.goid, " [runnable, locked to thread")
		printLocked(w)
		print("]:\n")
		traceback(^uintptr(0), ^uintptr(0), 0, w)
	}
	if more := n - int32(shown); more > 0 {
		print("\n...and ", more, " more\n")
	}
	print("\n")
	printunlock()

	for _, w := range held[:shown] {
		w.atomicstatus.Store(_Grunnable)
	}
	casfrom_Gscanstatus(gp, status|_Gscan, status)
	return true
}

// lockedStallFind returns a goroutine whose call or wait is to be reported, with its
// scan bit set, and its status without that; or nil.
func lockedStallFind() (gp *g, status uint32) {
	now := nanotime()
	lock(&sched.lock)
	for mp := allm; mp != nil; mp = mp.alllink {
		if !mp.shared() {
			continue
		}
		gp, status = mp.curg, _Gsyscall
		if gp == nil && mp.lockedq.ncritical != 0 {
			gp, status = lockedInCritical(mp), _Gwaiting
		}
		if gp == nil || readgstatus(gp) != status || !castogscanstatus(gp, status, status|_Gscan) {
			continue
		}
		if gp.lockedm.ptr() == mp && gp.hasRecord() && lockedStalled(mp, gp, status, now) {
			unlock(&sched.lock)
			return gp, status
		}
		casfrom_Gscanstatus(gp, status|_Gscan, status)
	}
	unlock(&sched.lock)
	return nil, 0
}

// lockedStalled reports whether the call or wait that gp is in is to be reported now.
// The scan bit of gp is set.
func lockedStalled(mp *m, gp *g, status uint32, now int64) bool {
	call := uint32(gp.trackingSeq) | 1<<31
	if status == _Gsyscall {
		if gp.m != mp || mp.p != 0 || gp.waitsince == 0 {
			// Retake takes the p when the call has lasted for a while. Until then
			// a stop of the world may want it, which the scan bit would delay for
			// as long as a report takes. Or gp is on its way out of the call.
			return false
		}
		call = uint32(gp.waitsince/1e6) &^ (1 << 31)
	} else if gp.lockflags&gLockCritical == 0 {
		return false
	}
	s := &gp.locks.stall
	if s.call != call {
		*s = lockedStall{call: call}
	}
	ms := uint32(now / 1e6)
	switch {
	case s.since == stallReported:
		return false
	case mp.lockedq.size() == 0 && mp.lockedq.word.Load()&lockedTicket == 0:
		s.since = 0
		return false
	case s.since == 0:
		s.since = ms | 1
		if s.since == stallReported {
			s.since = 1
		}
		return false
	case int32(ms-s.since) <= debug.threadstall: // both are rounded, and since may be ahead
		return false
	}
	s.since = stallReported
	return true
}
