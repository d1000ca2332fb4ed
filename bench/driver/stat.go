// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchmath"
)

// A key names a sample: what was measured, of which part and package, with
// which toolchain, in which unit. Units are benchstat's: sec/op for ns/op.
type key struct {
	part, toolchain, pkg, name, unit string
}

// Results are what result files hold.
type results struct {
	config  map[string]string // of the machine
	order   []key             // of first appearance
	samples map[key][]float64
	n       map[key]int // operations of all of a sample together
}

// machineKeys are the keys that describe where results are from, in order.
var machineKeys = []string{"goos", "goarch", "cpu", "cores", "kernel", "load", "stock", "fork", "off", "commit", "date", "flags", "missing"}

func load(files ...string) (*results, error) {
	r := &results{config: make(map[string]string), samples: make(map[key][]float64), n: make(map[key]int)}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		err = r.read(f, file)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	if len(r.samples) == 0 {
		return nil, fmt.Errorf("no results in %s", strings.Join(files, ", "))
	}
	return r, nil
}

func (r *results) read(in io.Reader, name string) error {
	rd := benchfmt.NewReader(in, name)
	for rd.Scan() {
		switch rec := rd.Result().(type) {
		case *benchfmt.SyntaxError:
			return rec
		case *benchfmt.Result:
			for _, k := range machineKeys {
				if v := rec.GetConfig(k); v != "" && r.config[k] == "" {
					r.config[k] = v
				}
			}
			for _, v := range rec.Values {
				if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
					// benchstat would fill all memory with it.
					file, line := rec.Pos()
					return fmt.Errorf("%s:%d: %v %s", file, line, v.Value, v.Unit)
				}
				k := key{rec.GetConfig("part"), rec.GetConfig("toolchain"), rec.GetConfig("pkg"), string(rec.Name.Full()), v.Unit}
				if r.samples[k] == nil {
					r.order = append(r.order, k)
				}
				r.samples[k] = append(r.samples[k], v.Value)
				r.n[k] += rec.Iters
			}
		}
	}
	return rd.Err()
}

// values returns the distinct values of a field, in order of appearance.
func (r *results) values(field func(key) string) []string {
	var vs []string
	for _, k := range r.order {
		if v := field(k); !slices.Contains(vs, v) {
			vs = append(vs, v)
		}
	}
	return vs
}

// find returns the sample of a benchmark of package bench by its name
// without "Benchmark".
func (r *results) find(toolchain, name, unit string) []float64 {
	for _, k := range r.order {
		if k.toolchain == toolchain && k.name == name && k.unit == unit && (k.pkg == "bench" || k.toolchain == "peer") {
			return r.samples[k]
		}
	}
	return nil
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	return benchmath.AssumeNothing.Summary(sample(v), 0.95).Center
}

func sample(v []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(v), &benchmath.DefaultThresholds)
}

// A delta compares one benchmark with two toolchains.
type delta struct {
	key
	ratio float64 // of medians
	p     float64
	n     int
}

// compare compares all that both toolchains have in a part, in the unit.
func (r *results) compare(part, old, new, unit string) []delta {
	var ds []delta
	for _, k := range r.order {
		if k.part != part || k.toolchain != old || k.unit != unit {
			continue
		}
		k2 := k
		k2.toolchain = new
		a, b := r.samples[k], r.samples[k2]
		if len(a) == 0 || len(b) == 0 {
			continue
		}
		ma, mb := median(a), median(b)
		if ma <= 0 || mb <= 0 {
			continue
		}
		c := benchmath.AssumeNothing.Compare(sample(a), sample(b))
		ds = append(ds, delta{k2, mb / ma, c.P, min(c.N1, c.N2)})
	}
	return ds
}

func geomean(ds []delta) float64 {
	if len(ds) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, d := range ds {
		sum += math.Log(d.ratio)
	}
	return math.Exp(sum / float64(len(ds)))
}

// Worse is what counts as worse: this much, at this p.
const (
	worseBy = 0.03
	worseP  = 0.01
)

func worse(ds []delta) []delta {
	var out []delta
	for _, d := range ds {
		if d.ratio > 1+worseBy && d.p < worseP {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b delta) int { return cmp.Compare(b.ratio, a.ratio) })
	return out
}

func percent(ratio float64) string { return fmt.Sprintf("%+.2f %%", 100*(ratio-1)) }

// columns are the toolchains in the order in which they are shown.
var columns = []string{"stock", "fork", "off", "peer"}

