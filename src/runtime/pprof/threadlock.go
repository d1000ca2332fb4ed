// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pprof

import (
	"internal/goexperiment"
	"internal/profilerecord"
	"internal/runtime/pprof/label"
	"io"
	"strconv"
	"unsafe"
)

// The threadlock profile: goroutines that are locked to a thread, by the stack
// that locked them, with the thread as a label.

var threadLockProfile = &Profile{
	name:  "threadlock",
	count: countThreadLock,
	write: writeThreadLock,
}

// addThreadLockProfile adds the profile to the built-in ones. lockProfiles calls it
// last, with profiles.mu held.
func addThreadLockProfile() {
	if goexperiment.ThreadLocker {
		profiles.m[threadLockProfile.name] = threadLockProfile
	}
}

func countThreadLock() int {
	n, _ := pprof_threadLockProfile(nil)
	return n
}

func writeThreadLock(w io.Writer, debug int) error {
	return writeRuntimeProfile(w, debug, "threadlock", func(p []profilerecord.StackRecord, labels []unsafe.Pointer) (n int, ok bool) {
		n, ok = pprof_threadLockProfile(p)
		if !ok {
			return n, false
		}
		threads := make(map[uint64]*labelMap)
		for i := range p[:n] {
			id := p[i].Thread
			if threads[id] == nil {
				threads[id] = &labelMap{label.NewSet([]label.Label{{Key: "thread", Value: strconv.FormatUint(id, 10)}})}
			}
			labels[i] = unsafe.Pointer(threads[id])
			p[i].Thread = 0 // the label says it
		}
		return n, true
	})
}

// threadLockNote returns what the text form of the goroutine profile says of
// record i if its goroutine is locked to a thread.
func threadLockNote(p countProfile, i int) string {
	rp, ok := p.(*runtimeProfile)
	if !ok || rp.stk[i].Thread == 0 {
		return ""
	}
	note := "\n# locked to thread " + strconv.FormatUint(rp.stk[i].Thread, 10)
	if by := rp.stk[i].Behind; by != 0 {
		note += ", behind goroutine " + strconv.FormatUint(by, 10)
	}
	return note
}

//go:linkname pprof_threadLockProfile runtime.pprof_threadLockProfile
func pprof_threadLockProfile(p []profilerecord.StackRecord) (n int, ok bool)
