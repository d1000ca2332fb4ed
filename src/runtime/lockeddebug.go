// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

// Debugger calls that are injected into a locked goroutine.
//
// debugCallWrap runs an injected call on a new goroutine, which stands in for
// the one that the call is injected into: it gets that goroutine's record, and
// the thread. It must not be able to give up the holds of its caller, nor leave
// holds of its own behind. So debugCallWrap keeps the caller's holds in its
// frame, m.lockedExt as well as the debugHolds. They cannot be in the record,
// because calls nest: a debugger may inject a call into one that it has injected
// before, and all of these goroutines use the same record in turn.

// A debugHolds is what the record of a goroutine does not say while an injected
// call stands in for that goroutine.
type debugHolds struct {
	locker *threadLocker
	nlock  uint32
	stack  *bucket

	exclusiveFrom, ndo uint32
}

// debugCallGiveLocks moves the locked state of gp to newg, which runs an
// injected call in its place, and the hold of a ThreadLocker to h.
//
// A critical or exclusive section of gp goes on, for the thread runs nothing else
// meanwhile.
func debugCallGiveLocks(gp, newg *g, h *debugHolds) {
	newg.lockflags = gLockThread | gLockCounted | gp.lockflags&gLockCritical
	gp.lockflags = 0
	r := gp.takeLocks()
	newg.giveLocks(r)
	if r != nil {
		h.locker, h.nlock, h.stack = r.locker, r.nlock, r.stack
		r.locker, r.nlock = nil, 0
		h.exclusiveFrom, h.ndo = r.exclusiveFrom, r.ndo
		r.exclusiveFrom, r.ndo = 0, 0
	}
}

// debugCallTakeLocks moves the locked state back from gp, whose call is over,
// to callingG. A ThreadLocker that the call has left locked is unlocked.
func debugCallTakeLocks(gp, callingG *g) {
	gp.lockflags = 0
	r := gp.takeLocks()
	callingG.giveLocks(r)
	if r == nil {
		return
	}
	if r.locker != nil {
		r.locker.drop(getg().m)
		r.locker = nil
	}
	if r.exclusive() { // left by the call
		callingG.lockflags = gLockCritical
		criticalEnd(getg().m, callingG, r)
	}
}

// debugCallRelock completes debugCallTakeLocks on gp itself, with the h of its
// debugCallGiveLocks. gp has its counts back.
//
//go:nosplit
func debugCallRelock(gp *g, h *debugHolds) {
	gp.lockflags = gLockThread | gLockCounted
	r := gp.record()
	if r != nil {
		r.locker, r.nlock, r.stack = h.locker, h.nlock, h.stack
		r.exclusiveFrom, r.ndo = h.exclusiveFrom, h.ndo
		if r.critical != 0 {
			gp.lockflags |= gLockCritical
		}
	}
	if gp.m.lockedExt != 0 || r != nil && r.locker != nil {
		gp.lockflags |= gLockUser
	}
}
