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
		addr = c.sigsp() // badmorestackg0 where there is no crash stack
	case sig != _SIGSEGV && sig != _SIGBUS, c.sigFromUser(), addr == c.sigpc():
		return // not a fault of data
	}
	if cStackFull(mp, addr, c.sigsp()) {
		printCStackFull(mp, mp.g0)
	}
}
