// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo

package bench

import (
	"bench/internal/ccall"
	"testing"
	"time"
)

// BenchmarkLatencyC has the goroutine sleep in C.
func BenchmarkLatencyC(b *testing.B) {
	latency(b, func(t *trial) {
		for range t.b.N {
			start := time.Now()
			ccall.Sleep(period)
			t.late(time.Since(start) - period)
		}
	})
}

// BenchmarkLatencyCallback has it receive, in a function that C calls, from
// a goroutine that a timer wakes. The time includes the return through C.
func BenchmarkLatencyCallback(b *testing.B) {
	latency(b, func(t *trial) {
		c := make(chan time.Time)
		defer tick(t.b.N, func() { c <- time.Now() })()
		for range t.b.N {
			var at time.Time
			ccall.Callback(func() { at = <-c })
			t.late(time.Since(at))
		}
	})
}
