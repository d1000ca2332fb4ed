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

const haveC = true

// callC calls C, which calls f. The handle is a's number, and not one of runtime/cgo,
// which has a mutex; see threads.
func (a *actor) callC(f func()) {
	a.calls = append(a.calls, f)
	C.callBack(C.uintptr_t(a.id))
	a.calls = a.calls[:len(a.calls)-1]
}

//export goCallback
func goCallback(id C.uintptr_t) {
	a := all.actors[id]
	a.calls[len(a.calls)-1]()
}
