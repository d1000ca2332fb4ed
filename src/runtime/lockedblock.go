// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/goexperiment"
	"internal/runtime/atomic"
	"unsafe"
)

// BlockOSThread: a thread whose main loop waits in C.
//
// A goroutine is in a block while it runs the block function of BlockOSThread, or C
// code that this function has called. It is not while it runs a callback from that C
// code: then it can switch to other goroutines, as those of any thread do.
//
// While a goroutine of an m is in a block, nobody else can run on the m. So the m is
// armed: its word has the flag lockedArmed. Whoever makes another goroutine of the m
// runnable then takes the flag, and has the wake function called. That is done by
// another goroutine, the waker of the m: it must not be locked, and wake may call C.
//
//   - An m is armed when one of its gs begins a block, or goes on with it: because a
//     callback returns to C, because the scheduler resumes the g, which was preempted,
//     or because an inner block ends. If another goroutine is runnable already,
//     wake is called at once. One that is put aside by an exclusive section is not, unless
//     the m lends itself. Nothing yields between the look at both parts of the
//     queue and the return to C, or the m is disarmed and armed again.
//   - It is disarmed when the g leaves the block, enters a callback, or stops running.
//   - Whoever pushes to an m that is armed does so under the lock of the m's
//     lockedLoop. To take the flag and to note that wake is wanted is one step
//     with the push. The m takes the same lock to disarm. So it is not armed for one
//     block and woken for another.
//   - The m itself, in the Go part of a block, can make a co-located goroutine
//     runnable. That counts as well (pushed).
//   - A call of C by a goroutine that is not in a block, but runs on an m that has
//     blocks, is mostly short. So the m is armed, for the innermost block, only when such
//     a call has lost its p (lockedLostP).
//
// A block is to last. So when its call of C begins, or goes on after a callback, the m gives
// up its p at once if a goroutine waits for that which nobody else can take (blockEntered).
// With GOMAXPROCS=1 the waker is such a goroutine.
//
// A wake that is wanted but not begun is forgotten when the m is disarmed: what it was
// for is in the queue. When a block ends, the m waits until no call of its wake
// function is in progress.
//
// Blocks of one m can overlap in any way, for its goroutines take turns in callbacks
// and where they are preempted.

// A lockedLoop is what an m needs for BlockOSThread. The first call makes it.
type lockedLoop struct {
	lock   mutex          // guards what follows. No other lock is acquired under it, and no pointer written
	waker  guintptr       // the goroutine that calls wake
	idle   bool           // the waker is parked
	wanted bool           // armed.wake is to be called
	late   bool           // it is, and sysmon is to ready the waker
	ended  bool           // the thread has no locked g any more: the waker exits
	armed  lockedBlockPtr // the block that the m is armed for, or was until the flag was taken; or 0
	waking lockedBlockPtr // whose wake the waker calls just now, or 0
	blocks lockedBlockPtr // innermost first
	ender  guintptr       // waits for the end of the call for waking
	woken  int64          // when wake was called last since the m was armed, nanotime, or 0
	vain   atomic.Uint32  // calls of wake since a goroutine ran that is in no block
}

// A lockedBlock is one call of BlockOSThread. Its frame keeps it alive.
type lockedBlock struct {
	wake  func()
	gp    *g             // in BlockOSThread
	outer lockedBlockPtr // the next one in lockedLoop.blocks
}

// lockedWakesInVain is how many calls of wake in a row without effect are reported, with
// GODEBUG=threadstall.
const lockedWakesInVain = 10

type lockedBlockPtr uintptr

func (p lockedBlockPtr) ptr() *lockedBlock { return (*lockedBlock)(unsafe.Pointer(p)) }

func blockPtr(b *lockedBlock) lockedBlockPtr { return lockedBlockPtr(unsafe.Pointer(b)) }

// lockedLate is the number of lockedLoops that are late.
var lockedLate atomic.Int32

