// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// spinEnv tells a process of this test to do nothing but spin.
const spinEnv = "BENCH_SPIN"

func spinUntilEOF() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
	}
}

// spin is about a microsecond of work.
func spin() uint32 {
	var x uint32
	for i := range uint32(1000) {
		x = x*1664525 + i
	}
	return x
}

// BenchmarkLoaded is BenchmarkRoundTrip with all processors busy: with
// goroutines of the same process, of which it also reports how much they got
// done, or with other processes.
func BenchmarkLoaded(b *testing.B) {
	pls := append([]placement{unlocked, serverLocked, bothLocked}, colocated...)
	for _, pl := range pls {
		b.Run("goroutines/"+pl.name, func(b *testing.B) {
			var stop atomic.Bool
			var done atomic.Int64
			var wg sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				wg.Go(func() {
					for x := uint32(0); !stop.Load(); x += spin() {
						done.Add(1 + int64(x&0))
					}
				})
			}
			start, before := time.Now(), done.Load()
			roundTrip(b, pl)
			n, t := done.Load()-before, time.Since(start)
			stop.Store(true)
			wg.Wait()
			b.ReportMetric(float64(n)/t.Seconds(), "spins/s")
		})
	}
	for _, pl := range pls {
		b.Run("processes/"+pl.name, func(b *testing.B) {
			for range runtime.NumCPU() {
				stopSpinner := startSpinner(b)
				defer stopSpinner()
			}
			roundTrip(b, pl)
		})
	}
}

func startSpinner(b *testing.B) (stop func()) {
	cmd, in, err := startSelf(spinEnv, nil)
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	}
}
