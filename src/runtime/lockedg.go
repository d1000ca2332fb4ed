// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/cpu"
	"internal/goexperiment"
	"internal/runtime/atomic"
	"unsafe"
)

// Goroutines locked to a shared thread: how they bind, join and leave.
//
// A hold is a reason why a g is locked to its m. There are three kinds:
// LockOSThread holds, counted in m.lockedExt, the runtime's own, counted in
// m.lockedInt, and one ThreadLocker with its count, in gLocks. The first two
// counts are on the m as they have always been, and belong to the g that
// m.lockedg names. For a goroutine that is alone on its thread that is all
// there is.
//
// A g that shares its m, or holds a ThreadLocker, has in addition a gLocks
// record, at g.locks. When a dedicated m goes from one of its gs to another,
// lockedSwitchHolds saves the counts of m.lockedg in its record and loads those
// of the next, but does not touch the record of a g whose counts are 0. So the
// invariants are
//
//   - m.lockedg != 0 if and only if m is dedicated; it is locked to m and
//     while it runs, or another g of m does, the counts on m are its own or,
//     respectively, those of the g that runs. If it is m.g0, the g that ran last
//     has left, or none has run yet, and the counts are 0;
//   - if two gs are locked to m, each has a record;
//   - g.locks.g == g, or 0 if the record is not in use. g keeps its record when it
//     has left, so a goroutine that comes and goes allocates one only once.
//
// To bind is to make a thread that of a ThreadLocker: that of the current goroutine,
// if LockOSThread holds it there already, and otherwise a new one, on which no
// other goroutine has ever run. What the kernel keeps for a thread, such as the
// signal to send to its children when it exits, belongs to goroutines that ran there
// before. A new thread begins parked (lockedNewm), so the first goroutine gets
// there like any that joins. To join is to become locked to the m of another
// goroutine. The joiner is on the way from that step on, and arrives when m first
// takes it to run. To leave is to give up the last hold. The goroutine that leaves
// goes to an ordinary run queue. If it was the last one, and the m is tainted or
// was ever bound to a ThreadLocker, the m exits. If it was the last one on any
// other m, it stays there and the m becomes an ordinary one.
//
// Two threads, or two ThreadLockers, share no lock and no cache line. An m keeps no
// list of its gs. It has three counts:
//
//   - nlocks, the gs that have arrived and have a record;
//   - lockedq.bound, the ThreadLockers that are bound to it and have holders;
//   - lockedq.joining, the gs that are on the way.
//
// The m may exit, or become an ordinary one, only when all three are 0. Only the m
// changes nlocks and bound. Joiners add to joining, and the m takes away. No joiner can
// come while the m finds that all three are 0:
//
//   - To join by a ThreadLocker is a compare-and-swap of the locker's word, which fails
//     if the locker has no holder. The joiner is a holder from that step on. The last
//     holder drops its hold on m, and then takes 1 from bound. So bound is not 0
//     before the joiner has arrived and dropped its own hold.
//   - To join by LockToRecvOSThread, the joiner adds to joining while it holds the lock
//     of a channel, on which a g of m is blocked, or is about to receive. That g
//     cannot leave meanwhile.
//
// A LockOSThread goroutine that was alone on its thread has no record, and is not
// counted. The first joiner gives it one (lockRecvAdopt). The m counts it when it
// locks a ThreadLocker, or the m goes on to another g. So the g that runs is the only
// one that has arrived if nlocks is 0, or is 1 and that g is counted.

// Bits of g.lockflags.
const (
	gLockThread   uint8 = 1 << iota // locked: g.lockedm is set
	gLockUser                       // has a hold that is not the runtime's own
	gLockTicket                     // is its m's ticket; see lockedm.go
	gLockCritical                   // see criticalEnter
	gLockSampled                    // its next wait for the thread is measured
	gLockRelay                      // is in runnext, as part of a relay; for tickets
	gLockCounted                    // m.lockedExt or m.lockedInt, as they are while it runs, is not 0
	gLockJoining                    // is on the way to its m, which does not count it yet
)

