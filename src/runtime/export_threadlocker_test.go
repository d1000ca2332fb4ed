// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// Export guts for testing.

package runtime

// UserDisabled reports whether the scheduler runs system goroutines only.
func UserDisabled() bool { return sched.disable.user }

// SetGCStopTheWorld sets GODEBUG=gcstoptheworld and returns the old value.
func SetGCStopTheWorld(v int32) (old int32) {
	stw := stopTheWorldGC(stwGOMAXPROCS)
	old, debug.gcstoptheworld = debug.gcstoptheworld, v
	startTheWorldGC(stw)
	return old
}
