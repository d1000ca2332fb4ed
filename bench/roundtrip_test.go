// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"iter"
	"testing"
)

// A pair is how a client talks to its server.
type pair struct {
	req, resp chan int
}

func (p pair) serve() {
	for x := range p.req {
		p.resp <- x + 1
	}
}

// call makes n round trips.
func (p pair) call(b *testing.B, n int) {
	for i := range n {
		p.req <- i
		if got := <-p.resp; got != i+1 {
			b.Errorf("asked %d, got %d, want %d", i, got, i+1)
			return
		}
	}
}

// roundTrip measures requests handed over on one unbuffered channel, and their
// answers received on another.
func roundTrip(b *testing.B, pl placement) {
	p := pair{make(chan int), make(chan int)}
	t := newTeam(pl, p.serve, 1, func(int) {
		p.call(b, 1)
		measure(b, func() { p.call(b, b.N) })
	})
	t.run()
	close(p.req)
	t.left.Wait()
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, pl := range append([]placement{unlocked, serverLocked, bothLocked}, colocated...) {
		b.Run(pl.name, func(b *testing.B) { roundTrip(b, pl) })
	}
	// The floor: two switches, with no scheduler and no channel.
	b.Run("iter-pull", func(b *testing.B) {
		var x int
		next, stop := iter.Pull(func(yield func(int) bool) {
			for yield(x + 1) {
			}
		})
		defer stop()
		measure(b, func() {
			for i := range b.N {
				x = i
				if got, _ := next(); got != i+1 {
					b.Errorf("asked %d, got %d, want %d", i, got, i+1)
					return
				}
			}
		})
	})
}