// A gLocks is the record of a goroutine that is locked to a shared thread or
// by a ThreadLocker.
type gLocks struct {
	g guintptr // whose it is, or 0 if it is not in use

	stack *bucket     // of LockToRecvOSThread, or of a Lock that holds, or nil
	stall lockedStall // see lockeddump.go

	ext uint32 // m.lockedExt when another g of the m runs
	int uint32 // m.lockedInt, likewise

	locker *threadLocker // held, or nil
	nlock  uint32        // how often

	// Sections in which the thread runs nothing else; see lockedcritical.go.
	critical      uint32 // nesting of criticalBegin
	exclusiveFrom uint32 // m.lockedExt when LockOSThread began an exclusive section, or 0
	ndo           uint32 // nesting of ThreadLocker.Do
	begins        bool   // waits to begin an exclusive section

	doFor uint64 // goid of the goroutine for which it is in Do, or 0

	// BlockOSThread; see lockedblock.go.
	block  *lockedBlock // in which the goroutine is, with no callback in between, or nil
	nblock uint32       // calls of BlockOSThread that have not returned

	err  lockRecvError // why it cannot be locked in LockToRecvOSThread
	recv bool          // stack is of LockToRecvOSThread, and stays
	here bool          // counted in m.nlocks

	// Callbacks from C; see lockedcgo.go.
	innerSP uintptr // this goroutine's innermost callback, or 0
	outerSP uintptr // the one before it, until its Go code begins
	waitSP  uintptr // the callback that waits to return to C

	// For a goroutine that waits in LockToRecvOSThread.
	c    *hchan
	next lockspuintptr // on a list of lockRecvTable
	mate *gLocks       // becomes the record of the receiver, if it has none
}

// record returns the record of gp, or nil if it has none in use.
//
//go:nosplit
func (gp *g) record() *gLocks {
	if r := gp.locks; r != nil && r.g != 0 {
		return r
	}
	return nil
}

// hasRecord reports whether gp has a record in use. It is less code than to compare
// what record returns with nil, which LockOSThread and UnlockOSThread notice.
//
//go:nosplit
func (gp *g) hasRecord() bool {
	r := gp.locks
	return r != nil && r.g != 0
}

// ownRecord returns the record of gp, the current goroutine. It is in use once its g
// is set.
func (gp *g) ownRecord() *gLocks {
	if gp.locks == nil {
		gp.locks = new(gLocks)
	}
	return gp.locks
}

// freeRecord ends the use of gp's record. It clears what a use may leave in it, one by
// one: to clear all of it with a write barrier takes more stack than there is here.
//
//go:nosplit
func (gp *g) freeRecord() {
	r := gp.locks
	r.stack, r.recv = nil, false
	r.stall = lockedStall{}
	r.ext, r.int, r.nlock = 0, 0, 0
	r.innerSP, r.outerSP = 0, 0
	r.here = false
	r.g = 0
	if debugLockedM && (r.exclusive() || r.block != nil || r.locker != nil || r.critical != 0 || r.waitSP != 0 || r.c != nil || r.mate != nil) {
		throw("freeRecord: record is in use")
	}
}

type lockspuintptr uintptr

//go:nosplit
func (p lockspuintptr) ptr() *gLocks { return (*gLocks)(unsafe.Pointer(p)) }

//go:nosplit
func (p *lockspuintptr) set(r *gLocks) { *p = lockspuintptr(unsafe.Pointer(r)) }

// A threadLocker is the state of a ThreadLocker.
//
// mp changes only while lockerBinding is set, and each bind has an epoch of its own.
// So a compare-and-swap of word from a value with holders succeeds only if mp, read
// since word was, is the thread that the locker is bound to.
type threadLocker struct {
	word    atomic.Uint64 // epoch, lockerBinding, and the number of holders
	mp      muintptr      // the thread it is bound to, if it has holders
	inherit atomic.Bool   // goroutines that holders start are holders
}

const (
	lockerHolders = lockerBinding - 1
	lockerBinding = 1 << 31 // has no holder yet; its first one sets mp
	lockerEpoch   = 1 << 32
)

