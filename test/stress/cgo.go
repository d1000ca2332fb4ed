// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo && linux && goexperiment.threadlocker

package main

/*
#include <stdint.h>

void callBack(uintptr_t handle);
*/
import "C"

import "runtime/cgo"

const haveC = true

// callC calls C, which calls f.
func (a *actor) callC(f func()) {
	h := cgo.NewHandle(f)
	C.callBack(C.uintptr_t(h))
	h.Delete()
}

//export goCallback
func goCallback(h C.uintptr_t) {
	cgo.Handle(h).Value().(func())()
}
