// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If a goroutine waits in an exclusive section for another of its thread, that is a
// deadlock. It is reported, and the dump says behind whom the others are.

package main

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
)

func lock(l *runtime.ThreadLocker, c chan int) {
	runtime.LockOSThread()
	<-c
}

func do(l *runtime.ThreadLocker, c chan int) {
	l.Do(func() { <-c })
}

func main() {
	waits := map[string]func(*runtime.ThreadLocker, chan int){"lock": lock, "do": do}
	if len(os.Args) > 1 {
		l := runtime.MakeThreadLocker()
		l.Lock()
		c := make(chan int)
		l.Go(func() { c <- 1 })
		go l.Lock() // one that joins
		waits[os.Args[1]](l, c)
		panic("did not wait")
	}
	for name := range waits {
		out, err := exec.Command("/proc/self/exe", name).CombinedOutput()
		if err == nil {
			panic("no deadlock")
		}
		for _, want := range []string{
			`^fatal error: all goroutines are asleep - deadlock!\n`,
			`\ngoroutine 1 \[chan receive, locked to thread, thread \d+\]:\n`,
			`\ngoroutine \d+ \[runnable, locked to thread, thread \d+, behind goroutine 1 \(exclusive, chan receive\)\]:\nmain\.main\.func`,
			`\ngoroutine \d+ \[runnable, locked to thread, thread \d+, behind goroutine 1 \(exclusive, chan receive\)\]:\nruntime\.\(\*ThreadLocker\)\.Lock`,
		} {
			if !regexp.MustCompile(want).Match(out) {
				panic(name + ": got:\n" + string(out) + "\nwant it to match " + want)
			}
		}
	}
}
