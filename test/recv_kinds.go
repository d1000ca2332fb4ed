// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// All kinds of receives count: plain, range, select, reflect.
// A receiver that a ThreadLocker locks counts as well.

package main

import (
	"reflect"
	"runtime"
	"syscall"
)

func main() {
	for _, recv := range []func(c chan int){
		func(c chan int) { <-c },
		func(c chan int) {
			if v, ok := <-c; v != 1 || !ok {
				panic("bad receive")
			}
		},
		func(c chan int) {
			for range c {
				break
			}
		},
		func(c chan int) {
			select {
			case <-c:
			case <-make(chan int):
			}
		},
		func(c chan int) { reflect.ValueOf(c).Recv() },
		func(c chan int) {
			reflect.Select([]reflect.SelectCase{
				{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)},
				{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(make(chan int))},
			})
		},
	} {
		for _, lock := range []func(){runtime.LockOSThread, runtime.MakeThreadLocker().Lock} {
			c := make(chan int)
			tids := make(chan int)
			go func() {
				lock()
				tids <- syscall.Gettid()
				recv(c)
				tids <- 0
			}()
			tid := <-tids
			// The receiver is, or is about to be, blocked.
			go func() {
				runtime.LockToRecvOSThread(c)
				tids <- syscall.Gettid()
			}()
			if got := <-tids; got != tid {
				panic("did not join")
			}
			c <- 1
			<-tids
		}
	}
}
