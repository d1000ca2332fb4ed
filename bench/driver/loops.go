// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchmath"
)

// loopBenchmarks are the benchmarks of part loops.
var loopBenchmarks = []string{"LoopsHop", "LoopsMany", "LoopsLive", "LoopsIdle"}

// loopNeeds is what each loop of part loops needs. All need the X server.
var loopNeeds = []struct {
	loop string
	need need
}{
	{"x11", library("libX11.so.6", "libx11-6")},
	{"gtk", library("libgtk-3.so.0", "libgtk-3-0")},
	{"glfw", library("libglfw.so.3", "libglfw3")},
	{"sdl", library("libSDL2-2.0.so.0", "libsdl2-2.0-0")},
}

func library(name, pkg string) need {
	in := []need{file("/usr/lib/*/"+name, pkg), file("/lib/*/"+name, pkg), file("/usr/lib*/"+name, pkg)}
	return need{pkg, func() bool { return slices.ContainsFunc(in, func(n need) bool { return n.found() }) }}
}

// loops is the preparation of part loops. The benchmarks themselves leave out the loops
// whose library is missing.
func (b *bench) loops(ctx context.Context) ([]unit, error) {
	if x := tool("Xvfb", "xvfb"); !x.found() {
		b.miss("loops (install " + x.pkg + ")")
		return nil, nil
	}
	any := false
	for _, l := range loopNeeds {
		if l.need.found() {
			any = true
		} else {
			b.miss("loops/" + l.loop + " (install " + l.need.pkg + ")")
		}
	}
	if !any {
		return nil, nil
	}
	return own(loopBenchmarks...)(b, ctx)
}

// loopArgs are the arguments of a benchmark of part loops.
func (b *bench) loopArgs(name string) []string {
	switch name {
	case "LoopsLive":
		// As many wake-ups for each toolchain. Four goroutines have one each 3ms.
		return []string{fmt.Sprintf("-test.benchtime=%dx", max(4, b.time/(500*time.Microsecond)))}
	case "LoopsIdle":
		return []string{"-idle=" + b.idle.String()}
	}
	return nil
}

// A loopTarget is what is to be reached in part loops: the result of the fork's goroutines
// that come by Lock, or by Do, or live on the thread, compared with stock Go's queue.
type loopTarget struct {
	name   string // how the result is called
	unit   string
	of     *regexp.Regexp     // the benchmarks, without GOMAXPROCS
	atMost map[string]float64 // ratio to stock's, by GOMAXPROCS; "" for any
	limit  float64            // if not 0, the most that is allowed, whatever stock has
}

var loopTargets = []loopTarget{
	{"there p50", "there-p50-sec", regexp.MustCompile(`^LoopsHop/`), map[string]float64{"1": 1.5, "": 1.2}, 0},
	{"there p99", "there-p99-sec", regexp.MustCompile(`^LoopsHop/`), map[string]float64{"1": 1.5, "": 1}, 0},
	{"round trip p50", "round-p50-sec", regexp.MustCompile(`^LoopsHop/(gtk|x11)/`), map[string]float64{"1": 1.5, "": 0.3}, 0},
	{"16 goroutines", "sec/op", regexp.MustCompile(`^LoopsMany/`), always(1), 0},
	{"p50", "p50-sec", regexp.MustCompile(`^LoopsLive/`), always(1), 0},
	{"p99", "p99-sec", regexp.MustCompile(`^LoopsLive/`), always(1), 0},
	{"CPU", "cpu-sec/s", regexp.MustCompile(`^LoopsIdle/`), nil, 0.0002},
	{"wakes", "wakes/op", regexp.MustCompile(`^Loops(Hop|Many)/`), nil, 1.01},
}

// A loopRow is one result of the fork in part loops.
type loopRow struct {
	loopTarget
	bench, procs string
	stock, fork  []float64
}

var loopKindRE = regexp.MustCompile(`^(Loops\w+/\w+)/(locker|do)(/|$)`)

// loopRows returns the results that have a target.
func (r *results) loopRows() []loopRow {
	var rows []loopRow
	for _, t := range loopTargets {
		for _, k := range r.order {
			name, p := procs(k.name)
			m := loopKindRE.FindStringSubmatch(name)
			if k.part != "loops" || k.toolchain != "fork" || k.unit != t.unit || m == nil || !t.of.MatchString(name) {
				continue
			}
			stock := withProcs(m[1]+"/queue"+strings.TrimPrefix(name, m[1]+"/"+m[2]), p)
			rows = append(rows, loopRow{t, name, p, r.find("stock", stock, t.unit), r.samples[k]})
		}
	}
	return rows
}

