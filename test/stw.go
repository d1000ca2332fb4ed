// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A system call on a shared thread does not hold up a stop of the world, even
// if a goroutine of the thread is about to stop the world itself.

package main

import (
	"runtime"
	"syscall"
)

const rounds = 500

func main() {
	runtime.GOMAXPROCS(4)
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	thread := runtime.MakeThreadLocker()
	stop := make(chan bool)
	reader := make(chan bool)
	stw := func() {
		// This hands the right to stop the world to who has waited longest.
		runtime.Stack(make([]byte, 10), true)
	}

	// On the thread, one sits in read(2), the other stops the world.
	go func() {
		thread.Lock()
		defer thread.Unlock()
		for range rounds {
			if n, err := syscall.Read(p[0], make([]byte, 1)); n != 1 || err != nil {
				panic(err)
			}
			runtime.Gosched()
		}
		close(reader)
	}()
	stoppers := make(chan bool)
	go func() {
		thread.Lock()
		defer thread.Unlock()
		for {
			select {
			case <-stop:
				stoppers <- true
				return
			default:
				stw()
				runtime.Gosched()
			}
		}
	}()
	// Elsewhere, others stop the world too, and one of them ends the read.
	go func() {
		for {
			select {
			case <-stop:
				stoppers <- true
				return
			default:
				stw()
			}
		}
	}()
	for range rounds {
		stw()
		if n, err := syscall.Write(p[1], []byte{1}); n != 1 || err != nil {
			panic(err)
		}
	}
	<-reader
	close(stop)
	<-stoppers
	<-stoppers
}
