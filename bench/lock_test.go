// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"runtime"
	"testing"
)

// BenchmarkNested measures lock and unlock by a goroutine that stays locked.
func BenchmarkNested(b *testing.B) {
	b.Run("LockOSThread", func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		measure(b, func() {
			for range b.N {
				runtime.LockOSThread()
				runtime.UnlockOSThread()
			}
		})
	})
	if nestedLocker != nil {
		b.Run("ThreadLocker", nestedLocker)
	}
}

// BenchmarkLock measures lock and unlock by a goroutine that is not locked.
func BenchmarkLock(b *testing.B) {
	b.Run("LockOSThread", func(b *testing.B) {
		measure(b, func() {
			for range b.N {
				runtime.LockOSThread()
				runtime.UnlockOSThread()
			}
		})
	})
	if lockIdle != nil {
		b.Run("ThreadLocker/idle", lockIdle)
		b.Run("ThreadLocker/unbound", lockUnbound)
	}
}

var nestedLocker, lockIdle, lockUnbound func(b *testing.B)

// BenchmarkGosched has two goroutines yield in turn; an operation is one yield
// of each.
func BenchmarkGosched(b *testing.B) {
	for _, pl := range append(placements(), bothLocked) {
		b.Run(pl.name, func(b *testing.B) {
			yield := func() {
				for range b.N {
					runtime.Gosched()
				}
			}
			start := make(chan struct{})
			t := newTeam(pl, func() { <-start; yield() }, 1, func(int) { close(start); yield() })
			measure(b, func() {
				t.run()
				t.serve.Wait()
			})
			t.left.Wait()
		})
	}
}
