// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/cpu"
	"internal/runtime/atomic"
	"internal/runtime/sys"
	"unsafe"
)

// Scheduling of dedicated threads.
//
// A g is locked when something holds it to its thread: LockOSThread, a
// ThreadLocker, or the runtime itself (package initialization, a callback from
// C, an injected debugger call). An m with at least one locked g is a
// dedicated thread: it runs its locked gs and nothing else. This file says how
// a dedicated thread and the rest of the scheduler find each other;
// lockedg.go says how gs come to be locked and how they leave.
//
// Terms. Two gs are co-located if they are locked to the same m. A ticket is a
// locked g that stands in an ordinary run queue (a p's or the global one) so
// that a p comes to its parked m. An ordinary m has no locked g.
//
// Each m has a lockedRunq, with two parts.
//
//   - q, the own queue: runnable gs of this m, first in first out. Only the m
//     touches it while it runs, so co-located gs that ready each other and
//     switch need no atomic operation on it.
//   - word, what others may touch: the head of the inbox, a list of gs pushed
//     by other ms in last in first out order, and three flags, all in one word
//     that changes by compare-and-swap only.
//
// The flags are
//
//	parked  the m sleeps, or is about to, and has no p
//	ticket  one g of this m stands in an ordinary run queue as its ticket
//	armed   whoever pushes is to wake what blocks the m in C; see lockedblock.go
//
// which makes these states of a dedicated thread:
//
//	               push finds no ticket: the g becomes it
//	          parked ───────────────────────────────────────▶ parked+ticket
//	           ▲  │                                             ▲     │
//	      park │  │ claim, by a g that                    yield │     │ claim, by
//	           │  │ is not the ticket                           │     │ the ticket
//	           │  ▼                                             │     ▼
//	          running  ◀────────────────────────────────────────────  running
//	           │  ▲
//	   syscall │  │ exitsyscall with a p
//	           ▼  │
//	          in a system call or in C ──▶ parked+ticket  (exitsyscall without a p)
//
// running here means: the m has a p, or whoever claimed it is about to give it
// one. A g that is not the ticket, and comes straight from the network poller or from
// schedEnableUser, goes to the inbox if a ticket is out. It must not overtake it:
// goroutines that one goroutine starts by ThreadLocker.Go begin to run in that order.
//
// The steps:
//
//   - push (lockedPush): a g of the m was made runnable on another m. If the
//     m is parked without a ticket, the g becomes the ticket and the pusher
//     puts it in an ordinary run queue, unless it finds an idle p, with which
//     it wakes the m itself (lockedWake). Otherwise the g goes to the inbox:
//     the m runs and will look there, or a ticket is on its way to wake it.
//   - drain (lockedDrain): the m moves its inbox to its own queue, at every
//     switch.
//   - spin (lockedSpin, lockedSpinScan): the m found both parts of its queue
//     empty, and looks again for a short time; see lockedspin.go.
//   - park (lockedPark): the m found both parts of its queue empty. It sets
//     parked by a compare-and-swap that fails if anything was pushed
//     meanwhile, and only then gives up its p. That the check for an empty
//     inbox and the transition to parked are one step is what loses no
//     wake-up.
//   - yield (lockedYield): the m has runnable gs but must give up its p: its
//     time slice is over and other work waits, a GC worker is due, the world
//     stops, or it left a system call and got no p. It takes the g at the
//     head of its queue as ticket, sets parked and ticket, and only then
//     publishes the ticket.
//   - claim (lockedClaim): an ordinary m took a locked g from an ordinary
//     queue. Whoever clears parked owns the m: it puts the g at the head of
//     the own queue and gives the m its p (startLocked). If the m is not
//     parked, or another g is its ticket, the g goes to the inbox.
//   - hand off (lockedHandoff): an m that parked or yielded has a p to give
//     away. If a locked g comes next on it, and nothing else is due that an
//     ordinary m would have to see to, the m claims the m of that g itself and
//     wakes it with the p. An ordinary m would be woken only to do the same.
//
// So a runnable locked g stands in exactly one place: the own queue, or the list of
// those put aside for a section (excluded, see lockedcritical.go), the
// inbox, or an ordinary run queue, for which, while user goroutines are disabled,
// sched.disable.runnable stands in. An m has at most one ticket, because only
// the step that sets the ticket flag makes one, and the flag is cleared by the
// m that takes the ticket from its queue. Nobody else claims an m that has a ticket out.
// So such an m is parked. An m parked with gs in its own queue has one out.
//
// Paths. What co-located gs do most, ready each other and block, does not pass
// through ready and park_m: goreadyLocked and parkLocked do the same with less,
// and scheduleLocked goes on to the next g without looking at each of the
// things that might be due, when one look says that none is. Whatever is not
// usual, such as tracing, takes the other path, so these say nothing new about
// the protocol.
//
// Time. Co-located switches inherit the p's time slice: they do not advance
// schedtick, so sysmon sees one long slice however often the gs of a thread
// switch among themselves. It says that the slice is over through p.slice,
// because a preemption request on one g is lost when another takes over.
//
// An m that is claimed begins a time slice of its own, as a locked g always has,
// and runs a g before it looks whether anything else is due. So a g that is readied
// in a slice which somebody else has used up does not pay for that.
//
// But two threads that ready each other through runnext would begin one slice
// after the other, and the gs in the queues would never run. So ms that get a p one
// after the other by tickets from its runnext make a relay. Ordinary gs may run
// between them, as long as they come from runnext, too, and inherit the slice. A
// relay ends when a g comes from a queue, or the p is idle. An m that is claimed in a
// relay looks how long that has lasted, each sixteenth time. If it is more than a time
// slice, the m is the last one: locked gs that are readied in its slice go to the end
// of the global queue, where a goroutine that is preempted goes. (sysmon cannot do
// this. It often finds the p on its way from one thread to the other, and looks away.)
// The slices in a relay do not count for the look at the global queue that
// findRunnable takes at each 61st, or a relay would end after 61 of them, however
// short.

