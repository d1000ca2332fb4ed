// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A system call on a shared thread does not keep a garbage collection from
// ending, even if a goroutine of the thread found the last object to mark.

package main

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
)

type node struct {
	left, right *node
	_           [4]uintptr
}

func tree(n int) *node {
	if n == 0 {
		return new(node)
	}
	return &node{left: tree(n - 1), right: tree(n - 1)}
}

var sink atomic.Pointer[node]

const rounds = 300

func main() {
	runtime.GOMAXPROCS(4)
	debug.SetGCPercent(50)
	sink.Store(tree(12))
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	thread := runtime.MakeThreadLocker()
	var stop atomic.Bool
	done := make(chan bool)
	go func() {
		thread.Lock()
		defer thread.Unlock()
		for range rounds {
			if n, err := syscall.Read(p[0], make([]byte, 1)); n != 1 || err != nil {
				panic(err)
			}
			runtime.Gosched()
		}
		done <- true
	}()
	for range 3 {
		go func() {
			thread.Lock()
			defer thread.Unlock()
			for !stop.Load() {
				sink.Store(tree(4))
			}
			done <- true
		}()
	}
	go func() {
		for !stop.Load() {
			runtime.ReadMemStats(new(runtime.MemStats)) // preempts all
		}
		done <- true
	}()
	for range rounds {
		runtime.GC()
		if n, err := syscall.Write(p[1], []byte{0}); n != 1 || err != nil {
			panic(err)
		}
	}
	stop.Store(true)
	for range 5 {
		<-done
	}
}
