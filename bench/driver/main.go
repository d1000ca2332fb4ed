// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Driver compares this toolchain with stock Go, and goroutines that share
// a thread with what other systems have. run.bash builds and starts it;
// run.bash -h lists its flags.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func usage() {
	w := flag.CommandLine.Output()
	fmt.Fprint(w, `usage: bench/run.bash [flags] [PART...]

Measures this toolchain (fork), this one with GOEXPERIMENT=nothreadlocker (off)
and the Go release that it is made from (stock), and other systems beside them,
by turns, and prints what benchstat says. Results, plots and tables are left in
a directory. Ctrl-C ends the measuring, not the report.

Parts, by default all:
`)
	for _, p := range parts {
		fmt.Fprintf(w, "  %-10s %s\n", p.name, p.doc)
	}
	fmt.Fprint(w, "\nFlags:\n")
	flag.PrintDefaults()
}

func main() {
	err := run()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	root := flag.String("root", ".", "the project's `directory`")
	count := flag.Int("count", 10, "how often everything is measured")
	benchtime := flag.Duration("benchtime", 100*time.Millisecond, "how long one benchmark runs; half as long in part upstream, 20 times in part x, one wake-up for each 5ms in part latency, and for each 0.5ms in LoopsLive of part loops")
	cpu := flag.String("cpu", "", "the values of GOMAXPROCS (default 1,2; in part latency 1,2,4)")
	quick := flag.Bool("quick", false, "three short counts of roundtrip, ring and sizes: under a minute, once all is built")
	out := flag.String("o", "", "the `directory` of the results (default bench/results/run-TIME)")
	names := flag.String("toolchains", "stock,fork,off", "what to compare; the first is the base")
	stock := flag.String("stock", "", "GOROOT of the unmodified release (default: GOROOT_BASE, an installed one, or a download)")
	fork := flag.String("fork", "", "GOROOT of this toolchain (default: goroot)")
	match := flag.String("bench", "", "of a part's benchmarks, only those whose top-level names match this `regexp`")
	idle := flag.Duration("idle", 10*time.Second, "how long one count of part idle watches; a fifth of it in part loops")
	ports := flag.String("ports", "", "GOOS/GOARCH,... whose sizes to compare beside this machine's")
	xdir := flag.String("xbenchmarks", "", "a checkout of golang.org/x/benchmarks (default: the module)")
	layouts := flag.Int("layouts", 10, "in how many `layouts`, at most one a round, to link what parts upstream and x compare")
	xver := flag.String("xversion", "latest", "the module's `version`")
	render := flag.Bool("render", false, "measure nothing: report on result files, given instead of parts, again")
	markdown := flag.Bool("markdown", false, "measure nothing: print the README's tables from result files")
	flag.Usage = usage
	flag.Parse()

	if *render || *markdown {
		if flag.NArg() == 0 {
			return errors.New("which result files?")
		}
		return again(*out, *markdown, flag.Args())
	}

	set := make(map[string]bool)
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	want := flag.Args()
	if *quick {
		if !set["count"] {
			*count = 3
		}
		if !set["benchtime"] {
			*benchtime = 5 * time.Millisecond
		}
		if !set["idle"] {
			*idle = time.Second
		}
		if len(want) == 0 {
			want = []string{"roundtrip", "ring", "sizes"}
		}
	}
	selected, err := selectParts(want)
	if err != nil {
		return err
	}
	if *count < 1 || *benchtime <= 0 || *idle <= 0 || *layouts < 1 {
		return errors.New("-count, -benchtime, -idle and -layouts must be positive")
	}
	few, many := cmp.Or(*cpu, "1,2"), cmp.Or(*cpu, "1,2,4")
	for _, c := range strings.Split(few, ",") {
		if n, err := strconv.Atoi(c); err != nil || n < 1 {
			return fmt.Errorf("-cpu: %q is not a number of processors", c)
		}
	}
	re, err := regexp.Compile(*match)
	if err != nil {
		return fmt.Errorf("-bench: %v", err)
	}
	if *root, err = filepath.Abs(*root); err != nil {
		return err
	}
	if *xdir != "" {
		if *xdir, err = filepath.Abs(*xdir); err != nil {
			return err
		}
	}

	// The first Ctrl-C ends the measuring, the second everything.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	b := &bench{
		root: *root, src: filepath.Join(*root, "bench"), work: filepath.Join(*root, "bench", ".build"),
		count: *count, time: *benchtime, cpu: few, manyCPU: many, match: re, idle: *idle,
		xdir: *xdir, xver: *xver, layouts: min(*layouts, *count), prog: newProgress(os.Stderr),
	}
	if *ports != "" {
		b.ports = strings.Split(*ports, ",")
	}
	if b.tcs, err = findToolchains(ctx, *root, strings.Split(*names, ","), *stock, *fork); err != nil {
		return err
	}
	benchstat, err := benchstatPath()
	if err != nil {
		return err
	}

	// All is built before anything is measured.
	var failed []error
	type job struct {
		part
		units []unit
	}
	var jobs []job
	for _, p := range selected {
		units, err := p.prepare(b, ctx)
		if ctx.Err() != nil {
			return errors.New("interrupted before anything was measured")
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", p.name, err)
			b.prog.say("%v", err)
			failed = append(failed, err)
		}
		if len(units) > 0 {
			jobs = append(jobs, job{p, units})
		}
	}
	if len(jobs) == 0 {
		return errors.Join(append(failed, errors.New("there is nothing to measure"))...)
	}

	dir := *out
	if dir == "" {
		dir = filepath.Join(b.src, "results", "run-"+time.Now().Format("20060102-150405"))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	file := filepath.Join(dir, "results.txt")
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := b.header(f); err != nil {
		return err
	}
	rec := newRecorder(f)
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		rounds := b.count
		if j.rounds != nil {
			rounds = j.rounds(b)
		}
		failed = append(failed, measure(ctx, j.name, j.units, rounds, rec, b.prog)...)
	}
	if rec.err != nil {
		return fmt.Errorf("%s: %w", file, rec.err)
	}
	if ctx.Err() != nil {
		b.prog.say("interrupted: this is what was measured until then")
	}
	if rec.n == 0 {
		return errors.Join(append(failed, errors.New("nothing was measured"))...)
	}
	if err := report(dir, benchstat, []string{file}); err != nil {
		return err
	}
	if len(failed) > 0 {
		fmt.Fprintf(os.Stderr, "\n%d failed:\n", len(failed))
		return errors.Join(failed...)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return nil
}