// lockedBlockOSThread is BlockOSThread for the current goroutine, which is locked.
func lockedBlockOSThread(block, wake func()) {
	gp := getg()
	r := gp.ownRecord()
	r.g.set(gp)
	if !r.here {
		lockedCount(gp.m, r) // its last hold may be dropped in the block
	}
	q := gp.m.lockedq
	if q.loop == nil {
		loop := new(lockedLoop)
		lockInit(&loop.lock, lockRankLeafRank)
		// This allocates, so another goroutine of the thread may run, and block, meanwhile.
		go lockedWaker(loop)
		if q.loop == nil {
			q.loop = loop
		} else {
			loop.end()
		}
	}
	b := &lockedBlock{wake: wake, gp: gp}
	f := blockFrame{b: b, outer: r.block}
	if r.exclusive() {
		f.exclusiveFrom, f.ndo, f.critical = r.exclusiveFrom, r.ndo, exclusiveSuspend(gp, r)
		r.exclusiveFrom, r.ndo = 0, 0
	}
	if raceenabled {
		racerelease(unsafe.Pointer(b))
	}
	r.nblock++
	q.loop.begin(q, b)
	defer blockEnd(&f)
	r.block = b
	systemstack(func() { q.loop.arm(q, b) })
	block()
}

// A blockFrame is what BlockOSThread restores when it ends.
type blockFrame struct {
	b     *lockedBlock
	outer *lockedBlock // of the same goroutine, with no callback in between, or nil

	// The exclusive section around it.
	exclusiveFrom, ndo, critical uint32
}

// blockEnd is deferred by lockedBlockOSThread.
func blockEnd(f *blockFrame) {
	gp := getg()
	r := gp.locks
	q := gp.m.lockedq
	r.block = nil
	q.loop.finish(q, f.b)
	r.block = f.outer
	r.nblock--
	if raceenabled {
		raceacquire(unsafe.Pointer(f.b))
	}
	if r.nblock == 0 && r.locker == nil && gp.m.lockedExt|gp.m.lockedInt == 0 && !gp.m.incgo && !gp.asyncSafePoint {
		// The last hold was dropped meanwhile.
		lockedLeave(gp)
		return
	}
	if lockedRunnable() {
		mcall(gosched_m)
	}
	if f.critical != 0 && (f.ndo != 0 || f.exclusiveFrom <= gp.m.lockedExt) {
		exclusiveResume(gp, r, f.critical)
		r.exclusiveFrom, r.ndo = f.exclusiveFrom, f.ndo
	}
	if b := r.block; b != nil {
		systemstack(func() { q.loop.arm(q, b) })
	}
}

// begin puts b, which begins on the current m, in the list of blocks.
func (loop *lockedLoop) begin(q *lockedRunq, b *lockedBlock) {
	lock(&loop.lock)
	b.outer = loop.blocks
	loop.blocks = blockPtr(b)
	q.nblock++
	unlock(&loop.lock)
}

// finish takes b, which ends, out of the list, and waits until its wake is over.
func (loop *lockedLoop) finish(q *lockedRunq, b *lockedBlock) {
	lock(&loop.lock)
	loop.disarmLocked(q)
	p := &loop.blocks
	for p.ptr() != b {
		p = &p.ptr().outer
	}
	*p = b.outer
	q.nblock--
	if loop.waking == blockPtr(b) {
		loop.ender.set(getg())
		goparkunlock(&loop.lock, waitReasonBlockOSThread, traceBlockGeneric, 2)
		return
	}
	unlock(&loop.lock)
}

// arm arms the current m for b, which its current goroutine goes on with. It runs on the
// system stack.
//
//go:nowritebarrierrec
func (loop *lockedLoop) arm(q *lockedRunq, b *lockedBlock) {
	lock(&loop.lock)
	loop.armed = blockPtr(b)
	loop.woken = 0
	gp := loop.armLocked(q)
	unlock(&loop.lock)
	if gp != nil {
		readyWaker(gp)
	}
}

// armLocked sets the flag, or, if another g can run, notes that wake is wanted, and
// returns the waker if that is to be readied. The m does not run now, or is the
// current one.
//
//go:nowritebarrierrec
func (loop *lockedLoop) armLocked(q *lockedRunq) *g {
	for q.q.empty() && !(q.lends && q.hasLendable()) {
		w := q.word.Load()
		if w&lockedGMask != 0 {
			break
		}
		if q.word.CompareAndSwap(w, w|lockedArmed) {
			return nil
		}
	}
	return loop.want()
}

// want notes that wake is wanted, and returns the waker if that is to be readied.
//
//go:nowritebarrierrec
func (loop *lockedLoop) want() (gp *g) {
	loop.wanted = true
	if loop.idle {
		loop.idle = false
		return loop.waker.ptr()
	}
	return nil
}