const (
	// Flags in lockedRunq.word. The alignment of gs leaves room for them.
	lockedParked = 1 << 0 // the m has no p and waits to be claimed
	lockedTicket = 1 << 1 // one g of the m stands in an ordinary run queue
	lockedArmed  = 1 << 2 // a push is to wake what blocks the m; never with lockedParked

	lockedFlags = lockedParked | lockedTicket | lockedArmed
	lockedGMask = ^uintptr(lockedFlags)

	// debugLockedM turns the invariants above into assertions.
	debugLockedM = false
)

// A lockedRunq is the run queue of a dedicated thread, see above, and what else only
// the scheduling of such threads needs. Every m has one, from mcommoninit on, in memory
// of its own: an m has few bytes to spare. No two of them share a cache line, and what
// other ms write shares none with what they do not.
type lockedRunq struct {
	lockedShared
	_ [cpu.CacheLinePadSize - unsafe.Sizeof(lockedShared{})]byte
	_ [(cpu.CacheLinePadSize - unsafe.Sizeof(lockedOwn{})%cpu.CacheLinePadSize) % cpu.CacheLinePadSize]byte
	lockedOwn
}

// A lockedShared is the part of a lockedRunq that other ms write.
type lockedShared struct {
	word    atomic.Uintptr // inbox, lockedParked, lockedTicket
	ninbox  atomic.Int32   // length of the inbox, for statistics
	waking  atomic.Bool    // the m was claimed, and does not run yet
	joining atomic.Int32   // gs that are on the way to the m; see lockedg.go
}

// A lockedOwn is the part of a lockedRunq that only its m writes, or who has claimed
// that.
type lockedOwn struct {
	bound       uint32        // ThreadLockers that are bound to the m; see lockedg.go
	ncritical   uint32        // gs that are in sections; see lockedcritical.go
	nblock      uint32        // calls of BlockOSThread that have not returned
	yield       lockedYieldTo // whether the g that ran last offered the p to others
	relay       bool          // whoever claimed this m did so in a relay
	away        bool          // the last g readied by this m belongs elsewhere
	asked       bool          // the m, which may be an ordinary one, has pushed to one that runs
	mayLend     bool          // the m is parked, and is to lend itself if that lasts; see lockedcritical.go
	lends       bool          // it does
	section     lockspuintptr // record of the g in an exclusive section, or 0
	keptHead    uint32        // pp.runqhead at keptSince
	keptSince   int64         // since when the m spins while others could use its p, or 0
	q           gQueue        // own queue
	excluded    gQueue        // runnable gs that wait for the end of sections
	loop        *lockedLoop   // for BlockOSThread, or nil; see lockedblock.go
	awaiter     lockedSpinner // for spinning because m has asked
	spinner     lockedSpinner // for spinning when the queue is empty
	timerRead   uint32        // when timerDue last read the clock, the low bits
	timerUnread uint8         // switches until it does again
	scanSkip    uint8         // scans that lockedSpinScan does not spin for
}

// An m must stay in its size class, with its redzone for the address sanitizer, or
// the bits that lock_spinbit.go puts in pointers to it are not free. The padding
// of mPadded does not see to that when it has length 0: then the compiler adds a
// byte, so that a pointer to it does not point past the end.
const _ = 2048 - mallocHeaderSize - mRedZoneSize - unsafe.Sizeof(mPadded{})

// A lockedSlice is what is known of the time slice of a p, and of the relay that
// it is a part of. over and relay are values of schedtick: each is about the time
// slice with that schedtick, and about no other.
type lockedSlice struct {
	over  uint32 // sysmon, or another that preempts what runs, wants this slice to end
	relay uint32 // this slice is part of a relay, and not its first
	left  uint32 // p.runqtail, if all before it have left a dedicated thread; see lockedRunqputLeaver
	began int64  // when that relay began
	hops  uint8  // the slices in it so far, the low bits
	last  bool   // the relay has lasted too long, so this slice is its last
}

// A lockedYieldTo says whether a dedicated m gives up its p at the next
// switch, and where its ticket goes.
type lockedYieldTo uint8

const (
	yieldNot     lockedYieldTo = iota
	yieldLocal                 // to the tail of the p's run queue, as by goyield
	yieldGlobal                // to the tail of the global one, as by Gosched
	yieldClaimed               // it does not: it has just been claimed, and runs a g first
)

// Bits of m.lockbits, which tell of the thread what must outlive the
// goroutines that were locked to it.
const (
	mBound   uint8 = 1 << iota // a ThreadLocker was bound to it
	mTainted                   // a goroutine ended there while held by LockOSThread
)

