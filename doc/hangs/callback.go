//go:build ignore

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A callback from C cannot return before the one inside it, which waits for that.
package main

/*
extern void goCallback(int);

static void call(int which) { goCallback(which); }
*/
import "C"
import "runtime"

var (
	ui    = runtime.MakeThreadLocker()
	began = make(chan bool)
	both  = make(chan bool)
	done  = make(chan bool)
)

//export goCallback
func goCallback(which C.int) {
	began <- true
	<-both
	if which == 1 {
		<-done // by mistake: see caller
	}
}

func caller(which C.int) {
	ui.Lock()
	defer ui.Unlock()
	C.call(which)
	if which == 0 {
		close(done)
	}
}

func main() {
	go caller(0)
	<-began
	go caller(1) // its callback comes to lie inside that of caller(0)
	<-began
	close(both)
	select {}
}
