// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package bench

import (
	"syscall"
	"time"
)

// A usage is what the process has taken so far.
type usage struct {
	cpu      time.Duration
	switches int64 // voluntary and involuntary
}

func readUsage() (usage, bool) {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return usage{}, false
	}
	return usage{
		cpu:      time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		switches: int64(r.Nvcsw) + int64(r.Nivcsw),
	}, true
}
