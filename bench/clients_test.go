// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import "testing"

// A request asks for an answer on a channel of the client's own.
type request struct {
	x     uint32
	reply chan uint32
}

// manyClients measures requests of many clients to one server, who answers
// what work returns.
func manyClients(b *testing.B, pl placement, clients int, work func(uint32) uint32) {
	requests := make(chan request)
	serve := func() {
		for r := range requests {
			r.reply <- work(r.x)
		}
	}
	t := newTeam(pl, serve, clients, func(i int) {
		reply := make(chan uint32)
		for j := range share(b.N, clients, i) {
			requests <- request{uint32(j), reply}
			<-reply
		}
	})
	measure(b, t.run)
	close(requests)
	t.left.Wait()
}

// BenchmarkManyClients is the situation of golang/go issue 21827: many
// goroutines want something of one that is locked to its thread.
func BenchmarkManyClients(b *testing.B) {
	for _, pl := range append([]placement{unlocked, serverLocked}, colocated...) {
		b.Run(pl.name, func(b *testing.B) {
			manyClients(b, pl, 1000, func(x uint32) uint32 { return x + 1 })
		})
	}
}
