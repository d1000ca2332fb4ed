// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

import (
	"internal/cpu"
	"internal/goexperiment"
	"internal/runtime/atomic"
)

// Spinning for a dedicated thread.
//
// A request from one goroutine to another on a dedicated thread, and its
// answer, take some hundred nanoseconds if both ms run, and a hundred times as
// much if each has to be woken. So
//
//   - a dedicated m that finds its queue empty spins before it parks, with its
//     p, looking for a push (lockedSpin);
//   - an ordinary m that has pushed to a dedicated m that runs, and finds
//     nothing else to do, spins a little longer than findRunnable does, for the
//     goroutine that the dedicated m will ready for it (lockedAwait). If the
//     dedicated m has still to wake up, that takes too long.
//
// Such spinning takes nothing from anyone for more than a moment: an m that spins
// gives up as soon as there is work that its p could be used for, which is a runnable
// goroutine that no other m is on its way to, a timer, a GC in its mark phase, or a
// request to stop. The moment is lockedKeepMax. If goroutines visit a dedicated thread
// from one other p, what the dedicated m finds runnable is one that has just left. The
// m on the other p takes it when it has pushed the next one, some 500 ns later. To give
// the p away meanwhile, and get one again, takes both ms some 7 µs for each visit. So a
// dedicated m spins on for this moment, which begins again when something has been
// taken from the queue of its p, unless the global queue has a goroutine. The time
// slice goes on, and when it is over the m gives up at once.
//
// Spinning is also bounded. Both kinds begin while the other side
// may just be waking up, which takes the operating system some 5 to 50 µs, so a
// dedicated m spins long enough to still be there when a client has been woken.
// But if it costs that much every time, sleeping would be cheaper, on a busy
// machine for everyone. What is worth while is only a spin that ends soon with
// what it was for; an m whose spins repeatedly do not stops spinning for a
// while, each time for longer. The time that another m takes to wake up, for a
// goroutine that has left, does not count. (Adaptive mutexes, and the halt polling of
// hypervisors, go by similar rules.)
//
// Nobody spins if there are more ps than processors: what is spun for may be done by a
// thread that waits for this one's processor. And at most half as many dedicated ms
// spin as there are busy ps, which is the rule for ordinary ones in findRunnable.
//
// A dedicated m does not poll the network, whose events ordinary ms find for it.
// What runs there may have given the thread a file table of its own, in which the
// poller's number is another file, or nothing, or a filter of system calls. That is
// what LockOSThread is for, and the runtime has no way to know.
//
// A dedicated m also spins for something that is not a request, and keeps its p
// for it whoever else could use that (lockedSpinScan). A goroutine that is
// preempted to have its stack scanned is runnable again some 20 µs later, and
// that happens in each GC cycle. An ordinary m would run something else
// meanwhile, and another might run the goroutine. A dedicated m has no choice,
// and to give the p to a mark worker, and get another one, takes longer than the
// scan. The time slice goes on, so those who wait for the p wait no longer than
// for a goroutine that is not scanned. After a scan that took too long, as when
// whoever scans has lost its CPU, the m does not spin for some of the next ones.
// (The push after a scan counts as a request, so whoever has scanned may spin in
// vain, once. What a g waited for does not say which push it is: a move to a
// thread, or from it, leaves waitreason as it was.)

const (
	lockedSpinMax  = 100_000 // ns that a dedicated m spins at most, for a request
	lockedScanMax  = 100_000 // and for a scan
	lockedAwaitMax = 20_000  // ns that an ordinary m does
	lockedSpinSoon = 20_000  // ns of spinning that cost less than to sleep and wake up
	lockedKeepMax  = 5_000   // ns that a dedicated m spins at most while others could use its p

	lockedSpinTries = 3 // spins in a row that may end late or in vain

	// After that, how many chances to spin are not taken: at first, and at
	// most. In between it doubles each time.
	lockedSpinSkipMin = 16
	lockedSpinSkipMax = 256

	lockedScanSkip = 8 // scans not to spin for, after one that took too long

	lockedFew = 4 // gs that a dedicated m has run before another m comes to take one
)

