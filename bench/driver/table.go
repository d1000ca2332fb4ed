// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A cell is one benchmark with one toolchain.
type cell struct {
	toolchain, name string
}

// A row sets one piece of work beside another. It is the same with every
// GOMAXPROCS measured, unless it names one for the base.
type row struct {
	work      string
	base, it  cell
	baseName  string             // how the base is called
	baseProcs string             // "": as it
	atMost    map[string]float64 // ratio to reach, by GOMAXPROCS; "" for any
}

// always is the same ratio at any GOMAXPROCS.
func always(x float64) map[string]float64 { return map[string]float64{"": x} }

// rows are the comparisons that the project is judged by.
var rows = func() []row {
	rt := func(t, s string) cell { return cell{t, "RoundTrip/" + s} }
	rs := []row{
		{"round trip, both on one thread by ThreadLocker", rt("stock", "unlocked"), rt("fork", "colocated"), "stock, both unlocked", "", always(0.70)},
		{"round trip, both on one thread by LockToRecvOSThread", rt("stock", "unlocked"), rt("fork", "colocated-recv"), "stock, both unlocked", "", always(0.70)},
		{"round trip, both on one thread by ThreadLocker", rt("peer", "boost-fiber"), rt("fork", "colocated"), "Boost.Fiber", "1", always(1)},
		{"round trip, both on one thread by ThreadLocker", rt("peer", "tokio-localset"), rt("fork", "colocated"), "tokio LocalSet", "1", always(1)},
	}
	for _, n := range []string{"2", "10", "1000", "100000"} {
		rs = append(rs, row{"ring of " + comma(n) + " on one thread, one hop", cell{"fork", "Ring/unlocked/n=" + n}, cell{"fork", "Ring/colocated/n=" + n}, "unlocked, GOMAXPROCS=1", "1", always(1)})
	}
	rs = append(rs,
		row{"16 clients and a server that calls C, on one thread", cell{"fork", "ClientsC/unlocked"}, cell{"fork", "ClientsC/colocated"}, "unlocked", "", always(1.15)},
		row{"nested Lock and Unlock", cell{"fork", "Nested/LockOSThread"}, cell{"fork", "Nested/ThreadLocker"}, "LockOSThread, UnlockOSThread", "", always(1.5)},
		row{"Lock and Unlock, thread idle: there and back", rt("stock", "server-locked"), cell{"fork", "Lock/ThreadLocker/idle"}, "stock, a request to a locked server", "", always(1)},
		row{"server under LockOSThread, client unlocked", rt("stock", "server-locked"), rt("fork", "server-locked"), "stock", "", map[string]float64{"1": 1, "2": 1. / 3}},
		row{"both under LockOSThread", rt("stock", "both-locked"), rt("fork", "both-locked"), "stock", "", map[string]float64{"1": 1, "2": 1. / 5}},
		row{"1,000 clients, server under LockOSThread (issue 21827)", cell{"stock", "ManyClients/server-locked"}, cell{"fork", "ManyClients/server-locked"}, "stock", "", always(1)},
		row{"server under LockOSThread, other goroutines on all processors", cell{"stock", "Loaded/goroutines/server-locked"}, cell{"fork", "Loaded/goroutines/server-locked"}, "stock", "", nil},
		row{"server under LockOSThread, other processes on all processors", cell{"stock", "Loaded/processes/server-locked"}, cell{"fork", "Loaded/processes/server-locked"}, "stock", "", nil},
		row{"both unlocked", rt("stock", "unlocked"), rt("fork", "unlocked"), "stock", "", nil},
	)
	// What is always on, or reads it: by unlocked goroutines, and by as many on one thread.
	for _, d := range []struct{ work, name, size, more string }{
		{"round trip, while a trace is taken", "Traced", "", ""},
		{"reading the metrics of the scheduler, 100,000 goroutines parked", "Metrics", "/100000", ", the four new ones, too"},
		{"a dump of 100 goroutines", "Stack", "", ""},
		{"the goroutine profile of 100,000", "Profile/goroutine", "/100000", ""},
	} {
		stock := cell{"stock", d.name + "/unlocked" + d.size}
		rs = append(rs,
			row{d.work + ", unlocked", stock, cell{"fork", d.name + "/unlocked" + d.size}, "stock", "", nil},
			row{d.work + ", on one thread" + d.more, stock, cell{"fork", d.name + "/colocated" + d.size}, "stock, unlocked", "", nil})
	}
	return append(rs,
		row{"the threadlock profile of 100,000", cell{"stock", "Profile/goroutine/unlocked/100000"}, cell{"fork", "Profile/threadlock/colocated/100000"}, "stock, the goroutine profile of as many", "", nil})
}()

// allProcs returns the values of GOMAXPROCS in our results, ascending.
func (r *results) allProcs() []string {
	var ps []string
	for _, k := range r.order {
		if k.toolchain == "peer" || k.pkg != "bench" || k.part == "sizes" {
			continue
		}
		if _, p := procs(k.name); !slices.Contains(ps, p) {
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return x - y
	})
	return ps
}

// A system is a way to hand over a request and receive its answer.
type system struct {
	label string
	cell
}