// boundTo returns the m that l is bound to, or was when word was last read.
func (l *threadLocker) boundTo() muintptr {
	return muintptr(atomic.Loaduintptr((*uintptr)(&l.mp)))
}

// boundHere reports whether l is bound to the thread of gp, the current goroutine, which
// need not be a holder, but is locked to that thread.
func (l *threadLocker) boundHere(gp *g) bool {
	// Only goroutines of the thread can make the last holder go.
	w := l.word.Load()
	return w&lockerHolders != 0 && w&lockerBinding == 0 && gp.lockedm != 0 && gp.lockedm == l.boundTo() && !gp.m.isextra
}

// publish ends the binding of l, which has set word to w, to mp. The current
// goroutine is the first holder.
func (l *threadLocker) publish(w uint64, mp *m) {
	atomic.Storeuintptr((*uintptr)(&l.mp), uintptr(unsafe.Pointer(mp)))
	l.word.Store(w - lockerBinding + lockerEpoch + 1)
}

// drop takes one holder off l. It is a goroutine of the current m, to which l is
// bound. The caller has disabled preemption.
func (l *threadLocker) drop(mp *m) {
	if l.word.Add(-1)&lockerHolders == 0 && GOARCH != "wasm" {
		mp.lockedq.bound--
	}
}

// lockedNewm makes an m that a ThreadLocker is bound to. It is parked, and gets its
// thread from newmStart, for which the caller has called acquirem.
func lockedNewm() *m {
	mp := allocm(nil, lockedStart, -1)
	mp.lockedq.word.Store(lockedParked)
	mp.lockedq.bound = 1
	mp.lockedg.set(mp.g0)
	mp.lockbits |= mBound
	incidlelocked(1)
	return mp
}

// lockedStart is what an m made by lockedNewm begins with. Never returns.
func lockedStart() {
	mp := getg().m
	scheduleLocked(mp, lockedSleep(mp))
}

// shared reports whether mp, a dedicated thread, has more than one g, here or on the
// way. It may be called on any m.
func (mp *m) shared() bool {
	return mp.nlocks > 1 || mp.lockedq.joining.Load() != 0
}

// empty reports whether mp, the current m, has no g any more, here or on the way.
func (mp *m) empty() bool {
	return mp.nlocks == 0 && mp.lockedq.bound == 0 && mp.lockedq.joining.Load() == 0
}

// lockedSwitchHolds makes the lock counts of mp, the current m, those of gp,
// a g of mp, which may be about to arrive. This part of it, for the usual case that
// both have counts 0 and gp is there, is inlined.
func lockedSwitchHolds(mp *m, gp *g) {
	if debugLockedM || (mp.lockedg.ptr().lockflags|gp.lockflags)&(gLockCounted|gLockJoining) != 0 {
		lockedSwitchCounts(mp, gp)
	}
	mp.lockedg = guintptr(unsafe.Pointer(gp)) // set would be too much to inline
}

// lockedSwitchCounts is the rest of lockedSwitchHolds.
func lockedSwitchCounts(mp *m, gp *g) {
	old := mp.lockedg.ptr()
	if debugLockedM {
		if !gp.hasRecord() || !old.hasRecord() && old != mp.g0 {
			throw("lockedSwitchHolds: shared thread without records")
		}
		if (old.lockflags&gLockCounted != 0) != (mp.lockedExt|mp.lockedInt != 0) {
			throw("lockedSwitchHolds: gLockCounted is wrong")
		}
	}
	if old.lockflags&gLockCounted != 0 {
		r := old.locks
		if !r.here {
			lockedCount(mp, r) // see lockRecvAdopt
		}
		r.ext, r.int = mp.lockedExt, mp.lockedInt
	}
	if gp.lockflags&gLockJoining != 0 {
		gp.lockflags &^= gLockJoining
		lockedCount(mp, gp.locks)
		mp.lockedq.joining.Add(-1)
	}
	if gp.lockflags&gLockCounted != 0 {
		mp.lockedExt, mp.lockedInt = gp.locks.ext, gp.locks.int
	} else {
		mp.lockedExt, mp.lockedInt = 0, 0
	}
}