// disarm disarms the current m.
//
//go:nowritebarrierrec
func (loop *lockedLoop) disarm(q *lockedRunq) {
	if loop.armed == 0 {
		return // only the m itself, or who holds it in a system call, arms it
	}
	lock(&loop.lock)
	loop.disarmLocked(q)
	unlock(&loop.lock)
}

//go:nowritebarrierrec
func (loop *lockedLoop) disarmLocked(q *lockedRunq) {
	loop.armed = 0
	loop.wanted = false
	for {
		w := q.word.Load()
		if w&lockedArmed == 0 || q.word.CompareAndSwap(w, w&^lockedArmed) {
			return
		}
	}
}

// push pushes gp to the inbox of an m that was armed when the caller looked. It keeps
// only those flags that keep has. It reports false, and has done nothing, if the m is
// not armed any more.
//
//go:nowritebarrierrec
func (loop *lockedLoop) push(q *lockedRunq, gp *g, keep uintptr) bool {
	lock(&loop.lock)
	for {
		w := q.word.Load()
		if w&lockedArmed == 0 {
			unlock(&loop.lock)
			return false
		}
		gp.schedlink = guintptr(w & lockedGMask)
		if q.word.CompareAndSwap(w, uintptr(unsafe.Pointer(gp))|w&keep&^lockedArmed) {
			break
		}
	}
	waker := loop.want()
	unlock(&loop.lock)
	if waker != nil {
		readyWaker(waker)
	}
	return true
}

// pushed is called when the current m has put a g in its own queue.
//
//go:nowritebarrierrec
func (loop *lockedLoop) pushed(q *lockedRunq) {
	if q.word.Load()&lockedArmed == 0 {
		return
	}
	lock(&loop.lock)
	var waker *g
	for {
		w := q.word.Load()
		if w&lockedArmed == 0 {
			break
		}
		if q.word.CompareAndSwap(w, w&^lockedArmed) {
			waker = loop.want()
			break
		}
	}
	unlock(&loop.lock)
	if waker != nil {
		readyWaker(waker)
	}
}

// lockedBlockResume is called when the current m, which is disarmed, goes on with gp.
//
//go:nowritebarrierrec
func lockedBlockResume(q *lockedRunq, gp *g) {
	if r := gp.record(); r != nil && r.block != nil {
		q.loop.arm(q, r.block)
	} else {
		q.loop.vain.Store(0)
	}
}

// lostP is called when a call of C, or a system call, on an m that has blocks has lost
// its p. The m stays in the call meanwhile.
//
//go:nowritebarrierrec
func (loop *lockedLoop) lostP(q *lockedRunq) {
	lock(&loop.lock)
	if loop.armed == 0 && loop.blocks != 0 {
		loop.armed = loop.blocks
		loop.woken = 0
		if loop.armLocked(q) != nil {
			// The scheduler's lock may be held.
			loop.idle = true
			loop.late = true
			lockedLate.Add(1)
		}
	}
	unlock(&loop.lock)
}

// gotP is called when such a call has a p again.
//
//go:nowritebarrierrec
func (loop *lockedLoop) gotP(q *lockedRunq, gp *g) {
	if r := gp.record(); r == nil || r.block == nil {
		loop.disarm(q)
	}
}

// lockedLateWake readies the wakers that lostP could not. Called by sysmon.
func lockedLateWake() {
	if !goexperiment.ThreadLocker || lockedLate.Load() == 0 {
		return
	}
	var list gList
	lock(&sched.lock)
	lockedLate.Store(0) // before the scan: a loop that becomes late meanwhile counts again
	for mp := allm; mp != nil; mp = mp.alllink {
		loop := mp.lockedq.loop
		if loop == nil {
			continue
		}
		lock(&loop.lock)
		if loop.late && loop.idle && loop.wanted {
			loop.idle = false
			list.push(loop.waker.ptr())
		}
		loop.late = false
		unlock(&loop.lock)
	}
	unlock(&sched.lock)
	injectglist(&list)
}