// A lockedSpinner decides whether to spin, for one m and one reason.
type lockedSpinner struct {
	failed  uint8  // spins in a row that ended late or in vain
	doubled uint8  // how often the next value of skip has been doubled
	skip    uint16 // chances not to be taken
}

// lockedMaySpin reports whether another thread can do what a thread spins for while it
// spins: there is more than one processor, and one for each P.
func lockedMaySpin() bool {
	return gomaxprocs > 1 && gomaxprocs <= numCPUStartup && faketime == 0 // fake time stands still while an m runs
}

// start reports whether to spin.
func (s *lockedSpinner) start() bool {
	if s.skip != 0 {
		s.skip--
		return false
	}
	return lockedMaySpin()
}

// end takes note of whether a spin ended soon with what it was for.
func (s *lockedSpinner) end(soon bool) {
	if soon {
		s.failed, s.doubled = 0, 0
		return
	}
	s.failed++
	if s.failed == lockedSpinTries {
		s.failed = 0
		s.skip = lockedSpinSkipMin << s.doubled
		if s.skip < lockedSpinSkipMax {
			s.doubled++
		}
	}
}

// lockedSpinScan spins until mp, the current m, which has a p and nothing to run,
// can go on with its g, if that is suspended to have its stack scanned. It reports
// whether scheduleLocked has something to do now, in the same time slice.
func lockedSpinScan(mp *m) bool {
	gp := mp.lockedg.ptr()
	if gp == nil || !gp.lockedScanned() || !lockedMaySpin() || sched.disable.user {
		return false
	}
	if mp.lockedq.scanSkip > 0 {
		mp.lockedq.scanSkip--
		return false
	}
	q := mp.lockedq
	pp := mp.p.ptr()
	start := nanotime()
	for i := uint(1); ; i++ {
		w := q.word.Load()
		if w&lockedGMask != 0 || sched.gcwaiting.Load() || pp.runSafePointFn != 0 {
			return true
		}
		if w&lockedTicket != 0 || !gp.lockedScanned() {
			return false
		}
		if i%lockedSpinRounds == 0 && nanotime()-start > lockedScanMax {
			mp.lockedq.scanSkip = lockedScanSkip
			return false
		}
		procyield(lockedSpinYield)
	}
}

// lockedScanned reports whether gp, which is locked to the current m and does not
// run, is suspended by suspendG, or about to be pushed by resumeG.
func (gp *g) lockedScanned() bool {
	switch readgstatus(gp) &^ _Gscan {
	case _Gpreempted, _Grunnable:
		return true
	case _Gwaiting:
		return gp.waitreason == waitReasonPreempted
	}
	return false
}

// lockedSpin spins until something is pushed to mp, the current m, which has a
// p and nothing to run. It reports false if mp is to park instead.
func lockedSpin(mp *m) bool {
	q := mp.lockedq
	s := &mp.lockedq.spinner
	if q.asked {
		s = &q.awaiter
	}
	q.asked = false
	if gcBlackenEnabled != 0 || !s.start() {
		return false
	}
	pp := mp.p.ptr()
	start := nanotime()
	if when := pp.timers.wakeTime(); when != 0 && when < start+lockedSpinMax {
		return false
	}
	now, begun := start, start
	kept, head := q.keptSince, q.keptHead
	q.keptSince = 0
	counted, stop, late, coming := false, false, false, false
	for i := uint(1); q.word.Load()&lockedGMask == 0 && !stop && !late; i++ {
		if i%lockedSpinRounds == 0 {
			now = nanotime()
			if !counted {
				if n := lockedSpinners.n.Add(1); 2*(n-1) >= gomaxprocs-sched.npidle.Load() {
					lockedSpinners.n.Add(-1)
					return false
				}
				counted = true
			}
		}
		stop = sched.gcwaiting.Load() || pp.runSafePointFn != 0 // scheduleLocked has to do something
		late = now-start > lockedSpinMax || gcBlackenEnabled != 0
		if sched.nmspinning.Load() != 0 {
			coming = true
			kept = 0
		} else {
			if coming {
				// Whoever was on its way is there.
				coming = false
				begun = now
			}
			if !lockedAnyWork() {
				kept = 0
			} else if !sched.runq.empty() || pp.sliceOver() {
				late = true
			} else {
				now = nanotime()
				if h := atomic.LoadAcq(&pp.runqhead); kept == 0 || head != h {
					kept, head = now, h
				}
				late = late || now-kept > lockedKeepMax
			}
		}
		procyield(lockedSpinYield)
	}
	if counted {
		lockedSpinners.n.Add(-1)
	}
	if stop {
		return true
	}
	s.end(!late && now-begun <= lockedSpinSoon)
	if late {
		return false
	}
	q.keptSince, q.keptHead = kept, head
	return true
}

