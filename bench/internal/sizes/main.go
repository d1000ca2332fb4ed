// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Sizes is a program whose debugging information describes the runtime's
// structures: it locks, blocks and selects, so that the linker keeps them.
package main

import "runtime"

func main() {
	runtime.LockOSThread()
	a, b := make(chan int), make(chan int, 1)
	go func() { a <- 1 }()
	select {
	case x := <-a:
		b <- x
	case b <- 0:
	}
}
