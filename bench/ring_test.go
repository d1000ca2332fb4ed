// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"fmt"
	"testing"
)

// A ring is goroutines that hand a number round, each to the next.
// Who finds it zero tells end; the others subtract one.
type ring struct {
	links []chan int
	end   chan struct{}
	team  *team
}

func newRing(n int, pl placement) *ring {
	r := &ring{links: make([]chan int, n), end: make(chan struct{})}
	for i := range r.links {
		r.links[i] = make(chan int)
	}
	pass := func(i int) {
		in, out := r.links[i], r.links[(i+1)%n]
		for x := range in {
			if x == 0 {
				r.end <- struct{}{}
			} else {
				out <- x - 1
			}
		}
	}
	// Member 0 is the one whom the others join.
	r.team = newTeam(pl, func() { pass(0) }, n-1, func(i int) { pass(i + 1) })
	close(r.team.begin)
	return r
}

// hops hands a number n times from one member to the next.
func (r *ring) hops(n int) {
	r.links[0] <- n
	<-r.end
}

func (r *ring) close() {
	for _, c := range r.links {
		close(c)
	}
	r.team.left.Wait()
}

// BenchmarkRing measures one hop in rings of up to 100,000 goroutines.
func BenchmarkRing(b *testing.B) {
	pls := []placement{unlocked}
	if len(colocated) > 0 {
		pls = append(pls, colocated[0])
	}
	for _, pl := range pls {
		for _, n := range []int{2, 10, 1000, 100000} {
			var r *ring
			b.Run(fmt.Sprintf("%s/n=%d", pl.name, n), func(b *testing.B) {
				if r == nil {
					r = newRing(n, pl)
					r.hops(n)
				}
				measure(b, func() { r.hops(b.N) })
			})
			if r != nil {
				r.close()
			}
		}
	}
}