// lockedCount counts r, the record of a g that has arrived on mp, the current m.
func lockedCount(mp *m, r *gLocks) {
	r.here = true
	mp.nlocks++
}

// lockedJoin makes gp, which has a record, a g of mp, and on the way there. gp is the
// current goroutine, which must not be preempted until lockedMove has moved it, or
// waits in LockToRecvOSThread. The caller has seen to it that mp cannot exit.
func lockedJoin(mp *m, gp *g) {
	mp.lockedq.joining.Add(1)
	gp.lockedm.set(mp)
	gp.lockflags |= gLockThread | gLockUser | gLockJoining
}

// lockedMove moves the current goroutine to its m, another one than mp, which
// it runs on. The caller has disabled preemption by acquirem.
//
//go:nosplit
func lockedMove(mp *m) {
	releasem(mp)
	mcall(lockedMove_m)
}

// lockedMove continuation on g0.
func lockedMove_m(gp *g) {
	trace := traceAcquire()
	if trace.ok() {
		trace.GoStop(traceGoStopLock)
	}
	casgstatus(gp, _Grunning, _Grunnable)
	if trace.ok() {
		traceRelease(trace)
	}
	dropg()
	pp := getg().m.p.ptr()
	relay := pp.inRelay()
	if !lockedPush(gp) && !lockedWake(gp) {
		lockedRunqput(pp, gp, true, relay)
	}
	schedule()
}

// lockedLeave makes gp, which runs on its m and has no hold left, an ordinary
// goroutine. If gp is alone on a thread that may return to the pool, it keeps
// running there. Else lockedLeave returns on another thread.
//
//go:nosplit
func lockedLeave(gp *g) {
	mp := gp.m
	others := mp.nlocks
	if gp.locks.here {
		others--
	}
	if others == 0 && mp.lockbits == 0 && mp.lockedq.joining.Load() == 0 {
		if r := gp.locks; r.critical != 0 {
			// Nobody is put aside.
			r.critical, r.ndo, r.exclusiveFrom = 0, 0, 0
			mp.lockedq.ncritical--
			mp.lockedq.section = 0
		}
		if debugLockedM {
			lockedCheckEmpty(mp)
		}
		mp.nlocks = 0
		gp.freeRecord()
		mp.lockedg = 0
		gp.lockedm = 0
		gp.lockflags = 0
		return
	}
	mcall(lockedLeave_m)
}

// lockedLeave continuation on g0.
func lockedLeave_m(gp *g) {
	mp := getg().m
	trace := traceAcquire()
	if trace.ok() {
		trace.GoStop(traceGoStopUnlock)
	}
	casgstatus(gp, _Grunning, _Grunnable)
	if trace.ok() {
		traceRelease(trace)
	}
	dropg()

	pp := mp.p.ptr()
	relay := pp.inRelay()
	exit := lockedRelease(mp, gp)
	gp.lockedm = 0
	gp.lockflags = 0
	lockedRunqputLeaver(pp, gp, relay) // it cannot run here
	if exit {
		lockedExit(mp)
	}
	schedule()
}

// lockedRelease takes gp off mp, its m and the current one, and reports
// whether mp has no locked g left.
func lockedRelease(mp *m, gp *g) (last bool) {
	if gp.locks.here {
		mp.nlocks--
	}
	exclusiveDrop(mp, gp, gp.locks)
	gp.freeRecord()
	if mp.empty() {
		if debugLockedM {
			lockedCheckEmpty(mp)
		}
		if mp.lockedq.loop != nil {
			mp.lockedq.loop.end()
			mp.lockedq.loop = nil
		}
		mp.lockedg = 0
		return true
	}
	mp.lockedg.set(mp.g0)
	mp.lockedExt, mp.lockedInt = 0, 0
	return false
}

// lockedExit ends the current thread, which has no locked g left and must not
// run anything else. Never returns.
func lockedExit(mp *m) {
	if GOOS == "plan9" {
		// Threads do not exit; see gdestroy. So Lock makes none here.
		mp.lockedExt = 0
		mp.lockbits = 0
		schedule()
	}
	gogo(&mp.g0.sched)
}

