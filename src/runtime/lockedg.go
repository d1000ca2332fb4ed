// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
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
// record, at g.locks. The records of an m form a list, m.lockedgs. When a
// dedicated m goes from one of its gs to another, lockedSwitchHolds saves the
// counts of m.lockedg in its record and loads those of the next, but does not
// touch the record of a g whose counts are 0. So the invariants are
//
//   - m.lockedg != 0 if and only if m is dedicated; it is locked to m and
//     while it runs, or another g of m does, the counts on m are its own or,
//     respectively, those of the g that runs;
//   - if two gs are locked to m, each has a record in m.lockedgs;
//   - g.locks != nil implies g.locks.g == g and g.lockedm.lockedgs lists it.
//
// lockedLock guards m.lockedgs, the links of records, the state of ThreadLockers
// and the goroutines that wait in LockToRecvOSThread. It is a leaf: nothing
// else is acquired under it, and no pointer written, so that there is no write
// barrier either. The links are therefore uintptrs; g.locks keeps the records
// alive.
//
// To bind is to make a thread that of a ThreadLocker: that of the current goroutine,
// if LockOSThread holds it there already, and otherwise a new one, on which no
// other goroutine has ever run. What the kernel keeps for a thread, such as the
// signal to send to its children when it exits, belongs to goroutines that ran there
// before. A new thread begins parked (lockedNewm), so the first goroutine gets
// there like any that joins. To join is to become locked to the m of another
// goroutine. A joiner is in m.lockedgs from that step on, before it first runs on
// m, so that m cannot exit under it. To leave is to give up the last hold. The
// goroutine that leaves goes to an ordinary run queue. If it was the last one,
// and the m is tainted or was ever bound to a ThreadLocker, the m exits. If it was
// the last one on any other m, it stays there and the m becomes an ordinary one.

// Bits of g.lockflags.
const (
	gLockThread   uint8 = 1 << iota // locked: g.lockedm is set
	gLockUser                       // has a hold that is not the runtime's own
	gLockTicket                     // is its m's ticket; see lockedm.go
	gLockCritical                   // see criticalEnter
	gLockSampled                    // its next wait for the thread is measured
	gLockRelay                      // is in runnext, as part of a relay; for tickets
	gLockCounted                    // m.lockedExt or m.lockedInt, as they are while it runs, is not 0
)

// A gLocks is the record of a goroutine that is locked to a shared thread or
// by a ThreadLocker.
type gLocks struct {
	g    guintptr
	m    muintptr      // whose list it is on, or 0
	next lockspuintptr // on m.lockedgs, or on a list of lockRecvTable
	prev lockspuintptr // on m.lockedgs

	stack *bucket     // of LockToRecvOSThread, or of a Lock that holds, or nil
	stall lockedStall // see lockeddump.go

	ext uint32 // m.lockedExt when another g of the m runs
	int uint32 // m.lockedInt, likewise

	locker *threadLocker // held, or nil
	nlock  uint32        // how often

	critical uint32 // nesting of criticalEnter

	err  lockRecvError // why it cannot be locked in LockToRecvOSThread
	recv bool          // stack is of LockToRecvOSThread, and stays

	// Callbacks from C; see lockedcgo.go.
	innerSP uintptr // this goroutine's innermost callback, or 0
	outerSP uintptr // the one before it, until its Go code begins
	waitSP  uintptr // the callback that waits to return to C

	// For a goroutine that waits in LockToRecvOSThread.
	c    *hchan
	mate *gLocks // becomes the record of the receiver, if it has none
}

type lockspuintptr uintptr

//go:nosplit
func (p lockspuintptr) ptr() *gLocks { return (*gLocks)(unsafe.Pointer(p)) }

//go:nosplit
func (p *lockspuintptr) set(r *gLocks) { *p = lockspuintptr(unsafe.Pointer(r)) }

// A threadLocker is the state of a ThreadLocker. It is guarded by lockedLock.
type threadLocker struct {
	mp muintptr // the thread it is bound to, or 0, also while a new one is being made
	n  uint32   // goroutines that hold it
}

// lockedNewm makes an m for gp, the current goroutine, as its first one. It is parked,
// and gets its thread from newmStart, for which the caller has called acquirem.
func lockedNewm(gp *g) *m {
	mp := allocm(nil, lockedStart, -1)
	mp.lockedq.word.Store(lockedParked)
	mp.lockedg.set(gp)
	incidlelocked(1)
	return mp
}

// lockedStart is what an m made by lockedNewm begins with. Never returns.
func lockedStart() {
	mp := getg().m
	scheduleLocked(mp, lockedSleep(mp))
}

// drop takes one holder off l. lockedLock must be held.
func (l *threadLocker) drop() {
	l.n--
	if l.n == 0 {
		l.mp = 0
	}
}

var lockedLock mutex

