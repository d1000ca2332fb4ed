//go:build ignore

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine waits to join the thread of a server that has ended.
package main

import "runtime"

func serve(calls <-chan func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	(<-calls)() // only one, by mistake
}

func main() {
	calls := make(chan func())
	go serve(calls)
	calls <- func() {}
	runtime.LockToRecvOSThread(calls)
}