// gdestroyLocked is called by gdestroy for gp, which ends on mp and has a record, in use
// or kept from before. locked says whether gp was locked to mp. It reports whether mp must
// exit. The record goes with the goroutine: what ends shall leave no memory behind.
func gdestroyLocked(mp *m, gp *g, locked bool) (exit bool) {
	if !gp.hasRecord() {
		gp.locks = nil
		return locked
	}
	if mp.lockedInt != 0 && GOARCH != "wasm" {
		throw("exited a goroutine internally locked to the OS thread")
	}
	r := gp.locks
	if l := r.locker; l != nil {
		r.locker = nil
		l.drop(mp)
	}
	if GOARCH == "wasm" {
		gp.lockflags = 0
		gp.locks = nil
		return false
	}
	if mp.lockedExt != 0 {
		mp.lockbits |= mTainted
	}
	exit = lockedRelease(mp, gp)
	gp.lockflags = 0
	gp.locks = nil
	return exit
}

// lockedHold is called when the current goroutine has taken a LockOSThread hold,
// with gLockUser, or one of the runtime's own, with 0. Pairs of LockOSThread and
// UnlockOSThread are frequent around calls of C, so this is inlined.
//
//go:nosplit
func lockedHold(user uint8) {
	if goexperiment.ThreadLocker && GOARCH != "wasm" {
		getg().lockflags |= gLockThread | gLockCounted | user
	}
}

// unlockedHold is called when the current goroutine, which has a record or is
// held by the runtime, has dropped a LockOSThread hold, or one of the runtime's
// own. It unlocks the goroutine from its thread if that was the last hold. Who
// has no record and no other hold is unlocked by dounlockOSThread.
//
//go:nosplit
func unlockedHold() {
	if GOARCH == "wasm" {
		return // see wasmUnlockOSThread
	}
	gp := getg()
	mp := gp.m
	r := gp.record()
	yield := false
	if r != nil && r.exclusiveFrom > mp.lockedExt {
		r.exclusiveFrom = 0
		if r.ndo == 0 {
			yield = criticalEnd(mp, gp, r)
		}
	}
	if mp.lockedExt == 0 && (r == nil || r.locker == nil) {
		gp.lockflags &^= gLockUser
	}
	if mp.lockedExt|mp.lockedInt == 0 {
		gp.lockflags &^= gLockCounted
		// No hold may be left. But a callback that returns to C, or is left by a panic,
		// goes on here: cgocallLocked lets gp leave once the C call is over. So
		// does BlockOSThread. And debugCallWrap must not be moved. Then gp leaves when
		// it ends, or when it next drops a hold.
		if r.locker == nil && !mp.incgo && mp.locks == 0 && r.nblock == 0 && !gp.asyncSafePoint {
			lockedLeave(gp)
			return
		}
	}
	if yield {
		criticalYield(gp)
	}
}

// mayBeStrange reports whether the kernel state of mp may be of a
// goroutine's making, so that no thread must be cloned from it. This is
// known of mp after the goroutine has ended, too.
func (mp *m) mayBeStrange() bool {
	return mp.lockedExt != 0 || mp.nlocks != 0 || mp.lockbits != 0 || mp.lockedg.ptr() == mp.g0
}

// lockRecvTable holds the goroutines that wait in LockToRecvOSThread, in lists
// of their records, oldest last, for buckets that channels hash to.
// hchan.lockrecv says that there are waiters for a channel, and is guarded by
// the channel's lock.
var lockRecvTable [251]struct {
	lockRecvBucket
	_ [cpu.CacheLinePadSize - unsafe.Sizeof(lockRecvBucket{})]byte
}

// A lockRecvBucket is a list of lockRecvTable. Nothing else is acquired under its
// lock, and no pointer written, so that there is no write barrier either. The links
// are therefore uintptrs; the goroutines that wait keep their records alive.
type lockRecvBucket struct {
	lock mutex
	list lockspuintptr
}