// lockedSamplePeriod is the number of times that a g blocks by parkLocked for
// each time that the wait for its thread is measured, which stands for as many
// as casgstatus would have measured.
const lockedSamplePeriod = 16 * gTrackingPeriod

// If timerDue has read the clock less than timerReadFresh ns ago, it does not
// for the next timerReadSkip switches.
const (
	timerReadFresh = 2_000
	timerReadSkip  = 15
)

// relayHops is the number of slices in a relay for each look at how long it has lasted.
// It saves reading the clock. And a relay with fewer of them does not end because the
// operating system let one of the threads wait for a processor.
const relayHops = 16

// relayTicks is what schedtick advances by for a time slice in a relay: findRunnable
// looks at the global queue when schedtick is a multiple of it.
const relayTicks = 61

// setStatusLocked is casgstatus for a gp of the current m, which has a p. It
// reports false, and has done nothing, if somebody scans gp.
//
// The status of a gp that runs, or is runnable or readied on its own m, is changed
// by nobody else but those who scan stacks: the mark phase of the GC, and
// traceAdvance. The world stops before either begins, and this m cannot stop
// between the look at whether they do and the store. (A stall report scans, too,
// but not while this m can run; see lockeddump.go.) So the store need not be
// atomic, which saves a switch a seventh of its time. Whoever reads the status on
// another m and counts on what it reads comes after a lock that this m releases
// later, such as that of the channel that gp waits on, or after a stop of the world.
//
//go:nosplit
func (gp *g) setStatusLocked(from, to uint32) bool {
	if gcBlackenEnabled != 0 || traceEnabled() || traceShuttingDown() {
		return gp.atomicstatus.CompareAndSwap(from, to)
	}
	status := (*uint32)(unsafe.Pointer(&gp.atomicstatus))
	if *status != from {
		return false
	}
	*status = to
	return true
}

// goreadyLocked is goready for a gp that is locked to the current m, called by
// send and recv on the stack of the current goroutine. It reports false, and has
// done nothing, if this is not such a gp, or if ready has more to do.
//
//go:nosplit
func goreadyLocked(gp *g) bool {
	mp := getg().m
	if gp.lockedm.ptr() != mp || mp.p == 0 || gp.tracking || traceEnabled() || gp.bubble != nil ||
		mp.lockedq.nblock != 0 ||
		!gp.setStatusLocked(_Gwaiting, _Grunnable) {
		return false
	}
	if gp.lockflags&gLockSampled != 0 {
		gp.trackingStamp = nanotime()
	}
	mp.lockedq.away = false
	mp.lockedq.q.pushBack(gp)
	return true
}

// parkLocked is park_m for a gp on a shared thread that has another g to run.
// It returns, and has done nothing, if this is not such a case, or if park_m
// has more to do.
func parkLocked(mp *m, gp *g) {
	if mp.lockedq.q.empty() || gp.tracking || traceEnabled() || gp.bubble != nil ||
		gp.trackingSeq%gTrackingPeriod == 0 && gp.waitreason.isMutexWait() {
		return
	}
	sampled := gp.trackingSeq%lockedSamplePeriod == 0
	if sampled {
		gp.lockflags |= gLockSampled // gp.lockflags is others' once gp waits
	}
	if !gp.setStatusLocked(_Grunning, _Gwaiting) {
		if sampled {
			gp.lockflags &^= gLockSampled
		}
		return // somebody scans it
	}
	gp.trackingSeq++
	dropg()
	if fn := mp.waitunlockf; fn != nil {
		ok := fn(gp, mp.waitlock)
		mp.waitunlockf = nil
		mp.waitlock = nil
		if !ok {
			gp.lockflags &^= gLockSampled
			casgstatus(gp, _Gwaiting, _Grunnable)
			execute(gp, true) // Schedule it back, never returns.
		}
	}
	scheduleLocked(mp, true)
}

// lockedSample ends the measurement of how long gp, which runs now, has been
// runnable.
func lockedSample(gp *g) {
	gp.lockflags &^= gLockSampled
	if gp.trackingStamp == 0 || gp.tracking {
		return // was readied in another way, or casgstatus measures
	}
	t := nanotime() - gp.trackingStamp
	gp.trackingStamp = 0
	for range lockedSamplePeriod / gTrackingPeriod {
		sched.timeToRun.record(t)
		lockedTimeToRun.record(t)
	}
}

// readyLocked is the rest of ready, for a gp that is locked, or on a dedicated
// m: it queues gp, already runnable.
func readyLocked(gp *g, next bool) {
	mp := getg().m
	mp.lockedq.away = gp.lockflags&gLockThread == 0 || gp.lockedm.ptr() != mp
	if gp.lockflags&gLockThread == 0 || !lockedPut(gp) && !lockedWake(gp) {
		pp := mp.p.ptr()
		lockedRunqput(pp, gp, next, mp.curg != nil && pp.inRelay())
	}
}

