// run

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The background sweeper waits for its turn, with work buffers left to free, while
// another goroutine does a whole GC cycle. When it comes back, sweeping is not over,
// but nobody sweeps whom it could let pass. `../run.bash ports` runs this on js/wasm,
// where the goroutine does the cycle alone.

package main

import (
	"runtime"
	"runtime/debug"
)

// A leaf is too large for its span to be marked as a whole.
type leaf [80]*leaf

type node struct {
	leaves [16000]*leaf
	next   *node
}

var (
	root *node
	live [][]byte
	sink []byte
)

func main() {
	// To mark these takes many work buffers.
	debug.SetGCPercent(-1)
	for range 50 {
		n := &node{next: root}
		for i := range n.leaves {
			n.leaves[i] = new(leaf)
		}
		root = n
	}
	for range 8000 {
		live = append(live, make([]byte, 8<<10))
	}
	runtime.GC()
	root = nil
	debug.SetGCPercent(50)

	var ms runtime.MemStats
	for range 20 {
		runtime.Gosched() // to the sweeper
		runtime.ReadMemStats(&ms)
		for n := ms.NumGC; ms.NumGC == n; runtime.ReadMemStats(&ms) {
			for range 8 {
				sink = make([]byte, 8<<10)
			}
		}
	}
}