func lockRecvBucketFor(c *hchan) *lockRecvBucket {
	return &lockRecvTable[(uintptr(unsafe.Pointer(c))>>5)%uintptr(len(lockRecvTable))].lockRecvBucket
}

// A lockRecvError says why LockToRecvOSThread cannot lock its caller.
type lockRecvError uint8

const (
	lockRecvOK lockRecvError = iota
	lockRecvClosed
	lockRecvUnlocked
	lockRecvExtra
)

var lockRecvErrors = [...]string{
	lockRecvClosed:   "runtime.LockToRecvOSThread: the channel is closed; call it before the channel is closed",
	lockRecvUnlocked: "runtime.LockToRecvOSThread: the receiving goroutine is not locked to a thread; it must call LockOSThread or ThreadLocker.Lock before it receives",
	lockRecvExtra:    "runtime.LockToRecvOSThread: the receiving goroutine runs on a thread that Go did not create; receive on a goroutine that Go code started",
}

func (e lockRecvError) panic() {
	panic(plainError(lockRecvErrors[e]))
}

// lockRecvErr says why nobody can be locked to the thread of gp, a goroutine
// that receives.
func lockRecvErr(gp *g) lockRecvError {
	if gp.lockflags&gLockUser == 0 {
		return lockRecvUnlocked
	}
	if mp := gp.lockedm.ptr(); mp != nil && mp.isextra {
		return lockRecvExtra
	}
	return lockRecvOK
}

// lockToRecv is LockToRecvOSThread.
func lockToRecv(c *hchan) {
	gp := getg()
	switch {
	case c == nil:
		panic(plainError("runtime.LockToRecvOSThread: nil channel; pass a channel that a locked goroutine receives from"))
	case c.bubble != nil && gp.bubble != c.bubble:
		fatal("LockToRecvOSThread on synctest channel from outside bubble")
	case gp.m.isextra:
		panic(plainError("runtime.LockToRecvOSThread: called on a thread that Go did not create; call it on a goroutine that Go code started"))
	case gp.locked():
		panic(plainError("runtime.LockToRecvOSThread: the calling goroutine is already locked to a thread; unlock it first, or call it on another goroutine"))
	}
	r := new(gLocks)
	r.g.set(gp)
	r.ext = 1
	r.stack = lockedStack()
	r.recv = true
	r.mate = new(gLocks)

	lock(&c.lock)
	if c.closed != 0 {
		unlock(&c.lock)
		lockRecvClosed.panic()
	}
	for sg := c.recvq.first; sg != nil; sg = sg.next {
		if sg.isSelect && sg.g.selectDone.Load() != 0 {
			continue // another case was chosen; see waitq.dequeue
		}
		// While we hold c.lock, sg.g stays blocked and locked.
		if err := lockRecvErr(sg.g); err != lockRecvOK {
			unlock(&c.lock)
			err.panic()
		}
		mp := acquirem()
		lockRecvAdopt(sg.g, r)
		unlock(&c.lock)
		if GOARCH == "wasm" {
			releasem(mp)
			return
		}
		lockedMove(mp)
		return
	}

	r.c = c
	c.lockrecv = true
	b := lockRecvBucketFor(c)
	lock(&b.lock)
	r.next = b.list
	b.list.set(r)
	unlock(&b.lock)
	reason := waitReasonLockToRecv
	if c.bubble != nil {
		reason = waitReasonSynctestLockToRecv
	}
	goparkunlock(&c.lock, reason, traceBlockChanRecv, 3)
	if r.err != lockRecvOK {
		r.err.panic()
	}
}

// lockRecvAdopt makes the goroutine whose record is r a goroutine of the
// thread of rgp, which receives on a channel whose lock the caller holds.
func lockRecvAdopt(rgp *g, r *gLocks) {
	gp := r.g.ptr()
	gp.locks = r
	mate := r.mate
	r.c, r.mate = nil, nil
	if GOARCH == "wasm" {
		gp.lockflags |= gLockUser
		return
	}
	// rgp may be in a select, and another caller do the same now with another
	// of its channels.
	if old := rgp.locks; old != nil {
		atomic.Casuintptr((*uintptr)(&old.g), 0, uintptr(unsafe.Pointer(rgp)))
	} else {
		// This is a write without a write barrier; the one below has it, and
		// there is no safe-point between the two.
		mate.g.set(rgp)
		if atomic.Casuintptr((*uintptr)(unsafe.Pointer(&rgp.locks)), 0, uintptr(unsafe.Pointer(mate))) {
			rgp.locks = mate
		}
	}
	lockedJoin(rgp.lockedm.ptr(), gp)
	gp.lockflags |= gLockCounted // r.ext is 1
}

