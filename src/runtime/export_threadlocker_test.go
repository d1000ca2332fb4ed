// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// Export guts for testing.

package runtime

import "unsafe"

// UserDisabled reports whether the scheduler runs system goroutines only.
func UserDisabled() bool { return sched.disable.user }

// SetGCStopTheWorld sets GODEBUG=gcstoptheworld and returns the old value.
func SetGCStopTheWorld(v int32) (old int32) {
	stw := stopTheWorldGC(stwGOMAXPROCS)
	old, debug.gcstoptheworld = debug.gcstoptheworld, v
	startTheWorldGC(stw)
	return old
}

// SuspendLocked does with gp what a scan of its stack does. gp runs on a dedicated
// thread that it shares with none, or setStatusLocked would have to know of the scan.
// As in the mark phase of a GC, lockedSpin does not spin.
func SuspendLocked(gp *G) {
	gp.lockedm.ptr().lockedq.spinner.skip = 1
	systemstack(func() {
		curg := getg().m.curg
		casGToWaitingForSuspendG(curg, _Grunning, waitReasonGCWorkerActive)
		state := suspendG(gp)
		for range 100 {
			procyield(lockedSpinYield) // as long as scanning takes
		}
		resumeG(state)
		casgstatus(curg, _Gwaiting, _Grunning)
	})
}

// SemacquireSTW and SemreleaseSTW begin and end a critical section.
var (
	SemacquireSTW = semacquireSTW
	SemreleaseSTW = semreleaseSTW
)

// LockedMaySpin reports whether threads spin with the present GOMAXPROCS.
var LockedMaySpin = lockedMaySpin

// Schedtick returns the number of the time slice of the current P.
func Schedtick() uint32 { return getg().m.p.ptr().schedtick }

// LockedRunqSize is the size of the queue of a thread, and LockedRunqAddr returns where
// that of the current one is.
const LockedRunqSize = unsafe.Sizeof(lockedRunq{})

func LockedRunqAddr() uintptr { return uintptr(unsafe.Pointer(getg().m.lockedq)) }
