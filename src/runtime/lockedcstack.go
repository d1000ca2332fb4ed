// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package runtime

// C stacks that callbacks fill up.
//
// The goroutines of a shared thread have one C stack, and while a callback from C
// is open its C frames stay there. With many of them the stack overflows: C code,
// or Go code on g0, which goes on below those frames, runs into the guard page; or
// Go code on g0 finds that it needs more stack. The program cannot go on after
// that. What follows tells why, before the usual report, which knows only of an
// address. It runs on a signal stack or on the crash stack.

// cStackSlack is how far below the low end of a C stack an overflow may be noticed:
// the bounds of g0 are not accurate, see mstart0, and a large frame reaches over the
// guard page.
const cStackSlack = 256 << 10

// cStackPush is how far below the stack pointer a function may push, or have data.
const cStackPush = 4 << 10

// cStackFull reports whether a fault at addr with stack pointer sp on mp, the current
// m, comes from an overflow of its C stack. No address on the stack faults, so it does
// if both are there, or not far below, unless the stack pointer is well above addr.
func cStackFull(mp *m, addr, sp uintptr) bool {
	lo, hi := mp.g0.stack.lo, mp.g0.stack.hi
	lo -= min(lo, cStackSlack)
	return lo <= sp && sp < hi && lo <= addr && addr < hi && sp <= addr+cStackPush
}

// openCallbacks returns the number of callbacks from C that are open on mp, the current
// m. Each is within a call of C, but the first one on a thread that C created.
func openCallbacks(mp *m) int32 {
	if mp.isExtraInC {
		return 0
	}
	n := mp.ncgo
	if mp.incgo {
		n-- // has not called back
	}
	if mp.isextra {
		n++
	}
	return n
}

// printCStackFull says, if callbacks are open on mp, the current m, that they have
// filled its C stack, that of g0, and what to do. (On the crash stack, mp.g0 is
// another one.)
func printCStackFull(mp *m, g0 *g) {
	n := openCallbacks(mp)
	if n <= 0 {
		return
	}
	print("fatal error: C stack overflow\nruntime: the C stack of thread ", mp.procid, " is full")
	if gp := mp.curg; gp != nil {
		if mp.incgo {
			print("; goroutine ", gp.goid, " is in C")
		} else {
			print("; goroutine ", gp.goid, " runs")
		}
	}
	print(", and ", n, " callbacks from C are open on the stack, which has ", (g0.stack.hi-g0.stack.lo)>>10, " KB\n")
	print("\tLet fewer goroutines of the thread be in callbacks at a time, or give it a larger C stack.\n")
	switch {
	case mp.isextra:
		print("\tWhat created the thread decides about its size.\n")
	case GOOS == "linux":
		print("\tIts size is the soft limit of the stack size when the program starts: see ulimit -s.\n")
	}
	print("\n")
}