// lockRecv releases the callers of LockToRecvOSThread that wait for a receive
// on c. It is called when the current goroutine is about to complete one or to
// block in one. c must be locked.
//
// It readies goroutines while it holds the lock of a channel. That is no danger
// here: they are in no queue of that channel, so their stacks can be shrunk
// without its lock.
func lockRecv(c *hchan) {
	lockRecvRelease(c, lockRecvErr(getg()))
}

// lockRecvClose is lockRecv for closechan.
func lockRecvClose(c *hchan) {
	lockRecvRelease(c, lockRecvClosed)
}

func lockRecvRelease(c *hchan, err lockRecvError) {
	c.lockrecv = false
	var list lockspuintptr // oldest first
	b := lockRecvBucketFor(c)
	lock(&b.lock)
	for p := &b.list; *p != 0; {
		r := p.ptr()
		if r.c != c {
			p = &r.next
			continue
		}
		*p = r.next
		r.next = list
		list.set(r)
	}
	unlock(&b.lock)
	for r := list.ptr(); r != nil; {
		gp, next := r.g.ptr(), r.next.ptr()
		r.next = 0
		if err == lockRecvOK {
			lockRecvAdopt(getg(), r)
		} else {
			r.err = err
		}
		goready(gp, 3)
		r = next
	}
}

// locked reports whether gp, the current goroutine, has a hold of any kind.
func (gp *g) locked() bool {
	if GOARCH == "wasm" {
		return gp.hasRecord() || wasmInit(gp)
	}
	return gp.lockflags&gLockThread != 0
}

// coroHolds is what a coroutine is checked to be resumed with, beside the
// counts on m.
type coroHolds struct {
	locker *threadLocker
	nlock  uint32
	ext    uint32 // on wasm
}

func coroHoldsOf(gp *g) coroHolds {
	r := gp.record()
	if r == nil {
		return coroHolds{}
	}
	h := coroHolds{locker: r.locker, nlock: r.nlock}
	if r.locker == nil {
		h.nlock = 0
	}
	if GOARCH == "wasm" {
		h.ext = r.ext
	}
	return h
}

// takeLocks takes the record of gp, or nil, for giveLocks.
func (gp *g) takeLocks() *gLocks {
	r := gp.record()
	if r != nil {
		gp.locks = nil
	}
	return r
}

// giveLocks makes r, if it is not nil, the record of gp, which takes the place of
// another goroutine on its thread.
func (gp *g) giveLocks(r *gLocks) {
	if r != nil {
		gp.locks = r
		r.g.set(gp)
	}
}

// wasmLockOSThread and wasmUnlockOSThread stand in for LockOSThread and
// UnlockOSThread where there is one thread: nothing moves, but each goroutine
// has its count.
func wasmLockOSThread(gp *g) {
	r := gp.ownRecord()
	r.g.set(gp)
	r.ext++
	if r.ext == 0 {
		r.ext--
		panic("LockOSThread nesting overflow")
	}
	gp.lockflags |= gLockUser
}

func wasmUnlockOSThread(gp *g) {
	r := gp.record()
	if r == nil || r.ext == 0 {
		return
	}
	r.ext--
	if r.ext == 0 && r.locker == nil {
		gp.freeRecord()
		gp.lockflags &^= gLockUser
	}
}

// wasmInit reports whether gp is the main goroutine, held by the runtime
// during package initialization. Elsewhere than on wasm g.lockedm tells.
func wasmInit(gp *g) bool {
	return GOARCH == "wasm" && gp.goid == 1 && gp.m.lockedInt != 0
}
