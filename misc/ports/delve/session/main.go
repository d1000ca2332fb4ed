// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Session is debugged, with the commands in the file of that name: a breakpoint in a
// hot loop, whose condition is never true. It prints, as a benchmark, how long one
// round of the loop has taken.
package main

import (
	"fmt"
	"time"
)

const rounds = 10_000

var sum int

func main() {
	start := time.Now()
	for i := range rounds {
		sum += i // the breakpoint is here
	}
	d := time.Since(start)
	fmt.Printf("BenchmarkSession \t%8d\t%12.1f ns/op\t%12.1f hits/s\n", rounds, float64(d.Nanoseconds())/rounds, rounds/d.Seconds())
}
