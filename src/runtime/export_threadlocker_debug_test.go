// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && (amd64 || arm64 || loong64 || ppc64le) && linux

// Export guts for testing.

package runtime

// InjectInnerDebugCall is InjectDebugCall of a fn without arguments. If nested is
// true, gp runs an injected call, which goes on when that of fn is over.
func InjectInnerDebugCall(gp *g, fn func(), nested bool, tkill func(tid int) error) (any, error) {
	if !nested {
		return InjectDebugCall(gp, fn, nil, nil, tkill, false)
	}
	outer := testSigtrap
	defer func() { testSigtrap = outer }()
	return InjectDebugCall(gp, fn, nil, nil, tkill, false)
}

// CriticalEnter and CriticalExit make a critical section of the calling goroutine.
func CriticalEnter() { criticalEnter() }
func CriticalExit()  { criticalExit() }

// HoldsLocker reports whether the calling goroutine holds l.
func HoldsLocker(l *ThreadLocker) bool {
	r := getg().locks
	return r != nil && r.locker == &l.state
}

// LockedStack returns the stack that the record of gp has, which does not run.
func LockedStack(gp *G) []uintptr {
	if gp.locks == nil || gp.locks.stack == nil {
		return nil
	}
	return gp.locks.stack.stk()
}
