// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package ccall calls C functions that do next to nothing.
package ccall

/*
#include <time.h>

static unsigned next(unsigned x) { return x * 1664525u + 1013904223u; }

static void sleep_ns(long long ns) {
	struct timespec t = {ns / 1000000000, ns % 1000000000};
	while (nanosleep(&t, &t) != 0)
		;
}
*/
import "C"

import "time"

// Next calls C, once.
func Next(x uint32) uint32 { return uint32(C.next(C.uint(x))) }

// Sleep sleeps in C.
func Sleep(d time.Duration) { C.sleep_ns(C.longlong(d)) }