// lockedRunqput puts gp, a ticket or a g that a dedicated m has readied, in an
// ordinary run queue, by way of pp, the current p. If next is true, it goes to
// runnext, as by ready, with two exceptions. If pp has an empty queue, and another
// m could run gp at once, runnext would only hide it from that m. And if the current
// time slice is the last one of a relay, gp goes to the end of the global queue.
// relay says whether what readies gp runs in a relay. A timer does not.
func lockedRunqput(pp *p, gp *g, next, relay bool) {
	s := &pp.slice
	switch {
	case !next || runqempty(pp) && (sched.npidle.Load() != 0 || sched.nmspinning.Load() != 0):
		runqput(pp, gp, false)
	case relay && s.last:
		lock(&sched.lock)
		globrunqput(gp)
		unlock(&sched.lock)
	default:
		if !relay {
			s.began = nanotime()
			s.hops = 0
		}
		if gp.lockflags&gLockTicket != 0 {
			gp.lockflags |= gLockRelay
		}
		runqput(pp, gp, true)
	}
	if gomaxprocs > 1 { // else no other m could use a p
		wakep()
	}
}

// lockedPut queues gp, locked and runnable, for its m, which may be the
// current one. If it reports false gp has become a ticket, and the caller must
// put it in an ordinary run queue.
//
//go:nowritebarrierrec
func lockedPut(gp *g) bool {
	if gp.lockflags&gLockSampled != 0 {
		gp.trackingStamp = nanotime()
	}
	if mp := getg().m; gp.lockedm.ptr() == mp && mp.p != 0 {
		if debugLockedM && mp.lockedq.word.Load()&lockedParked != 0 {
			throw("lockedPut: own queue belongs to the claimer")
		}
		if mp.lockedq.lends {
			mp.endLending(gp)
		}
		mp.lockedq.q.pushBack(gp)
		if mp.lockedq.nblock != 0 {
			mp.lockedq.loop.pushed(mp.lockedq)
		}
		return true
	}
	return lockedPush(gp)
}

// lockedWake saves gp, which has just become a ticket, the way through an
// ordinary run queue, and an ordinary m the trouble to take it from there: if
// there is an idle p it claims the m of gp and gives it that p. It reports
// whether gp has been taken care of.
func lockedWake(gp *g) bool {
	if sched.npidle.Load() == 0 {
		return false
	}
	mp := acquirem() // see startm
	var pp *p
	lock(&sched.lock)
	if schedEnabled(gp) {
		pp, _ = pidleget(0)
	}
	unlock(&sched.lock)
	if pp != nil {
		lockedm := gp.lockedm.ptr()
		if !lockedClaim(gp) {
			throw("lockedWake: somebody else has claimed the m")
		}
		incidlelocked(-1)
		lockedm.nextp.set(pp)
		notewakeup(&lockedm.park)
	}
	releasem(mp)
	return pp != nil
}

// lockedPush is lockedPut for another m than the current one. Once gp is
// published nothing may keep its m from exiting, so it is not touched after.
//
//go:nowritebarrierrec
func lockedPush(gp *g) bool {
	q := gp.lockedm.ptr().lockedq
	if debugLockedM && gp.lockflags&gLockTicket != 0 {
		throw("lockedPush: g is a ticket")
	}
	counted := false
	for {
		w := q.word.Load()
		if w&lockedFlags == lockedParked {
			if q.word.CompareAndSwap(w, w|lockedTicket) {
				if counted {
					q.ninbox.Add(-1)
				}
				gp.lockflags |= gLockTicket
				return false
			}
			continue
		}
		if !counted {
			q.ninbox.Add(1)
			counted = true
		}
		if w&lockedArmed != 0 {
			if q.loop.push(q, gp, lockedFlags) {
				return true
			}
			continue
		}
		gp.schedlink = guintptr(w & lockedGMask)
		if q.word.CompareAndSwap(w, uintptr(unsafe.Pointer(gp))|w&lockedFlags) {
			if w&lockedParked == 0 && !q.waking.Load() {
				getg().m.lockedq.asked = true
			}
			return true
		}
	}
}

// lockedDrain moves the inbox of mp, the current m, to its own queue.
//
//go:nowritebarrierrec
func lockedDrain(mp *m) {
	q := mp.lockedq
	w := q.word.Load()
	for w&lockedGMask != 0 {
		if !q.word.CompareAndSwap(w, w&lockedFlags) {
			w = q.word.Load() // pushed to, or the ticket was taken
			continue
		}
		var first guintptr
		n := int32(0)
		for gp := guintptr(w & lockedGMask).ptr(); gp != nil; n++ {
			next := gp.schedlink.ptr()
			gp.schedlink = first
			first.set(gp)
			gp = next
		}
		for gp := first.ptr(); gp != nil; {
			next := gp.schedlink.ptr()
			q.q.pushBack(gp)
			gp = next
		}
		q.ninbox.Add(-n)
		return
	}
}

