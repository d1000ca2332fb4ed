// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build unix

package runtime

// cStackSignal is called when mp, the current m, dies of signal sig. If that is because
// its C stack is full of callbacks, cStackSignal says so.
func cStackSignal(sig uint32, c *sigctxt, mp *m) {
	addr := c.fault()
	switch {
	case isAbortPC(c.sigpc()):
		// badmorestackg0, where there is no crash stack, or another reason to give up.
		addr = c.sigsp()
		if addr > mp.g0.stack.lo+stackGuard+cStackPush {
			return
		}
	case sig != _SIGSEGV && sig != _SIGBUS, c.sigFromUser(), addr == c.sigpc():
		return // not a fault of data
	}
	if cStackFull(mp, addr, c.sigsp()) {
		printCStackFull(mp, mp.g0)
	}
}
