// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A ThreadLocker satisfies sync.Locker, but excludes nobody.

package main

import (
	"runtime"
	"sync"
)

func main() {
	var l sync.Locker = runtime.MakeThreadLocker()
	const n = 10
	var wg, inside sync.WaitGroup
	inside.Add(n)
	for range n {
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			inside.Done()
			inside.Wait() // until all n are here
		})
	}
	wg.Wait()
}