// lockedRunqputLeaver puts gp, which has just left the current m, a dedicated one, in
// an ordinary run queue, by way of pp, the current p. relay is as for lockedRunqput.
//
// gp may be the one whose next visit the m is going to wait for. So it does not go to
// runnext, where an m that steals does not take it before it has slept for some time, but
// behind those that have left before it. If others wait, in this queue or the global
// one, it does go to runnext: they may compute, and gp, which continues a time slice, must
// not wait for them. It does so as well if the m has enough to run. Then gp need not be
// early, and an m that has slept takes several at once.
func lockedRunqputLeaver(pp *p, gp *g, relay bool) {
	s := &pp.slice
	left := atomic.LoadAcq(&pp.runqhead) == pp.runqtail || s.left == pp.runqtail
	q := getg().m.lockedq
	if left && lockedMaySpin() && q.spinner.skip == 0 && q.q.size < lockedFew && sched.runq.empty() && !(relay && s.last) {
		if next := pp.runnext; next != 0 && pp.runnext.cas(next, 0) {
			runqput(pp, next.ptr(), false)
		}
		runqput(pp, gp, false)
		wakep()
	} else {
		lockedRunqput(pp, gp, true, relay)
	}
	if left {
		s.left = pp.runqtail
	}
}

// lockedSpinners counts the dedicated ms that spin for a request, but for the first
// rounds: most answers come in that time, and to count would cost a cache line that
// all of them share.
var lockedSpinners struct {
	_ cpu.CacheLinePad
	n atomic.Int32
	_ cpu.CacheLinePad
}

// lockedAwait is called by findRunnable for a spinning m, the current one,
// that has asked something of a dedicated thread and found nothing to run until
// pollUntil, if that is not 0, when a timer is due. It reports whether there may
// be something now.
func lockedAwait(mp *m, pollUntil int64) bool {
	q := mp.lockedq
	q.asked = false
	if gcBlackenEnabled != 0 || !q.awaiter.start() {
		return false
	}
	pp := mp.p.ptr()
	start := nanotime()
	if pollUntil != 0 && pollUntil < start+lockedAwaitMax {
		return false
	}
	for i := uint(1); !lockedAnyWork(); i++ {
		if sched.gcwaiting.Load() || pp.runSafePointFn != 0 {
			return true
		}
		if gcBlackenEnabled != 0 || i%lockedSpinRounds == 0 && nanotime()-start > lockedAwaitMax {
			q.awaiter.end(false)
			return false
		}
		procyield(lockedSpinYield)
	}
	q.awaiter.end(true)
	return true
}

const (
	lockedSpinYield  = 10 // see procyield
	lockedSpinRounds = 8  // rounds of spinning for each look at the clock
)

// lockedAnyWork reports whether an ordinary run queue has a goroutine.
func lockedAnyWork() bool {
	if !sched.runq.empty() {
		return true
	}
	for _, pp := range allp {
		if !runqempty(pp) {
			return true
		}
	}
	return false
}

// sweepYield is called by bgsweep, which has found nothing to sweep and waits for
// sweeping to be over. If others still sweep it gives up the CPU, for which one of them
// may wait. It does not if it is to be preempted: what waits then may be
// forEachP, for this p. Nobody sweeps if a cycle began since bgsweep looked.
// That can happen on wasm, too, which has no other threads, and no osyield.
func sweepYield() {
	if goexperiment.ThreadLocker && GOARCH != "wasm" && sweep.active.sweepers() != 0 && !getg().preempt {
		osyield()
	}
}