// readyWaker makes gp, a waker that is no longer idle, runnable. There may be no p.
//
//go:nowritebarrierrec
func readyWaker(gp *g) {
	mp := acquirem()
	trace := traceAcquire()
	casgstatus(gp, _Gwaiting, _Grunnable)
	if trace.ok() {
		trace.GoUnpark(gp, 1)
		traceRelease(trace)
	}
	if pp := mp.p.ptr(); pp != nil {
		if mp.curg == nil && mp.lockedg == 0 {
			// mp schedules, after a goroutine has left it to move to the thread, or
			// for one that it took from a queue. So it runs the waker next. To wake
			// another m would take longer.
			runqput(pp, gp, true)
			releasem(mp)
			return
		}
		// As in lockedRunqput.
		hides := runqempty(pp) && (sched.npidle.Load() != 0 || sched.nmspinning.Load() != 0)
		runqput(pp, gp, !hides)
	} else {
		lock(&sched.lock)
		globrunqput(gp)
		unlock(&sched.lock)
	}
	wakep()
	releasem(mp)
}

// blockEntered is called when a goroutine with a record has entered a call of C, or goes
// back to it from a callback. If it is in a block, that is to last. So if a goroutine
// waits for its p, and nobody else can take that goroutine, the m gives its p up at once.
// Otherwise sysmon would take it, some ten microseconds to ten milliseconds later.
//
//go:nosplit
func blockEntered(gp *g) {
	if gp.locks.block == nil {
		return
	}
	pp := gp.m.oldp.ptr()
	if runqempty(pp) && sched.runq.empty() || sched.npidle.Load() != 0 || sched.nmspinning.Load() != 0 {
		return
	}
	systemstack(func() { blockHandoff(pp) })
	// systemstack clobbered gp.sched, so restore it.
	save(gp.syscallpc, gp.syscallsp, gp.syscallbp)
}

// blockHandoff is what retake does, for pp, which the current m had when it entered
// a system call.
func blockHandoff(pp *p) {
	mp := getg().m
	thread, ok := setBlockOnExitSyscall(pp)
	if !ok {
		return // it is lost already
	}
	if thread.mp != mp {
		thread.resume() // and another m has it
		return
	}
	thread.takeP()
	thread.resume()
	// If there is no idle m, allocm borrows pp, which others must not take for the p of
	// a system call. So keep them away. (This is not castogscanstatus, which counts
	// scan bits as locks, after which handoffp may acquire no others.)
	gp := mp.curg
	for !gp.atomicstatus.CompareAndSwap(_Gsyscall, _Gscansyscall) {
		osyield() // somebody scans gp
	}
	handoffp(pp)
	if !gp.atomicstatus.CompareAndSwap(_Gscansyscall, _Gsyscall) {
		throw("blockHandoff: bad status")
	}
}

// lockedWaker calls the wake functions of a thread's blocks, one at a time.
func lockedWaker(loop *lockedLoop) {
	lock(&loop.lock)
	loop.waker.set(getg())
	for {
		if loop.ended {
			unlock(&loop.lock)
			return
		}
		if loop.wanted {
			b := loop.armed.ptr()
			loop.woken = nanotime()
			loop.wanted = false
			loop.waking = loop.armed
			unlock(&loop.lock)
			if loop.vain.Add(1) == lockedWakesInVain && lockedStallOn() {
				println("runtime: wake of BlockOSThread was called", lockedWakesInVain, "times in a row for goroutine",
					b.gp.goid, "and no other goroutine of its thread ran: block did not return, and no callback called Gosched")
			}
			loop.call(b)
			lock(&loop.lock)
			continue
		}
		loop.idle = true
		goparkunlock(&loop.lock, waitReasonBlockOSThreadIdle, traceBlockSystemGoroutine, 1)
		lock(&loop.lock)
	}
}

// call calls b's wake. b does not end meanwhile.
func (loop *lockedLoop) call(b *lockedBlock) {
	returned := false
	defer func() {
		if raceenabled {
			racerelease(unsafe.Pointer(b))
		}
		lock(&loop.lock)
		loop.waking = 0
		ender := loop.ender.ptr()
		loop.ender = 0
		unlock(&loop.lock)
		if ender != nil {
			goready(ender, 1)
		}
		if !returned {
			go lockedWaker(loop) // wake has called Goexit, or panics
		}
	}()
	if raceenabled {
		raceacquire(unsafe.Pointer(b))
	}
	b.wake()
	returned = true
}

// end ends the waker. The current m has no locked g any more, or has another loop.
func (loop *lockedLoop) end() {
	lock(&loop.lock)
	loop.ended = true
	var waker *g
	if loop.idle {
		loop.idle = false
		waker = loop.waker.ptr()
	}
	unlock(&loop.lock)
	if waker != nil {
		readyWaker(waker)
	}
}