// lockedClaim is for an m that took the locked gp from an ordinary run queue.
// If gp's m is parked it becomes the caller's, to be given its p, with gp first
// in its queue. Otherwise gp moves to that m's inbox, and lockedClaim reports
// false.
//
//go:nowritebarrierrec
func lockedClaim(gp *g) bool {
	q := gp.lockedm.ptr().lockedq
	keep := lockedGMask | lockedFlags
	relay := gp.lockflags&gLockRelay != 0
	ticket := gp.lockflags&gLockTicket != 0
	if ticket {
		gp.lockflags &^= gLockTicket | gLockRelay
		keep &^= lockedTicket
		if debugLockedM && q.word.Load()&lockedTicket == 0 {
			throw("lockedClaim: ticket without flag")
		}
	}
	counted := false
	for {
		w := q.word.Load()
		// If another g is the ticket, it came first, and so did what it stands for.
		if w&lockedParked != 0 && (ticket || w&lockedTicket == 0) {
			if q.word.CompareAndSwap(w, w&keep&^lockedParked) {
				if counted {
					q.ninbox.Add(-1)
				}
				q.waking.Store(true)
				q.q.push(gp)
				q.relay = relay
				return true
			}
			continue
		}
		if !counted {
			q.ninbox.Add(1)
			counted = true
		}
		if w&lockedArmed != 0 {
			if q.loop.push(q, gp, keep&lockedFlags) {
				return false
			}
			continue
		}
		gp.schedlink = guintptr(w & lockedGMask)
		if q.word.CompareAndSwap(w, uintptr(unsafe.Pointer(gp))|w&keep&lockedFlags) {
			return false
		}
	}
}

// injectLocked takes out of q, a list of gs just made runnable, those that can
// go to the queues of their threads directly.
//
//go:nowritebarrierrec
func injectLocked(q *gQueue) {
	var rest gQueue
	for !q.empty() {
		gp := q.pop()
		if gp.lockflags&gLockThread == 0 || !lockedPut(gp) {
			rest.pushBack(gp)
		}
	}
	*q = rest
}

// scheduleLocked is schedule for a dedicated m, which has a p. If inheritTime is
// true, what runs next inherits the p's time slice. Never returns.
func scheduleLocked(mp *m, inheritTime bool) {
	q := mp.lockedq
	pp := mp.p.ptr()
	if inheritTime && !q.q.empty() && q.word.Load()&lockedGMask == 0 &&
		pp.runSafePointFn|q.ncritical|q.nblock|uint32(q.yield) == 0 && !pp.sliceOver() && !callbackMayReturn(mp) &&
		!sched.gcwaiting.Load() && !sched.disable.user && gcBlackenEnabled == 0 && !mp.timerDue(pp) &&
		!traceEnabled() && !traceShuttingDown() && !freezing.Load() {
		// Nothing is due that the loop below looks for.
		pp.preempt = false
		if debugLockedM {
			lockedCheck(mp)
		}
		gp := q.q.pop()
		if mp.lockedg.ptr() != gp {
			lockedSwitchHolds(mp, gp)
		}
		lockedExecute(mp, gp)
	}
	for {
		pp := mp.p.ptr()
		pp.preempt = false
		if q.nblock != 0 {
			q.loop.disarm(q)
		}
		if sched.gcwaiting.Load() {
			inheritTime = lockedGCStop(mp)
			continue
		}
		if pp.runSafePointFn != 0 {
			runSafePointFn()
		}
		now, _, _ := pp.timers.check(0, nil)
		if debug.dontfreezetheworld > 0 && freezing.Load() {
			// See schedule.
			lock(&deadlock)
			lock(&deadlock)
		}
		lockedDrain(mp)
		if debugLockedM {
			lockedCheck(mp)
		}

		var gp *g
		if q.ncritical != 0 {
			// Nothing else may run; see criticalEnter.
			if gp = lockedCritical(mp); gp == nil && q.lends {
				if gp = callbackReady(mp); gp == nil {
					gp = q.takeLendable()
				}
			}
			if gp == nil {
				inheritTime = lockedPark(mp)
				continue
			}
			if to := lockedMustYield(mp, pp, now, &inheritTime); to != yieldNot {
				q.q.push(gp)
				inheritTime = lockedYield(mp, to)
				continue
			}
		} else if gp = callbackReady(mp); gp == nil {
			// A callback that may return to C goes first.
			if q.q.empty() {
				if lockedSpinScan(mp) {
					continue
				}
				inheritTime = lockedPark(mp)
				continue
			}
			if to := lockedMustYield(mp, pp, now, &inheritTime); to != yieldNot {
				inheritTime = lockedYield(mp, to)
				continue
			}
			gp = q.q.pop()
		}

		if sched.disable.user {
			lock(&sched.lock)
			if !schedEnabled(gp) {
				// See schedule. When user goroutines may run
				// again gp comes back by way of the global queue.
				sched.disable.runnable.pushBack(gp)
				unlock(&sched.lock)
				continue
			}
			unlock(&sched.lock)
		}

		if mp.lockedg.ptr() != gp {
			lockedSwitchHolds(mp, gp)
		}
		if gp.lockflags&gLockSampled != 0 {
			lockedSample(gp)
		}
		if q.nblock != 0 {
			lockedBlockResume(q, gp)
		}
		execute(gp, inheritTime)
	}
}

// lockedExecute is execute for a gp that inherits the time slice.
//
//go:yeswritebarrierrec
func lockedExecute(mp *m, gp *g) {
	if gp.lockflags&gLockSampled != 0 {
		lockedSample(gp)
	}
	if goroutineProfile.active || gp.tracking || mp.profilehz != sched.profilehz || sys.DITSupported {
		execute(gp, true)
	}
	mp.curg = gp
	gp.m = mp
	gp.syncSafePoint = false
	if !gp.setStatusLocked(_Grunnable, _Grunning) {
		execute(gp, true) // somebody scans it
	}
	gp.waitsince = 0
	gp.preempt = false
	gp.stackguard0 = gp.stack.lo + stackGuard
	gogo(&gp.sched)
}

