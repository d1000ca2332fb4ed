// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"testing"
)

// placements are all goroutines unlocked, and, where there are thread lockers, all
// on one thread.
func placements() []placement {
	pls := []placement{unlocked}
	if len(colocated) > 0 {
		pls = append(pls, colocated[0])
	}
	return pls
}

// parked runs f while n goroutines wait in their places, where newTeam leaves them.
func parked(b *testing.B, pl placement, n int, f func()) {
	end := make(chan struct{})
	t := newTeam(pl, func() { <-end }, n, func(int) {})
	f()
	close(end)
	t.run()
	t.left.Wait()
}

// BenchmarkTraced measures round trips while an execution trace is taken.
func BenchmarkTraced(b *testing.B) {
	for _, pl := range placements() {
		b.Run(pl.name, func(b *testing.B) {
			if err := trace.Start(io.Discard); err != nil {
				b.Skip(err)
			}
			defer trace.Stop()
			roundTrip(b, pl)
		})
	}
}

// BenchmarkMetrics measures reading the metrics of the scheduler, with as many
// goroutines parked. Those that stock Go has not are read where goroutines are locked.
func BenchmarkMetrics(b *testing.B) {
	for _, n := range []int{10, 100_000} {
		for _, pl := range placements() {
			var samples []metrics.Sample
			for _, d := range metrics.All() {
				ours := strings.Contains(d.Name, "locked") || strings.Contains(d.Name, "dedicated")
				if strings.HasPrefix(d.Name, "/sched/") && (!ours || pl.name != unlocked.name) {
					samples = append(samples, metrics.Sample{Name: d.Name})
				}
			}
			b.Run(fmt.Sprintf("%s/%d", pl.name, n), func(b *testing.B) {
				parked(b, pl, n, func() {
					measure(b, func() {
						for range b.N {
							metrics.Read(samples)
						}
					})
				})
			})
		}
	}
}

// BenchmarkStack measures a dump of 100 parked goroutines.
func BenchmarkStack(b *testing.B) {
	buf := make([]byte, 1<<20)
	for _, pl := range placements() {
		b.Run(pl.name, func(b *testing.B) {
			parked(b, pl, 100, func() {
				measure(b, func() {
					for range b.N {
						if n := runtime.Stack(buf, true); n == 0 || n == len(buf) {
							b.Errorf("the dump takes %d bytes", n)
						}
					}
				})
			})
		})
	}
}

// BenchmarkProfile measures the profiles of goroutines and of those that are
// locked, as /debug/pprof writes them. In the second, unlocked goroutines are not.
func BenchmarkProfile(b *testing.B) {
	// A profile looks at each goroutine that there has been: so the small ones first.
	for _, n := range []int{1000, 100_000} {
		for _, name := range []string{"goroutine", "threadlock"} {
			p := pprof.Lookup(name)
			if p == nil {
				continue
			}
			for _, pl := range placements() {
				b.Run(fmt.Sprintf("%s/%s/%d", name, pl.name, n), func(b *testing.B) {
					parked(b, pl, n, func() {
						measure(b, func() {
							for range b.N {
								if err := p.WriteTo(io.Discard, 0); err != nil {
									b.Error(err)
								}
							}
						})
					})
				})
			}
		}
	}
}