// reach returns the most that the row is to be.
func (l loopRow) reach() float64 {
	if l.limit != 0 {
		return l.limit
	}
	x, ok := l.atMost[l.procs]
	if !ok {
		x = l.atMost[""]
	}
	return x * median(l.stock)
}

// show shows a value of the row.
func (l loopRow) show(x float64) string {
	switch {
	case l.unit == "cpu-sec/s":
		return fmt.Sprintf("%.3f %%", 100*x)
	case strings.Contains(l.unit, "sec"):
		return duration(x)
	}
	return fmt.Sprintf("%.3g", x)
}

func (l loopRow) String() string {
	s := fmt.Sprintf("%s, GOMAXPROCS=%s: %s %s", l.bench, l.procs, l.name, l.show(median(l.fork)))
	if len(l.stock) == 0 {
		return s
	}
	s += ", stock " + l.show(median(l.stock))
	if l.limit == 0 {
		c := benchmath.AssumeNothing.Compare(sample(l.stock), sample(l.fork))
		s += fmt.Sprintf(", ratio %.2f (p=%.3f)", median(l.fork)/median(l.stock), c.P)
	}
	return s
}

// loopsSummary names the rows that do not reach what they should.
func (r *results) loopsSummary(w io.Writer) {
	n := 0
	var bad []string
	for _, l := range r.loopRows() {
		reach := l.reach()
		if math.IsNaN(reach) {
			continue // stock was not measured
		}
		n++
		if median(l.fork) > reach {
			bad = append(bad, fmt.Sprintf("\t%v, at most %s\n", l, l.show(reach)))
		}
	}
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "loops: fork: %d of %d rows reach what they should, compared with stock's queue", n-len(bad), n)
	if len(bad) == 0 {
		fmt.Fprintln(w)
		return
	}
	fmt.Fprintf(w, "; %d do not:\n%s", len(bad), strings.Join(bad, ""))
}

// loopsTables writes the tables of part loops, as far as there are results.
func (r *results) loopsTables(w io.Writer) {
	var names []string // without the kind, which is %s
	for _, k := range r.order {
		name, p := procs(k.name)
		if k.part != "loops" || k.toolchain != "fork" {
			continue
		}
		if m := loopKindRE.FindStringSubmatch(name); m != nil && m[2] == "locker" {
			name = withProcs(m[1]+"/%s"+strings.TrimPrefix(name, m[1]+"/locker"), p)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return
	}
	cell := func(toolchain, name, kind string, units ...string) string {
		var s []string
		for _, u := range units {
			v := r.find(toolchain, fmt.Sprintf(name, kind), u)
			if len(v) == 0 {
				return ""
			}
			s = append(s, loopRow{loopTarget: loopTarget{unit: u}}.show(median(v)))
		}
		return strings.Join(s, " / ")
	}
	table := func(prefix, head string, units ...string) {
		first := true
		for _, name := range names {
			if !strings.HasPrefix(name, prefix+"/") {
				continue
			}
			if first {
				fmt.Fprintf(w, "| %s | GOMAXPROCS | stock, queue | this Go, queue | this Go, Lock | this Go, Do | C |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n", head)
				first = false
			}
			base, p := procs(name)
			what := strings.ReplaceAll(strings.Replace(strings.TrimPrefix(base, prefix+"/"), "/%s", "", 1), "/", ", ")
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", what, p,
				cell("stock", name, "queue", units...), cell("fork", name, "queue", units...),
				cell("fork", name, "locker", units...), cell("fork", name, "do", units...), cell("stock", name, "c", units...))
		}
		if !first {
			fmt.Fprintln(w)
		}
	}
	table("LoopsHop", "there, p50 / p99", "there-p50-sec", "there-p99-sec")
	table("LoopsHop", "round trip, p50 / p99", "round-p50-sec", "round-p99-sec")
	table("LoopsHop", "wakes per hop, CPU time", "wakes/op", "cpu-sec/op")
	table("LoopsMany", "16 goroutines there and back, time / CPU time each, wakes", "sec/op", "cpu-sec/op", "wakes/op")
	table("LoopsLive", "lives there, woken by, p50 / p99", "p50-sec", "p99-sec")
	table("LoopsIdle", "idle, CPU", "cpu-sec/s")
}