// sliceOver reports whether the time slice of pp shall end. The first slice of
// a new p counts as over, which costs a yield and no more.
func (pp *p) sliceOver() bool { return pp.slice.over == pp.schedtick }

// inRelay reports whether the current time slice of pp is part of a relay, and not its
// first.
func (pp *p) inRelay() bool { return pp.slice.relay == pp.schedtick }

// endRelay is called when pp is idle. What runs next on it is no part of a relay.
func (pp *p) endRelay() { pp.slice.relay = pp.schedtick - 1 }

// relaySlice begins a time slice of pp, for an m that was claimed in a relay.
func (pp *p) relaySlice() {
	s := &pp.slice
	pp.schedtick += relayTicks
	s.relay = pp.schedtick
	s.hops++
	s.last = s.hops%relayHops == 0 && nanotime()-s.began > forcePreemptNS
}

// timerDue reports whether a timer of pp, the current p, is due. To read the clock
// may take half as long as a switch, so it is not read at each of them while
// they follow each other quickly. If they no longer do, a timer waits for some
// more of them at most, or until the time slice is over.
func (mp *m) timerDue(pp *p) bool {
	when := pp.timers.wakeTime()
	if when == 0 {
		return false
	}
	if mp.lockedq.timerUnread > 0 {
		mp.lockedq.timerUnread--
		return false
	}
	now := nanotime()
	if uint32(now)-mp.lockedq.timerRead < timerReadFresh {
		mp.lockedq.timerUnread = timerReadSkip
	}
	mp.lockedq.timerRead = uint32(now)
	return when <= now
}

// lockedMustYield reports whether mp must give up pp at this switch, and how.
// If the time slice is over, *inheritTime becomes false.
func lockedMustYield(mp *m, pp *p, now int64, inheritTime *bool) lockedYieldTo {
	to := mp.lockedq.yield
	mp.lockedq.yield = yieldNot
	if to == yieldClaimed {
		return yieldNot
	}
	if *inheritTime && pp.sliceOver() {
		*inheritTime = false
		if lockedOtherWork(pp) {
			return yieldGlobal
		}
	}
	if to != yieldNot && (!runqempty(pp) || !sched.runq.empty()) {
		return to
	}
	if gcBlackenEnabled != 0 && lockedGCWorkerDue(pp, now) {
		return yieldGlobal
	}
	if (traceEnabled() || traceShuttingDown()) && traceReaderAvailable() != nil {
		return yieldGlobal
	}
	return yieldNot
}

// lockedOtherWork reports whether ordinary goroutines wait for a p, or
// something waits that only findRunnable starts.
func lockedOtherWork(pp *p) bool {
	if !runqempty(pp) || !sched.runq.empty() {
		return true
	}
	if lockedOddWork() {
		return true
	}
	if sched.npidle.Load() != 0 {
		return false // an idle p will steal
	}
	for _, p2 := range allp {
		if p2 != pp && !runqempty(p2) {
			return true
		}
	}
	return false
}

// lockedOddWork reports whether findRunnable would start finalizers or cleanups.
func lockedOddWork() bool {
	return fingStatus.Load()&(fingWait|fingWake) == fingWait|fingWake || gcCleanups.needsWake()
}

// lockedGCWorkerDue reports whether findRunnable would run a GC worker on pp.
// It must agree with assignWaitingGCWorker.
func lockedGCWorkerDue(pp *p, now int64) bool {
	c := &gcController
	if !gcShouldScheduleWorker(pp) || gcBgMarkWorkerPool.empty() {
		return false
	}
	if c.dedicatedMarkWorkersNeeded.Load() > 0 {
		return true
	}
	if c.fractionalUtilizationGoal == 0 {
		return false
	}
	if now == 0 {
		now = nanotime()
	}
	delta := now - c.markStartTime
	return delta <= 0 || float64(pp.gcFractionalMarkTime.Load())/float64(delta) <= c.fractionalUtilizationGoal
}

// lockedPark parks mp, the current m, which has a p and nothing in its own
// queue that may run, unless something is pushed to its inbox before. It
// reports whether what runs next inherits the time slice.
func lockedPark(mp *m) (inheritTime bool) {
	q := mp.lockedq
	if (q.ncritical == 0 || mp.lockedg.ptr().inExclusive()) && lockedSpin(mp) {
		return q.keptSince != 0
	}
	q.mayLend = q.lendable()
	for {
		w := q.word.Load()
		if w&lockedGMask != 0 {
			q.mayLend = false
			return false
		}
		if q.word.CompareAndSwap(w, w|lockedParked) {
			break
		}
	}
	lockedHandoff(mp.p.ptr())
	return lockedSleep(mp)
}

// lockedYield parks mp, the current m, which has a p and runnable gs in its
// own queue, and hands its p over. Like lockedPark, it reports whether what runs
// next inherits the time slice.
func lockedYield(mp *m, to lockedYieldTo) (inheritTime bool) {
	pp := mp.p.ptr()
	gp := lockedTakeTicket(mp)
	// From here on mp may be claimed.
	if to == yieldLocal {
		runqput(pp, gp, false)
	} else {
		lock(&sched.lock)
		globrunqput(gp)
		unlock(&sched.lock)
		wakep()
	}
	lockedHandoff(mp.p.ptr())
	return lockedSleep(mp)
}