func selectParts(names []string) ([]part, error) {
	if len(names) == 0 {
		return parts, nil
	}
	var out []part
	for _, n := range names {
		i := slices.IndexFunc(parts, func(p part) bool { return p.name == n })
		if i < 0 {
			return nil, fmt.Errorf("there is no part %q; -h lists them", n)
		}
		out = append(out, parts[i])
	}
	return out, nil
}

// report writes the verdict, tables and plots of result files to dir, and the
// verdict also to standard output.
func report(dir, benchstat string, files []string) error {
	r, err := load(files...)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "verdict.txt"))
	if err != nil {
		return err
	}
	defer f.Close()
	// Not ctx: what was interrupted is reported all the same.
	if err := r.verdict(context.Background(), io.MultiWriter(os.Stdout, f), benchstat, files); err != nil {
		return err
	}
	var table strings.Builder
	r.markdown(&table)
	if err := os.WriteFile(filepath.Join(dir, "tables.md"), []byte(table.String()), 0o666); err != nil {
		return err
	}
	plots, err := r.plots(dir)
	fmt.Fprintf(os.Stderr, "\nverdict.txt, tables.md and %d plots are in %s, made from %s\n", len(plots), dir, strings.Join(files, ", "))
	return err
}

// again reports on result files without measuring.
func again(dir string, markdown bool, files []string) error {
	if markdown {
		r, err := load(files...)
		if err != nil {
			return err
		}
		r.markdown(os.Stdout)
		return nil
	}
	benchstat, err := benchstatPath()
	if err != nil {
		return err
	}
	if dir == "" {
		dir = filepath.Dir(files[0])
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	return report(dir, benchstat, files)
}

// header writes what the results are of.
func (b *bench) header(w io.Writer) error {
	h := map[string]string{
		"goos":   runtime.GOOS,
		"goarch": runtime.GOARCH,
		"cpu":    cpuModel(),
		"cores":  strconv.Itoa(runtime.NumCPU()),
		"kernel": said("uname", "-sr"),
		"load":   firstField("/proc/loadavg"),
		"commit": said("git", "-C", b.root, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"),
		"date":   time.Now().UTC().Format(time.RFC3339),
		"flags":  fmt.Sprintf("-count=%d -benchtime=%v -cpu=%s -layouts=%d", b.count, b.time, b.cpu, b.layouts),
	}
	if b.manyCPU != b.cpu {
		h["flags"] += fmt.Sprintf(" (part latency: -cpu=%s)", b.manyCPU)
	}
	for _, t := range b.tcs {
		h[t.name] = t.version()
	}
	if len(b.missing) > 0 {
		h["missing"] = strings.Join(b.missing, "; ")
	}
	for _, k := range machineKeys {
		if h[k] != "" {
			if _, err := fmt.Fprintf(w, "%s: %s\n", k, h[k]); err != nil {
				return err
			}
		}
	}
	// More is better of what the others get done.
	_, err := fmt.Fprintf(w, "Unit spins/s better=higher\nUnit share-min better=higher\n\n")
	return err
}

func said(argv ...string) string {
	b, _ := exec.Command(argv[0], argv[1:]...).Output()
	return strings.TrimSpace(string(b))
}

func firstField(file string) string {
	f, _, _ := strings.Cut(firstLine(file), " ")
	return f
}

func cpuModel() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return said("sysctl", "-n", "machdep.cpu.brand_string")
}
