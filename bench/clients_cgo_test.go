// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo

package bench

import (
	"bench/internal/ccall"
	"testing"
)

// BenchmarkClientsC has a server that calls C for each of 16 clients.
func BenchmarkClientsC(b *testing.B) {
	for _, pl := range append([]placement{unlocked, serverLocked}, colocated...) {
		b.Run(pl.name, func(b *testing.B) { manyClients(b, pl, 16, ccall.Next) })
	}
}