// lockedHandoff gives away pp, the p of the current m, which is parked. If what
// comes next on pp is locked to an m that is parked too, lockedHandoff wakes that
// m with pp. Otherwise it does what handoffp does, which would wake an ordinary m
// to find that out. It counts the current m as idle.
func lockedHandoff(pp *p) {
	for !sched.gcwaiting.Load() && !sched.disable.user && pp.runSafePointFn == 0 && gcBlackenEnabled == 0 &&
		!traceEnabled() && !traceShuttingDown() && !lockedOddWork() &&
		(pp.schedtick%61 != 0 || sched.runq.empty()) {
		gp := lockedNext(pp)
		if gp == nil {
			if runqempty(pp) && sched.runq.empty() {
				break
			}
			// startm and incidlelocked in one.
			releasep()
			lock(&sched.lock)
			mp := mget()
			if mp != nil {
				sched.nmidlelocked++
			}
			unlock(&sched.lock)
			if mp == nil {
				handoffp(pp)
				incidlelocked(1)
				return
			}
			mp.nextp.set(pp)
			notewakeup(&mp.park)
			return
		}
		mp := gp.lockedm.ptr()
		if !lockedClaim(gp) {
			continue // mp runs, and finds gp in its inbox
		}
		// One idle locked m instead of the other.
		mp.nextp.set(releasep())
		notewakeup(&mp.park)
		return
	}
	handoffp(releasep())
	incidlelocked(1)
}

// startLocked is startlockedm for a g of a dedicated thread.
//
//go:nowritebarrierrec
func startLocked(gp *g) {
	mp := gp.lockedm.ptr()
	if !lockedClaim(gp) {
		return // mp is not parked, and finds gp in its inbox
	}
	if mp.nextp != 0 {
		throw("startLocked: m has p")
	}
	self := getg().m
	if self.locks != 0 || self.spinning {
		throw("startLocked: m cannot stop")
	}
	// incidlelocked and stopm in one. checkdead must not find mp idle once mp
	// can run, so this comes before it is woken. From here on self, too, may be
	// given a p, which it takes after mPark.
	pp := releasep()
	lock(&sched.lock)
	sched.nmidlelocked--
	mput(self)
	unlock(&sched.lock)
	mp.nextp.set(pp)
	notewakeup(&mp.park)
	mPark()
	acquirep(self.nextp.ptr())
	self.nextp = 0
}

// lockedNext takes the g that comes next on pp, the current p, if it is locked.
// Otherwise it returns nil.
func lockedNext(pp *p) (gp *g) {
	// Look before taking anything: what is put back has lost its place.
	gp = pp.runnext.ptr()
	if gp == nil {
		if h := atomic.LoadAcq(&pp.runqhead); h != pp.runqtail {
			gp = pp.runq[h%uint32(len(pp.runq))].ptr()
		}
	}
	if gp == nil {
		if sched.runq.empty() {
			return nil
		}
		lock(&sched.lock)
		if gp = sched.runq.head.ptr(); gp != nil && gp.lockflags&gLockThread != 0 {
			globrunqget()
			gp.tookTicket(false)
		} else {
			gp = nil
		}
		unlock(&sched.lock)
		return gp
	}
	if gp.lockflags&gLockThread == 0 {
		return nil
	}
	gp, next := runqget(pp)
	if gp == nil {
		return nil
	}
	if gp.lockflags&gLockThread == 0 {
		runqput(pp, gp, true) // the other one was stolen
		return nil
	}
	gp.tookTicket(next)
	return gp
}

// tookTicket is called for a locked gp that was taken from an ordinary queue.
// next says whether it came from runnext. If not, another g has run since it was put
// there, and it is no part of a relay.
func (gp *g) tookTicket(next bool) {
	if !next {
		gp.lockflags &^= gLockRelay
	}
}

// lockedTakeTicket makes mp, the current m, which has runnable gs in its own
// queue, parked with a ticket out. It returns the ticket, which the caller
// must put in an ordinary run queue. From its return on the own queue belongs to
// whoever claims mp.
//
//go:nowritebarrierrec
func lockedTakeTicket(mp *m) *g {
	q := mp.lockedq
	gp := q.q.pop()
	gp.lockflags |= gLockTicket
	for {
		w := q.word.Load()
		if debugLockedM && w&(lockedParked|lockedTicket) != 0 {
			throw("lockedTakeTicket: m is parked")
		}
		if q.word.CompareAndSwap(w, w|lockedParked|lockedTicket) {
			return gp
		}
	}
}

// lockedSleep waits until mp, the current m, parked, without a p and counted as
// idle, is claimed and given a p, and reports whether it has begun a time slice,
// which what runs next inherits.
func lockedSleep(mp *m) (inheritTime bool) {
	if mp.lockedq.mayLend {
		lockedSleepLending(mp)
	} else {
		mPark()
	}
	if debugLockedM && mp.lockedq.word.Load()&(lockedParked|lockedArmed) != 0 {
		throw("lockedSleep: woken while parked")
	}
	pp := mp.nextp.ptr()
	acquirep(pp)
	mp.nextp = 0
	mp.lockedq.waking.Store(false)
	mp.lockedq.yield = yieldClaimed
	if mp.lockedq.relay {
		pp.relaySlice()
	}
	return mp.lockedq.relay
}