// lockedLink adds r, the record of gp, to mp's list. The caller makes gp's
// fields agree. lockedLock must be held.
func lockedLink(mp *m, r *gLocks) {
	r.m.set(mp)
	r.prev = 0
	r.next = mp.lockedgs
	if next := r.next.ptr(); next != nil {
		next.prev.set(r)
	}
	mp.lockedgs.set(r)
	mp.nlocks++
}

// lockedUnlink removes r from mp's list. lockedLock must be held.
func lockedUnlink(mp *m, r *gLocks) {
	if prev := r.prev.ptr(); prev != nil {
		prev.next = r.next
	} else {
		mp.lockedgs = r.next
	}
	if next := r.next.ptr(); next != nil {
		next.prev = r.prev
	}
	r.m, r.next, r.prev = 0, 0, 0
	mp.nlocks--
}

// lockedSwitchHolds makes the lock counts of mp, the current m, those of gp,
// a g of mp.
func lockedSwitchHolds(mp *m, gp *g) {
	old := mp.lockedg.ptr()
	if debugLockedM {
		if gp.locks == nil || old.locks == nil {
			throw("lockedSwitchHolds: shared thread without records")
		}
		if (old.lockflags&gLockCounted != 0) != (mp.lockedExt|mp.lockedInt != 0) {
			throw("lockedSwitchHolds: gLockCounted is wrong")
		}
	}
	if old.lockflags&gLockCounted != 0 {
		old.locks.ext, old.locks.int = mp.lockedExt, mp.lockedInt
	}
	lockedLoadHolds(mp, gp)
}

func lockedLoadHolds(mp *m, gp *g) {
	if gp.lockflags&gLockCounted != 0 {
		mp.lockedExt, mp.lockedInt = gp.locks.ext, gp.locks.int
	} else {
		mp.lockedExt, mp.lockedInt = 0, 0
	}
	mp.lockedg.set(gp)
}