var systems = []system{
	{"iter.Pull, no scheduler", cell{"fork", "RoundTrip/iter-pull"}},
	{"this Go, by ThreadLocker", cell{"fork", "RoundTrip/colocated"}},
	{"this Go, by LockToRecvOSThread", cell{"fork", "RoundTrip/colocated-recv"}},
	{"this Go, both unlocked", cell{"fork", "RoundTrip/unlocked"}},
	{"stock Go, both unlocked", cell{"stock", "RoundTrip/unlocked"}},
	{"this Go, server under LockOSThread", cell{"fork", "RoundTrip/server-locked"}},
	{"stock Go, server under LockOSThread", cell{"stock", "RoundTrip/server-locked"}},
	{"this Go, both under LockOSThread", cell{"fork", "RoundTrip/both-locked"}},
	{"stock Go, both under LockOSThread", cell{"stock", "RoundTrip/both-locked"}},
	{"tokio LocalSet, built with LTO", cell{"peer", "RoundTrip/tokio-localset-lto"}},
	{"tokio LocalSet", cell{"peer", "RoundTrip/tokio-localset"}},
	{"Boost.Fiber", cell{"peer", "RoundTrip/boost-fiber"}},
	{"Python asyncio", cell{"peer", "RoundTrip/asyncio"}},
	{"C semaphores, one processor", cell{"peer", "RoundTrip/pthread-sem-pinned"}},
	{"C semaphores", cell{"peer", "RoundTrip/pthread-sem"}},
	{"C mutex and condition, one processor", cell{"peer", "RoundTrip/pthread-cond-pinned"}},
	{"C mutex and condition", cell{"peer", "RoundTrip/pthread-cond"}},
}

// at returns the sample of a cell at a GOMAXPROCS. Peers know none.
func (r *results) at(c cell, procs, unit string) []float64 {
	if c.toolchain == "peer" {
		procs = "1"
	}
	return r.find(c.toolchain, withProcs(c.name, procs), unit)
}

// markdown writes the tables of the README.
func (r *results) markdown(w io.Writer) {
	ps := r.allProcs()
	fmt.Fprintln(w, "| one request and its answer | GOMAXPROCS | ns | CPU ns | context switches | system calls |")
	fmt.Fprintln(w, "| --- | ---: | ---: | ---: | ---: | ---: |")
	for _, s := range systems {
		each := ps
		if s.toolchain == "peer" {
			each = []string{""}
		}
		for _, p := range each {
			ns := r.at(s.cell, p, "sec/op")
			if len(ns) == 0 {
				continue
			}
			calls := "" // strace counts no peers
			if v := r.at(cell{s.toolchain, strings.Replace(s.name, "RoundTrip", "Syscalls", 1)}, p, "syscalls/op"); len(v) > 0 {
				calls = fmt.Sprintf("%.2f", median(v))
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s | %.2f | %s |\n", s.label, p, nanos(median(ns)), nanos(median(r.at(s.cell, p, "cpu-sec/op"))), median(r.at(s.cell, p, "csw/op")), calls)
		}
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "| work | GOMAXPROCS | compared with | its ns | ns | ratio | at most | CPU time, ratio |")
	fmt.Fprintln(w, "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
	for _, row := range rows {
		for _, p := range ps {
			bp := row.baseProcs
			if bp == "" {
				bp = p
			}
			a, b := r.at(row.base, bp, "sec/op"), r.at(row.it, p, "sec/op")
			if len(a) == 0 || len(b) == 0 {
				continue
			}
			ratio := median(b) / median(a)
			reach := ""
			x, ok := row.atMost[p]
			if !ok {
				x, ok = row.atMost[""]
			}
			if ok {
				reach = fmt.Sprintf("%.2f", x)
				if ratio > x {
					reach += " (no)"
				}
			}
			cpu := median(r.at(row.it, p, "cpu-sec/op")) / median(r.at(row.base, bp, "cpu-sec/op"))
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %.2f | %s | %.2f |\n", row.work, p, row.baseName, nanos(median(a)), nanos(median(b)), ratio, reach, cpu)
		}
	}
	fmt.Fprintln(w)
	r.latencyTables(w)
	r.loopsTables(w)
	for _, part := range []string{"upstream", "x"} {
		for _, c := range []string{"fork", "off"} {
			if ds := r.compare(part, "stock", c, "sec/op"); len(ds) > 0 {
				fmt.Fprintf(w, "%s, %s against stock: geometric mean %s over %d benchmarks, %d more than %.0f %% worse at p < %g.\n", part, c, percent(geomean(ds)), len(ds), len(worse(ds)), 100*worseBy, worseP)
			}
		}
	}
	for _, k := range r.order {
		if k.part == "idle" && k.unit == "cpu-sec/s" {
			fmt.Fprintf(w, "%s, %s: %s ns of CPU time per second.\n", k.name, k.toolchain, nanos(median(r.samples[k])))
		}
	}
	var machine []string
	for _, k := range machineKeys {
		if v := r.config[k]; v != "" {
			machine = append(machine, k+": "+v)
		}
	}
	fmt.Fprintf(w, "\nMedians of one run. %s\n", strings.Join(machine, "; "))
}

// nanos shows seconds as nanoseconds, with three digits or all before the point.
func nanos(sec float64) string {
	ns := sec * 1e9
	switch {
	case math.IsNaN(ns):
		return ""
	case ns >= 99.95:
		return comma(strconv.FormatFloat(ns, 'f', 0, 64))
	default:
		return strconv.FormatFloat(ns, 'f', 1, 64)
	}
}

// comma groups the digits of a whole number.
func comma(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
