// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package ccall

/*
#include <stdint.h>

extern void ccallBack(uintptr_t);

static void callBack(uintptr_t f) { ccallBack(f); }
*/
import "C"

import "runtime/cgo"

// Callback calls C, which calls f.
func Callback(f func()) {
	h := cgo.NewHandle(f)
	defer h.Delete()
	C.callBack(C.uintptr_t(h))
}

//export ccallBack
func ccallBack(h C.uintptr_t) { cgo.Handle(h).Value().(func())() }
