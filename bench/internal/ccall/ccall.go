// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package ccall calls a C function that does next to nothing.
package ccall

/*
static unsigned next(unsigned x) { return x * 1664525u + 1013904223u; }
*/
import "C"

// Next calls C, once.
func Next(x uint32) uint32 { return uint32(C.next(C.uint(x))) }
