// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
)

func init() {
	register("ThreadLockerProfileTimers", ThreadLockerProfileTimers)
}

// ThreadLockerProfileTimers has many threads exit while a CPU profile is taken, and counts
// the signals that the kernel keeps room for: one for each timer.
func ThreadLockerProfileTimers() {
	const threads = 200
	pprof.StartCPUProfile(io.Discard)
	before := tlQueuedSignals()
	for range threads {
		tlPair()
		done := make(chan bool)
		go func() {
			runtime.LockOSThread()
			close(done)
		}()
		<-done
	}
	if n := tlQueuedSignals() - before; n > threads/2 {
		fmt.Printf("%d threads have left %d timers\n", 2*threads, n)
		os.Exit(1)
	}
	pprof.StopCPUProfile()
	fmt.Println("OK")
}

// tlQueuedSignals returns the first number of SigQ in /proc/self/status.
func tlQueuedSignals() (n int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	_, after, ok := strings.Cut(string(status), "\nSigQ:")
	if !ok {
		panic("no SigQ in /proc/self/status")
	}
	if _, err := fmt.Sscanf(after, "%d/", &n); err != nil {
		panic(err)
	}
	return n
}
