//go:build ignore

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A goroutine reads from a pipe that another one of its thread would write to.
package main

import (
	"runtime"
	"syscall"
)

func reader(ui *runtime.ThreadLocker, fd int) {
	ui.Lock()
	defer ui.Unlock()
	syscall.Read(fd, make([]byte, 1))
}

func writer(ui *runtime.ThreadLocker, fd int) {
	ui.Lock()
	defer ui.Unlock()
	syscall.Write(fd, []byte("x"))
}

func main() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	ui := runtime.MakeThreadLocker()
	ui.Lock()
	go reader(ui, p[0])
	go writer(ui, p[1])
	select {}
}
