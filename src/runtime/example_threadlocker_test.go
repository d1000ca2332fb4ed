// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"fmt"
	"runtime"
	"sync"
)

// Two goroutines share a thread, as users of a library must that keeps its
// state with the thread.
func ExampleThreadLocker() {
	thread := runtime.MakeThreadLocker()
	work := make(chan string)
	var wg sync.WaitGroup

	wg.Go(func() {
		thread.Lock()
		defer thread.Unlock()
		for s := range work {
			fmt.Println("draw", s) // on the thread
		}
	})

	wg.Go(func() {
		thread.Lock()
		defer thread.Unlock()
		fmt.Println("init") // on the same thread
		work <- "circle"
		work <- "square"
		close(work)
	})

	wg.Wait()
	// Output:
	// init
	// draw circle
	// draw square
}

// A goroutine joins the thread of a server, and calls there itself what it
// would otherwise have to ask the server for.
func ExampleLockToRecvOSThread() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range calls {
			f()
		}
	}()

	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockToRecvOSThread(calls)
		defer runtime.UnlockOSThread()
		fmt.Println("on the server's thread")
	}()
	<-done
	close(calls)
	// Output: on the server's thread
}