// lockedAdopt makes gp, which is the current goroutine or blocked, a g of mp.
// gp.locks is r already: once r is on the list, others may switch from gp to
// themselves. lockedLock must be held. If gp runs on another m, it must not be
// preempted until lockedMove has moved it.
func lockedAdopt(mp *m, gp *g, r *gLocks) {
	lockedLink(mp, r)
	gp.lockedm.set(mp)
	gp.lockflags |= gLockThread | gLockUser
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
	if mp.nlocks == 1 && mp.lockbits == 0 {
		systemstack(func() {
			lock(&lockedLock)
			lockedUnlink(mp, gp.locks)
			unlock(&lockedLock)
			gp.locks = nil
		})
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
	lockedRunqput(pp, gp, true, relay) // it cannot run here
	if exit {
		lockedExit(mp)
	}
	schedule()
}

// lockedRelease takes gp off mp, its m and the current one, and reports
// whether mp has no locked g left.
func lockedRelease(mp *m, gp *g) (last bool) {
	r := gp.locks
	lock(&lockedLock)
	lockedUnlink(mp, r)
	rest := mp.lockedgs.ptr()
	unlock(&lockedLock)
	gp.locks = nil
	mp.lockedg = 0
	if rest == nil {
		return true
	}
	// Any of the others will do; scheduleLocked switches from it.
	lockedLoadHolds(mp, rest.g.ptr())
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

// gdestroyLocked is called by gdestroy for gp, which ends on mp while it is
// locked to it and has a record. It reports whether mp must exit.
func gdestroyLocked(mp *m, gp *g) (exit bool) {
	if mp.lockedInt != 0 && GOARCH != "wasm" {
		throw("exited a goroutine internally locked to the OS thread")
	}
	r := gp.locks
	if l := r.locker; l != nil {
		r.locker = nil
		lock(&lockedLock)
		l.drop()
		unlock(&lockedLock)
	}
	gp.lockflags = 0
	if GOARCH == "wasm" {
		gp.locks = nil
		return false
	}
	if mp.lockedExt != 0 {
		mp.lockbits |= mTainted
	}
	return lockedRelease(mp, gp)
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
	r := gp.locks
	if mp.lockedExt == 0 && (r == nil || r.locker == nil) {
		gp.lockflags &^= gLockUser
	}
	if mp.lockedExt != 0 || mp.lockedInt != 0 {
		return
	}
	gp.lockflags &^= gLockCounted
	if r.locker != nil {
		return
	}
	if mp.incgo || mp.locks != 0 {
		// A callback returns to C, or is left by a panic. cgocallLocked
		// lets gp leave once the C call is over.
		return
	}
	if gp.asyncSafePoint {
		// debugCallWrap must not be moved. gp leaves when it ends, or when
		// it next drops a hold.
		return
	}
	lockedLeave(gp)
}

// criticalEnter and criticalExit enclose what the current goroutine does while
// it holds, or waits for, a semaphore that the GC, a stop of the world or
// another reader of the runtime's state needs, or while it may find itself to be
// the one that has to end the mark phase. Were a co-located goroutine to run
// meanwhile and to block in a system call, the holder could not go on, or a
// waiter that was woken not take what is free, and the whole process would wait
// for that system call. So a thread that has goroutines in a critical section
// runs only them, and nothing that takes long is waited for in one.
//
// Goroutines of the thread that should have run meanwhile are passed over. That
// must not go on for ever, as it would with a goroutine that is nearly always in a
// critical section when its time slice ends. So from then on each goroutine that
// leaves its critical section goes to the end of the queue. Only a goroutine that runs
// can enter one, so the thread is soon without, and those that were passed over run.
func criticalEnter() {
	gp := getg()
	if r := gp.locks; goexperiment.ThreadLocker && r != nil {
		r.critical++
		if r.critical == 1 {
			gp.lockflags |= gLockCritical
			gp.m.lockedq.ncritical++
		}
	}
}

func criticalExit() {
	gp := getg()
	if r := gp.locks; goexperiment.ThreadLocker && r != nil {
		r.critical--
		if r.critical == 0 {
			gp.lockflags &^= gLockCritical
			mp := gp.m
			mp.lockedq.ncritical--
			if mp.lockedq.passedOver && canPreemptM(mp) {
				mp.lockedq.passedOver = mp.lockedq.ncritical != 0
				mcall(gosched_m)
			}
		}
	}
}

// semacquireSTW and semreleaseSTW are semacquire and semrelease for such a
// semaphore.
func semacquireSTW(addr *uint32) {
	criticalEnter()
	semacquire(addr)
}

func semreleaseSTW(addr *uint32) {
	semrelease(addr)
	criticalExit()
}

// mayBeStrange reports whether the kernel state of mp may be of a
// goroutine's making, so that no thread must be cloned from it. This is
// known of mp after the goroutine has ended, too.
func (mp *m) mayBeStrange() bool {
	return mp.lockedExt != 0 || mp.nlocks != 0 || mp.lockbits != 0
}

// lockRecvTable holds the goroutines that wait in LockToRecvOSThread, in lists
// of their records, oldest last, for buckets that channels hash to.
// hchan.lockrecv says that there are waiters for a channel, and is guarded by
// the channel's lock; the lists are guarded by lockedLock.
var lockRecvTable [251]lockspuintptr

func lockRecvBucket(c *hchan) *lockspuintptr {
	return &lockRecvTable[(uintptr(unsafe.Pointer(c))>>5)%uintptr(len(lockRecvTable))]
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
	lock(&lockedLock)
	b := lockRecvBucket(c)
	r.next = *b
	b.set(r)
	unlock(&lockedLock)
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
	mp := rgp.lockedm.ptr()
	mate.g.set(rgp)
	lock(&lockedLock)
	// rgp may be in a select, and another caller do the same now with another
	// of its channels. This is a write without a write barrier; the one below
	// has it, and there is no safe-point between the two.
	first := rgp.locks == nil
	if first {
		*(*lockspuintptr)(unsafe.Pointer(&rgp.locks)) = lockspuintptr(unsafe.Pointer(mate))
		lockedLink(mp, mate)
	}
	lockedAdopt(mp, gp, r)
	gp.lockflags |= gLockCounted // r.ext is 1
	unlock(&lockedLock)
	if first {
		rgp.locks = mate
	}
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
	lock(&lockedLock)
	for p := lockRecvBucket(c); *p != 0; {
		r := p.ptr()
		if r.c != c {
			p = &r.next
			continue
		}
		*p = r.next
		r.next = list
		list.set(r)
	}
	unlock(&lockedLock)
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
		return gp.locks != nil || wasmInit(gp)
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
	r := gp.locks
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

// giveLocks makes r, or nil, the record of gp, which takes the place of another
// goroutine on its thread.
func (gp *g) giveLocks(r *gLocks) {
	gp.locks = r
	if r != nil {
		r.g.set(gp)
	}
}

// wasmLockOSThread and wasmUnlockOSThread stand in for LockOSThread and
// UnlockOSThread where there is one thread: nothing moves, but each goroutine
// has its count.
func wasmLockOSThread(gp *g) {
	r := gp.locks
	if r == nil {
		r = new(gLocks)
		r.g.set(gp)
		gp.locks = r
	}
	r.ext++
	if r.ext == 0 {
		r.ext--
		panic("LockOSThread nesting overflow")
	}
	gp.lockflags |= gLockUser
}

func wasmUnlockOSThread(gp *g) {
	r := gp.locks
	if r == nil || r.ext == 0 {
		return
	}
	r.ext--
	if r.ext == 0 && r.locker == nil {
		gp.locks = nil
		gp.lockflags &^= gLockUser
	}
}

// wasmInit reports whether gp is the main goroutine, held by the runtime
// during package initialization. Elsewhere than on wasm g.lockedm tells.
func wasmInit(gp *g) bool {
	return GOARCH == "wasm" && gp.goid == 1 && gp.m.lockedInt != 0
}
