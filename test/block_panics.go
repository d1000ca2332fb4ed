// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If the wake function of BlockOSThread panics, the program ends.

package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			panic(err)
		}
		defer func() { recover() }() // the panic is not this goroutine's
		l := runtime.MakeThreadLocker()
		l.Lock()
		l.Go(func() {})
		runtime.BlockOSThread(func() {
			syscall.Read(p[0], make([]byte, 1))
		}, func() { panic("wake fails") })
	}
	out, err := exec.Command("/proc/self/exe", "child").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: wake fails\n") || !strings.Contains(string(out), "\nmain.main.func") {
		panic("want the panic of wake, got:\n" + string(out))
	}
}
