// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"fmt"
	"runtime"
	"testing"
)

// A tree is something to allocate, and to mark.
type tree struct {
	left, right *tree
	_           [4]uintptr
}

func newTree(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{left: newTree(depth - 1), right: newTree(depth - 1)}
}

// BenchmarkAllocate measures a goroutine that allocates, 100 kB in each
// operation, while 3 MB stay in use, so a GC cycle begins every few
// milliseconds: with GOMAXPROCS as it is, and with twice that, so that there are
// more Ps than CPUs if GOMAXPROCS was the number of these.
func BenchmarkAllocate(b *testing.B) {
	type place struct {
		name  string
		enter func() (leave func())
	}
	places := []place{
		{"unlocked", func() func() { return stay(nil) }},
		{"LockOSThread", func() func() { return lockThread(nil) }},
	}
	if enterLocker != nil {
		places = append(places, place{"ThreadLocker", enterLocker})
	}
	for _, factor := range []int{1, 2} {
		for _, p := range places {
			b.Run(fmt.Sprintf("procs=%dx/%s", factor, p.name), func(b *testing.B) {
				if factor > 1 {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(factor * runtime.GOMAXPROCS(0)))
				}
				live := newTree(15)
				runtime.GC()
				done := make(chan struct{})
				go func() {
					defer close(done)
					defer p.enter()()
					var last *tree
					measure(b, func() {
						for range b.N {
							last = newTree(10)
						}
					})
					runtime.KeepAlive(last)
				}()
				<-done
				runtime.KeepAlive(live)
			})
		}
	}
}

// enterLocker locks the goroutine by a ThreadLocker of its own. Without
// thread lockers it is nil.
var enterLocker func() (leave func())
