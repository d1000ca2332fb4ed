// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchmath"
)

// latencies are the benchmarks of part latency.
var latencies = []string{
	"LatencyTimer", "LatencyChan", "LatencySelect", "LatencyMutex", "LatencyPoller",
	"LatencySyscall", "LatencyRead", "LatencyC", "LatencyCallback", "LatencyGC",
	"LatencyServer", "LatencyTalk",
}

// wakeups is -test.benchtime for part latency: as many wake-ups for each toolchain,
// or the maxima would not compare.
func (b *bench) wakeups() string {
	return fmt.Sprintf("%dx", max(1, b.time/(5*time.Millisecond)))
}

// What is to be reached in part latency.
const (
	latencyRatio = 1.1   // p50 and p99, of stock's
	latencyFloor = 50e-6 // seconds; what is below is good enough
	latencyShare = 0.75  // of a fair share, for each computing goroutine
)

// A latencyRow is a benchmark of part latency by one toolchain.
type latencyRow struct {
	way, kind      string
	compute, procs int
	p50, p99, max  float64 // seconds
	share          float64 // of a processor, or NaN

	// Of each round.
	p50s, p99s, maxes []float64
}

var latencyRE = regexp.MustCompile(`^Latency(\w+)/(\w+)/compute=([0-9]+)$`)

// latency returns all rows of a toolchain.
func (r *results) latency(toolchain string) []latencyRow {
	var rows []latencyRow
	for _, k := range r.order {
		if k.part != "latency" || k.toolchain != toolchain || k.unit != "p50-sec" {
			continue
		}
		name, procs := procs(k.name)
		m := latencyRE.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		in := func(unit string) []float64 {
			k.unit = unit
			return r.samples[k]
		}
		row := latencyRow{way: m[1], kind: m[2], p50s: in("p50-sec"), p99s: in("p99-sec"), maxes: in("max-sec")}
		row.p50, row.p99, row.max, row.share = median(row.p50s), r.pooledP99(k), slices.Max(row.maxes), median(in("share-min"))
		row.compute, _ = strconv.Atoi(m[3])
		row.procs, _ = strconv.Atoi(procs)
		rows = append(rows, row)
	}
	return rows
}

// pooledP99 returns the time that at most 1 % of all rounds' together exceed. The
// benchmark has reported the longest of each round. Rounds of 100 or more have
// a p99 of their own: then it is the median of these.
func (r *results) pooledP99(k key) float64 {
	k.unit = "max2-sec"
	if len(r.samples[k]) == 0 {
		k.unit = "p99-sec"
		return median(r.samples[k])
	}
	exceed := r.n[k] / 100
	var longest []float64
	k.unit = "max-sec"
	for i := 2; len(r.samples[k]) > 0; i++ {
		longest = append(longest, r.samples[k]...)
		k.unit = fmt.Sprintf("max%d-sec", i)
	}
	slices.Sort(longest)
	return longest[len(longest)-1-min(exceed, len(longest)-1)]
}

func (l latencyRow) String() string {
	return fmt.Sprintf("%s/%s/compute=%d, GOMAXPROCS=%d", l.way, l.kind, l.compute, l.procs)
}

// base returns what l is compared with: stock Go's goroutine by LockOSThread.
func (l latencyRow) base(stock []latencyRow) (latencyRow, bool) {
	i := slices.IndexFunc(stock, func(s latencyRow) bool {
		return s.way == l.way && s.kind == "plain" && s.compute == l.compute && s.procs == l.procs
	})
	if i < 0 {
		return latencyRow{}, false
	}
	return stock[i], true
}

// misses says what l does not reach. Its p is the least that a comparison of the rounds
// gives to chance.
func (l latencyRow) misses(stock latencyRow, cores int) (what []string, p float64) {
	p = 1
	check := func(name string, it, base, ratio float64, its, bases []float64) {
		if it > max(base*ratio, latencyFloor) {
			chance := 1.0 // most of the rounds may well be better
			if median(its) > median(bases) {
				chance = benchmath.AssumeNothing.Compare(sample(bases), sample(its)).P
			}
			what = append(what, fmt.Sprintf("%s %s, stock %s (p=%.3f)", name, duration(it), duration(base), chance))
			p = min(p, chance)
		}
	}
	check("p50", l.p50, stock.p50, latencyRatio, l.p50s, stock.p50s)
	check("p99", l.p99, stock.p99, latencyRatio, l.p99s, stock.p99s)
	check("max", l.max, stock.max, 1, l.maxes, stock.maxes)
	if fair := l.fairShare(cores); l.share < latencyShare*fair {
		what = append(what, fmt.Sprintf("share %.2f of a processor, fair %.2f, stock %.2f", l.share, fair, stock.share))
		p = 0 // It is not compared with stock's.
	}
	return what, p
}