// lockedGCStop is gcstopm for a dedicated m. The ticket of an m that has
// runnable gs stays on the p, which so runs again when the world does. Like
// lockedPark, it reports whether what runs next inherits the time slice.
func lockedGCStop(mp *m) (inheritTime bool) {
	lockedDrain(mp)
	pp := mp.p.ptr()
	q := mp.lockedq
	if q.q.empty() {
		q.mayLend = q.lendable()
		w := q.word.Load()
		if w&lockedGMask != 0 || !q.word.CompareAndSwap(w, w|lockedParked) {
			q.mayLend = false
			return false // try again
		}
	} else {
		runqput(pp, lockedTakeTicket(mp), true)
	}
	releasep()
	lock(&sched.lock)
	pp.status = _Pgcstop
	pp.gcStopTime = nanotime()
	sched.stopwait--
	if sched.stopwait == 0 {
		notewakeup(&sched.stopnote)
	}
	unlock(&sched.lock)
	incidlelocked(1)
	return lockedSleep(mp)
}

// goschedLocked queues the locked gp, which has just yielded, or was
// preempted, on its m, which is the current one.
func goschedLocked(gp *g, preempted bool) {
	mp := getg().m
	lockedDrain(mp)
	if preempted {
		pp := mp.p.ptr()
		pp.slice.over = pp.schedtick
	} else if mp.lockedq.q.empty() {
		mp.lockedq.yield = yieldGlobal
	}
	mp.lockedq.q.pushBack(gp)
}

// goyieldLocked is goschedLocked for goyield, with which a semaphore hands
// the p to the g that it has just readied.
func goyieldLocked(gp *g) {
	mp := getg().m
	lockedDrain(mp)
	if mp.lockedq.away {
		mp.lockedq.yield = yieldLocal
	}
	mp.lockedq.q.pushBack(gp)
}

// exitsyscallNoPLocked is the second half of exitsyscallNoP for a locked gp:
// its m, the current one, runs gp if there is an idle p, and else leaves a
// ticket. Never returns.
//
//go:nowritebarrierrec
func exitsyscallNoPLocked(gp *g) {
	mp := getg().m
	lock(&sched.lock)
	var pp *p
	if schedEnabled(gp) {
		pp, _ = pidleget(0)
	}
	if pp == nil {
		if mp.lockedq.nblock != 0 {
			mp.lockedq.loop.disarm(mp.lockedq)
		}
		lockedDrain(mp)
		mp.lockedq.q.pushBack(gp)
		globrunqput(lockedTakeTicket(mp))
	} else if sched.sysmonwait.Load() {
		sched.sysmonwait.Store(false)
		notewakeup(&sched.sysmonnote)
	}
	unlock(&sched.lock)
	if pp != nil {
		acquirep(pp)
		execute(gp, false) // Never returns.
	}
	incidlelocked(1)
	scheduleLocked(mp, lockedSleep(mp))
}

// lockedRunnable reports whether the current m has runnable gs besides the
// one that it runs.
//
//go:nosplit
func lockedRunnable() bool {
	q := getg().m.lockedq
	return !q.q.empty() || q.word.Load()&lockedGMask != 0
}

// size returns the number of gs in q. It may be called on any m.
func (q *lockedRunq) size() int32 {
	return max(0, q.q.size+q.excluded.size+q.ninbox.Load())
}

// lockedCheck throws if mp, the current m, which has a p, is not in order.
func lockedCheck(mp *m) {
	w := mp.lockedq.word.Load()
	if w&^lockedGMask != 0 {
		throw("lockedCheck: running m is parked or armed")
	}
	if q := mp.lockedq; q.ncritical == 0 && !q.excluded.empty() {
		throw("lockedCheck: excluded gs without a section")
	}
	n := int32(0)
	for gp := mp.lockedq.q.head.ptr(); gp != nil; gp = gp.schedlink.ptr() {
		if gp.lockedm.ptr() != mp {
			throw("lockedCheck: g on another m's queue")
		}
		if gp.lockflags&(gLockTicket|gLockRelay) != 0 {
			throw("lockedCheck: ticket on own queue")
		}
		if s := readgstatus(gp) &^ _Gscan; s != _Grunnable {
			throw("lockedCheck: queued g is not runnable")
		}
		n++
	}
	if n != mp.lockedq.q.size {
		throw("lockedCheck: bad queue size")
	}
	if mp.idleNode.prev != 0 || mp.idleNode.next != 0 {
		throw("lockedCheck: dedicated m is idle")
	}
}

// lockedCheckEmpty throws if mp, the current m, which has no locked g left, is not as an
// ordinary m is.
//
//go:nosplit
func lockedCheckEmpty(mp *m) {
	q := mp.lockedq
	if q.word.Load() != 0 || !q.q.empty() || !q.excluded.empty() || q.ncritical|q.nblock != 0 || q.section != 0 || mp.callbacks != 0 ||
		q.bound != 0 || q.joining.Load() != 0 {
		throw("lockedCheckEmpty: m has locked gs")
	}
}
