// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package pprof

import (
	"internal/profilerecord"
	"internal/runtime/pprof/label"
	"io"
	"strconv"
	_ "unsafe" // for go:linkname
)

// The threadlock profile: goroutines that are locked to a thread, by the stack
// that locked them, with the thread as a label.

var threadLockProfile = &Profile{
	name:  "threadlock",
	count: countThreadLock,
	write: writeThreadLock,
}

func countThreadLock() int {
	n, _ := pprof_threadLockProfile(nil)
	return n
}

func writeThreadLock(w io.Writer, debug int) error {
	var p []profilerecord.StackRecord
	for {
		// More may be locked from call to call.
		n, ok := pprof_threadLockProfile(p)
		if ok {
			p = p[:n]
			break
		}
		p = make([]profilerecord.StackRecord, n+n/10+10)
	}
	r := &threadLockRecords{p, make(map[uint64]*labelMap)}
	for _, s := range p {
		if r.labels[s.Thread] == nil {
			r.labels[s.Thread] = &labelMap{label.NewSet([]label.Label{
				{Key: "thread", Value: strconv.FormatUint(s.Thread, 10)}})}
		}
	}
	return printCountProfile(w, debug, "threadlock", r)
}

type threadLockRecords struct {
	stk    []profilerecord.StackRecord
	labels map[uint64]*labelMap // by thread
}

func (p *threadLockRecords) Len() int              { return len(p.stk) }
func (p *threadLockRecords) Stack(i int) []uintptr { return p.stk[i].Stack }
func (p *threadLockRecords) Label(i int) *labelMap { return p.labels[p.stk[i].Thread] }

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