// verdict writes, for each part, benchstat's table and a summary.
func (r *results) verdict(ctx context.Context, w io.Writer, benchstat string, files []string) error {
	for _, k := range machineKeys {
		if v := r.config[k]; v != "" {
			fmt.Fprintf(w, "%s: %s\n", k, v)
		}
	}
	for _, part := range r.values(func(k key) string { return k.part }) {
		var cols []string
		pkgs := make(map[string]bool)
		for _, c := range columns {
			for _, k := range r.order {
				if k.part == part && k.toolchain == c {
					pkgs[k.pkg] = true
					if !slices.Contains(cols, c) {
						cols = append(cols, c)
					}
				}
			}
		}
		fmt.Fprintf(w, "\n# %s\n\n", part)
		row := ".fullname"
		if len(pkgs) > 1 && part != "roundtrip" {
			row = "pkg,.fullname"
		}
		args := []string{benchstat, "-table", "part", "-row", row, "-ignore", ".config,.file",
			"-col", "toolchain@(" + strings.Join(cols, " ") + ")", "-filter", "part:" + part + statFilter(part)}
		if err := (command{argv: append(args, files...)}).run(ctx, w); err != nil {
			return err
		}
		r.summary(w, part)
	}
	if m := r.config["missing"]; m != "" {
		fmt.Fprintf(w, "\nmissing: %s\n", m)
	}
	return nil
}

// statFilter keeps the many units of x/benchmarks to those that are time, and those of
// part latency to what can be compared round by round.
func statFilter(part string) string {
	switch part {
	case "x", "upstream":
		return ` .unit:/^(ns|user|[pP][0-9])/`
	case "loops":
		return ` .unit:/^(sec.op|there-p|round-p|p[59]|cpu-|wakes)/`
	case "latency":
		return ` .unit:/^(p50-|max-|share-)/`
	}
	return ""
}

// summary says how each toolchain compares with stock over all of a part.
func (r *results) summary(w io.Writer, part string) {
	switch part {
	case "sizes":
		r.sizesSummary(w)
		return
	case "latency":
		r.latencySummary(w)
		return
	case "loops":
		r.loopsSummary(w)
		return
	}
	for _, c := range []string{"fork", "off"} {
		for _, unit := range []string{"sec/op", "cpu-sec/op"} {
			ds := r.compare(part, "stock", c, unit)
			if len(ds) == 0 {
				continue
			}
			fmt.Fprintf(w, "%s: %s against stock, %s: geometric mean %s over %d benchmarks", part, c, unit, percent(geomean(ds)), len(ds))
			n := math.MaxInt
			for _, d := range ds {
				n = min(n, d.n)
			}
			if n < 5 {
				fmt.Fprintf(w, "; %d counts cannot tell p < %g\n", n, worseP)
				continue
			}
			bad := worse(ds)
			if len(bad) == 0 {
				fmt.Fprintf(w, "; none more than %.0f %% worse at p < %g\n", 100*worseBy, worseP)
				continue
			}
			fmt.Fprintf(w, "; %d more than %.0f %% worse at p < %g:\n", len(bad), 100*worseBy, worseP)
			for _, d := range bad {
				name := d.name
				if d.pkg != "" && d.pkg != "bench" {
					name = d.pkg + "." + name
				}
				fmt.Fprintf(w, "\t%s %s (p=%.3f n=%d)\n", name, percent(d.ratio), d.p, d.n)
			}
		}
	}
}

// sizesSummary says whether anything is in another size class than in stock.
func (r *results) sizesSummary(w io.Writer) {
	for _, c := range []string{"fork", "off"} {
		differ := make(map[string][]string) // by unit
		same := 0
		for _, k := range r.order {
			k2 := k
			k2.toolchain = c
			a, b := r.samples[k], r.samples[k2]
			if k.part != "sizes" || k.toolchain != "stock" || len(b) == 0 {
				continue
			}
			if x, y := a[len(a)-1], b[len(b)-1]; x != y {
				differ[k.unit] = append(differ[k.unit], fmt.Sprintf("%s %g B, stock %g B", strings.TrimPrefix(k.name, "Sizes/"), y, x))
			} else {
				same++
			}
		}
		if d := differ["class-B"]; len(d) > 0 {
			fmt.Fprintf(w, "sizes: %s: OTHER SIZE CLASSES than stock: %s\n", c, strings.Join(d, "; "))
		} else if same > 0 {
			fmt.Fprintf(w, "sizes: %s: all in the size classes of stock\n", c)
		}
		if d := differ["B"]; len(d) > 0 {
			fmt.Fprintf(w, "sizes: %s: other sizes: %s\n", c, strings.Join(d, "; "))
		}
	}
}

// procs splits a benchmark's name from its GOMAXPROCS.
func procs(name string) (base, n string) {
	if m := procsRE.FindStringSubmatch(name); m != nil {
		return m[1], m[2]
	}
	return name, "1"
}

var procsRE = regexp.MustCompile(`^(.*)-([0-9]+)$`)

// withProcs is the inverse of procs.
func withProcs(base, n string) string {
	if n == "1" {
		return base
	}
	return base + "-" + n
}

// benchstatPath returns the benchstat that run.bash built.
func benchstatPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	p := filepath.Join(filepath.Dir(exe), "benchstat")
	if _, err := os.Stat(p); err != nil {
		return "", fmt.Errorf("there is no benchstat beside the driver; start it by run.bash")
	}
	return p, nil
}