// fairShare returns what part of a processor a computing goroutine is entitled to,
// or NaN. Only goroutines that talk all the time are counted beside those that compute.
func (l latencyRow) fairShare(cores int) float64 {
	if l.compute == 0 || l.way != "Talk" {
		return math.NaN()
	}
	return min(1, float64(min(l.procs, cores))/float64(l.compute+2))
}

// cores returns the number of processors that the results were measured with.
func (r *results) cores() int {
	n, err := strconv.Atoi(r.config["cores"])
	if err != nil {
		return math.MaxInt
	}
	return n
}

// duration shows seconds with three digits.
func duration(sec float64) string {
	d := time.Duration(sec * 1e9)
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// latencySummary names the rows that do not reach what they should.
func (r *results) latencySummary(w io.Writer) {
	stock := r.latency("stock")
	for _, c := range []string{"fork", "off"} {
		compared, sure, rounds := 0, 0, math.MaxInt
		var bad []string
		for _, l := range r.latency(c) {
			base, ok := l.base(stock)
			if !ok {
				continue
			}
			compared++
			rounds = min(rounds, len(l.maxes), len(base.maxes))
			if what, p := l.misses(base, r.cores()); len(what) > 0 {
				bad = append(bad, fmt.Sprintf("\t%v: %s\n", l, strings.Join(what, "; ")))
				if p < worseP {
					sure++
				}
			}
		}
		if compared == 0 {
			continue
		}
		fmt.Fprintf(w, "latency: %s: %d of %d rows reach p50 and p99 at most %g of stock's and no higher max, each or %s, and %g of a fair share",
			c, compared-len(bad), compared, latencyRatio, duration(latencyFloor), latencyShare)
		if len(bad) == 0 {
			fmt.Fprintln(w)
			continue
		}
		fmt.Fprintf(w, "; %d do not", len(bad))
		if rounds < 5 {
			fmt.Fprintf(w, " (%d counts cannot tell p < %g)", rounds, worseP)
		} else {
			fmt.Fprintf(w, ", %d of them at p < %g", sure, worseP)
		}
		fmt.Fprintf(w, ":\n%s", strings.Join(bad, ""))
	}
}

// latencyTables writes the tables of part latency, as far as there are results.
func (r *results) latencyTables(w io.Writer) {
	stock, fork := r.latency("stock"), r.latency("fork")
	type compared struct {
		latencyRow
		stock latencyRow
	}
	type group struct {
		way, kind string
		procs     int
	}
	var order []group
	groups := make(map[group][]compared)
	for _, l := range fork {
		base, ok := l.base(stock)
		if !ok {
			continue
		}
		g := group{l.way, l.kind, l.procs}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], compared{l, base})
	}
	if len(order) == 0 {
		return
	}
	slices.SortStableFunc(order, func(a, b group) int {
		if a.way != b.way || a.kind != b.kind {
			return 0
		}
		return cmp.Compare(a.procs, b.procs)
	})
	fmt.Fprintln(w, "| woken by | thread | GOMAXPROCS | p50, stock | p50, fork | p99, stock | p99, fork | max, stock | max, fork | reached |")
	fmt.Fprintln(w, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
	for _, g := range order {
		rows := groups[g]
		cell := func(f func(c compared) float64) string {
			var s []string
			for _, c := range rows {
				s = append(s, duration(f(c)))
			}
			return strings.Join(s, " / ")
		}
		var no []string
		for _, c := range rows {
			if what, _ := c.misses(c.stock, r.cores()); len(what) > 0 {
				no = append(no, strconv.Itoa(c.compute))
			}
		}
		reached := "yes"
		if len(no) > 0 {
			reached = "not beside " + strings.Join(no, ", ")
		}
		fmt.Fprintf(w, "| %s | %s | %d | %s | %s | %s | %s | %s | %s | %s |\n", strings.ToLower(g.way), g.kind, g.procs,
			cell(func(c compared) float64 { return c.stock.p50 }), cell(func(c compared) float64 { return c.p50 }),
			cell(func(c compared) float64 { return c.stock.p99 }), cell(func(c compared) float64 { return c.p99 }),
			cell(func(c compared) float64 { return c.stock.max }), cell(func(c compared) float64 { return c.max }), reached)
	}
	fmt.Fprintln(w, "\nIn each cell: beside 0, 1, 2 and 4 goroutines that compute.")
	fmt.Fprintln(w)
	head := "| two talk | GOMAXPROCS | beside | least share of a processor, stock | fork | fair |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
	for _, g := range order {
		for _, c := range groups[g] {
			if fair := c.fairShare(r.cores()); !math.IsNaN(fair) {
				fmt.Fprintf(w, "%s| %s | %d | %d | %.2f | %.2f | %.2f |\n", head, c.kind, c.procs, c.compute, c.stock.share, c.share, fair)
				head = ""
			}
		}
	}
	if head == "" {
		fmt.Fprintln(w)
	}
}
