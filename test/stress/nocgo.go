// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !cgo && linux && goexperiment.threadlocker

package main

const haveC = false

func (a *actor) callC(f func()) {}
