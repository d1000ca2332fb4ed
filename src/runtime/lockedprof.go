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

// Metrics and the profile of locked goroutines.

// lockedTimeToRun is the distribution of the time that goroutines which share
// a thread have been runnable before they ran.
var lockedTimeToRun timeHistogram

// lockedStats counts dedicated threads and what is locked to them.
type lockedStats struct {
	threads  uint64 // dedicated threads
	gs       uint64 // goroutines locked to them
	runnable uint64 // those that wait for their turn
}

// read fills in s, and returns the number of runnable goroutines in the queues of
// the threads: all but the tickets. sched.lock must be held.
func (s *lockedStats) read() (queued uint64) {
	if !goexperiment.ThreadLocker {
		return 0
	}
	*s = lockedStats{}
	for mp := allm; mp != nil; mp = mp.alllink {
		gp := mp.lockedg.ptr()
		if gp == nil || mp.isextra && readgstatus(gp)&^_Gscan == _Gdeadextra {
			continue // what is on the list of extra ms has a g locked to it already
		}
		s.threads++
		s.gs += uint64(mp.lockedgs())
		n := uint64(mp.lockedq.size())
		queued += n
		s.runnable += n
		if mp.lockedq.word.Load()&lockedTicket != 0 {
			s.runnable++
		}
	}
	return queued
}

// lockedRunnableTime records how long gp has been runnable before it runs, if it
// has a record. Like casgstatus, it must not split the stack.
//
//go:nosplit
func lockedRunnableTime(gp *g) {
	if goexperiment.ThreadLocker && gp.hasRecord() {
		lockedTimeToRun.record(gp.runnableTime)
	}
}

// initLockedMetrics adds metrics of dedicated threads; see initMetrics.
func initLockedMetrics() {
	if !goexperiment.ThreadLocker {
		return
	}
	metrics["/sched/goroutines/locked-runnable:goroutines"] = metricData{
		deps: makeStatDepSet(schedStatsDep),
		compute: func(in *statAggregate, out *metricValue) {
			out.kind = metricKindUint64
			out.scalar = in.schedStats.locked.runnable
		},
	}
	metrics["/sched/goroutines/locked:goroutines"] = metricData{
		deps: makeStatDepSet(schedStatsDep),
		compute: func(in *statAggregate, out *metricValue) {
			out.kind = metricKindUint64
			out.scalar = in.schedStats.locked.gs
		},
	}
	metrics["/sched/latencies/locked:seconds"] = metricData{
		compute: func(_ *statAggregate, out *metricValue) {
			lockedTimeToRun.write(out)
		},
	}
	metrics["/sched/threads/dedicated:threads"] = metricData{
		deps: makeStatDepSet(schedStatsDep),
		compute: func(in *statAggregate, out *metricValue) {
			out.kind = metricKindUint64
			out.scalar = in.schedStats.locked.threads
		},
	}
}

// lockedgs returns the number of gs that are locked to mp, a dedicated thread, here or
// on the way. It may be called on any m.
func (mp *m) lockedgs() uint32 {
	return max(1, mp.nlocks+uint32(mp.lockedq.joining.Load()))
}

// lockedStack returns the stack of the caller of the function that called it,
// for a record. Like that of a block profile it is found by frame pointers if it can
// be. See fpunwindExpand for its form.
//
//go:noinline
func lockedStack() *bucket {
	if debug.profstackdepth == 0 {
		return nil
	}
	mp := acquirem() // owns mp.profStack
	var n int
	if tracefpunwindoff() || mp.hasCgoOnStack() {
		mp.profStack[0] = logicalStackSentinel
		n = 1 + callers(2, mp.profStack[1:])
	} else {
		mp.profStack[0] = 1 // of the frames, the first one is skipped
		n = 1 + fpTracebackPCs(unsafe.Pointer(getfp()), mp.profStack[1:])
	}
	b := stkbucket(threadLockProfile, 0, mp.profStack[:n], true)
	releasem(mp)
	return b
}

// pprof_threadLockProfile fills p with a record for each locked goroutine: the
// stack that locked it, or, if that was LockOSThread or the runtime, the stack
// that it has now. It returns the number of records, and whether they fit.
//
// Who locked a goroutine stands in its record, which is read without stopping
// anything. Only for the rest the world stops.
//
//go:linkname pprof_threadLockProfile
func pprof_threadLockProfile(p []profilerecord.StackRecord) (n int, ok bool) {
	var rest []*g
	pcbuf := makeProfStack()
	add := func(r profilerecord.StackRecord) {
		if n < len(p) {
			p[n] = r
		}
		n++
	}
	forEachGRace(func(gp *g) {
		switch readgstatus(gp) &^ _Gscan {
		case _Gidle, _Gdead, _Gdeadextra:
			return
		}
		r := gp.record()
		if r == nil {
			if gp.lockedm != 0 {
				rest = append(rest, gp)
			}
			return
		}
		// gp may leave meanwhile, and another use r. Its m, which this goroutine
		// does not keep, is not freed before the next safe-point.
		var thread uint64
		var b *bucket
		systemstack(func() {
			b = (*bucket)(atomic.Loadp(unsafe.Pointer(&r.stack)))
			mp := muintptr(atomic.Loaduintptr((*uintptr)(&gp.lockedm))).ptr()
			if mp != nil && guintptr(atomic.Loaduintptr((*uintptr)(&r.g))).ptr() == gp {
				thread = mp.procid
			}
		})
		if thread == 0 {
			return // it has left, or its thread is new
		}
		if b == nil {
			rest = append(rest, gp)
			return
		}
		r1 := profilerecord.StackRecord{Thread: thread}
		if n < len(p) {
			r1.Stack = append(r1.Stack, pcbuf[:fpunwindExpand(pcbuf, b.stk())]...)
		}
		add(r1)
	})
	if len(rest) == 0 {
		return n, n <= len(p)
	}
	if n+len(rest) > len(p) {
		return n + len(rest), false
	}

	self := getg()
	stw := stopTheWorld(stwGoroutineProfile)
	for _, gp := range rest {
		mp := gp.lockedm.ptr()
		if mp == nil {
			continue
		}
		switch readgstatus(gp) &^ _Gscan {
		case _Gidle, _Gdead, _Gdeadextra:
			continue
		}
		r := profilerecord.StackRecord{}
		if gp == self {
			r.Stack = append(r.Stack, pcbuf[:callers(1, pcbuf)]...)
		} else {
			systemstack(func() { saveg(^uintptr(0), ^uintptr(0), gp, &r, pcbuf) })
		}
		r.Thread = mp.procid
		add(r)
	}
	startTheWorld(stw)
	return n, true
}
