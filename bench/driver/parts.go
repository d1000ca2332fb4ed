// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A bench is one invocation: what to measure, and with what.
type bench struct {
	root    string // of the project
	src     string // bench/
	work    string // where things are built
	tcs     []toolchain
	count   int
	time    time.Duration // flag -benchtime
	cpu     string
	manyCPU string // of part latency
	match   *regexp.Regexp
	idle    time.Duration
	ports   []string
	xdir    string
	xver    string
	layouts int // of a program in parts upstream and x
	prog    *progress
	missing []string
}

// A part is a group of benchmarks that can be asked for by name.
type part struct {
	name, doc string
	prepare   func(b *bench, ctx context.Context) ([]unit, error)
	rounds    func(b *bench) int // nil: the count
}

// What is not a time, or takes long, is not measured as often.
func one(*bench) int        { return 1 }
func third(b *bench) int    { return max(1, b.count/3) }
func (b *bench) ms() string { return fmt.Sprintf("%g", float64(b.time.Microseconds())/1e3) }

var parts = []part{
	{"roundtrip", "one request and its answer, in Go and in other systems", (*bench).roundtrip, nil},
	{"ring", "one hop in rings of 2 to 100,000 goroutines", own("Ring"), nil},
	{"clients", "many clients of one server, one that calls C, too", own("ManyClients", "ClientsC"), nil},
	{"visit", "1 to 256 goroutines that come to a thread and go, and a server", own("Visit"), nil},
	{"lock", "nested and lone locks, yields", own("Nested", "Lock", "Gosched"), nil},
	{"loaded", "round trips while all processors are busy", own("Loaded"), nil},
	{"gc", "allocation on ordinary and dedicated threads", own("Allocate"), nil},
	{"latency", "how late a locked goroutine runs beside others that compute", own(latencies...), nil},
	{"loops", "hops to a thread whose main loop waits in C: GLFW, GTK, SDL, X11", (*bench).loops, nil},
	{"idle", "CPU time of parked threads (a third of the counts, 10 s each)", own("Idle"), third},
	{"diagnostics", "round trips while a trace is taken; metrics, dumps and profiles", own("Traced", "Metrics", "Stack", "Profile"), nil},
	{"syscalls", "system calls per request, by strace (a third of the counts)", (*bench).syscalls, third},
	{"sizes", "sizes of g, m, sudog and hchan (once)", (*bench).sizes, one},
	{"upstream", "Go's own benchmarks of what the scheduler touches", (*bench).upstream, nil},
	{"x", "golang.org/x/benchmarks: garbage, http, json, gc_latency", (*bench).x, nil},
}

// buildTest compiles the test of a package with a toolchain.
func (b *bench) buildTest(ctx context.Context, t toolchain, dir, pkg, name string, flags ...string) (string, error) {
	out := filepath.Join(b.work, t.name, name)
	b.prog.say("building %s with %s", name, t.name)
	args := append([]string{"test", "-c", "-o", out}, flags...)
	_, err := t.command(dir, append(args, pkg)...).output(ctx)
	if err == nil {
		if _, err = os.Stat(out); err != nil {
			err = fmt.Errorf("%s has no tests", pkg)
		}
	}
	return out, err
}

// list returns the top-level benchmarks of a test that re matches.
func (b *bench) list(ctx context.Context, t toolchain, program string, re *regexp.Regexp) ([]string, error) {
	out, err := command{dir: filepath.Dir(program), argv: []string{program, "-test.list", "^Benchmark"}}.output(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range strings.Fields(out) {
		if n, ok := strings.CutPrefix(s, "Benchmark"); ok && re.MatchString(n) && b.match.MatchString(n) {
			names = append(names, n)
		}
	}
	return names, nil
}

// test is the command that runs one benchmark of a test once.
func (b *bench) test(t toolchain, dir, program, name string, args ...string) command {
	return command{dir: dir, env: cleanEnv("GOROOT=" + t.goroot), argv: append([]string{program,
		"-test.run=^$", "-test.bench=^Benchmark" + name + "$", "-test.benchtime=" + b.time.String(), "-test.cpu=" + b.cpu}, args...)}
}

// own makes the preparation of a part that runs benchmarks of ours.
func own(names ...string) func(b *bench, ctx context.Context) ([]unit, error) {
	return func(b *bench, ctx context.Context) ([]unit, error) {
		programs, err := b.ownTests(ctx)
		if err != nil {
			return nil, err
		}
		var units []unit
		for _, name := range names {
			if !b.match.MatchString(name) {
				continue
			}
			u := unit{name: name}
			for i, t := range b.tcs {
				c := b.test(t, b.src, programs[i], name)
				if name == "Idle" {
					c.argv = append(c.argv, "-idle="+b.idle.String(), "-test.cpu="+lastOf(b.cpu))
				}
				c.argv = append(c.argv, b.loopArgs(name)...)
				if slices.Contains(latencies, name) {
					c.argv = append(c.argv, "-test.benchtime="+b.wakeups(), "-test.cpu="+b.manyCPU)
				}
				u.variants = append(u.variants, c.variant(t.name))
			}
			units = append(units, u)
		}
		return units, nil
	}
}

// ownTests builds ../*_test.go with each toolchain.
func (b *bench) ownTests(ctx context.Context) ([]string, error) {
	var programs []string
	for _, t := range b.tcs {
		p := filepath.Join(b.work, t.name, "bench.test")
		if !built[p] {
			var err error
			if p, err = b.buildTest(ctx, t, b.src, ".", "bench.test"); err != nil {
				return nil, err
			}
			built[p] = true
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// built are the programs that this run has brought up to date.
var built = make(map[string]bool)

func lastOf(list string) string {
	return list[strings.LastIndex(list, ",")+1:]
}

func (b *bench) roundtrip(ctx context.Context) ([]unit, error) {
	units, err := own("RoundTrip")(b, ctx)
	if err != nil || len(units) == 0 {
		return units, err
	}
	vs, missing, errs := preparePeers(ctx, filepath.Join(b.src, "peers"), filepath.Join(b.work, "peers"), b.ms(), b.prog)
	units[0].variants = append(units[0].variants, vs...)
	b.missing = append(b.missing, missing...)
	for _, m := range missing {
		b.prog.say("missing: %s", m)
	}
	return units, errors.Join(errs...)
}

func (b *bench) syscalls(ctx context.Context) ([]unit, error) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		b.miss("syscalls (install strace)")
		return nil, nil
	}
	programs, err := b.ownTests(ctx)
	if err != nil {
		return nil, err
	}
	const few, many = 1000, 6000
	var units []unit
	for _, placement := range []string{"unlocked", "server-locked", "both-locked", "colocated"} {
		u := unit{name: placement}
		for i, t := range b.tcs {
			u.variants = append(u.variants, variant{t.name, func(ctx context.Context, out io.Writer) error {
				for _, cpu := range strings.Split(b.cpu, ",") {
					var counts [2]map[string]int
					for j, n := range []int{few, many} {
						table := filepath.Join(b.work, t.name, "strace.out")
						c := b.test(t, b.src, programs[i], "RoundTrip$/^"+placement, fmt.Sprintf("-test.benchtime=%dx", n), "-test.cpu="+cpu)
						c.argv = append([]string{strace, "-c", "-f", "-qq", "-o", table}, c.argv...)
						said, err := c.output(ctx)
						if err != nil {
							return err
						}
						if !strings.Contains(said, "Benchmark") {
							return nil // not with this toolchain
						}
						f, err := os.Open(table)
						if err != nil {
							return err
						}
						counts[j], err = parseStrace(f)
						f.Close()
						if err != nil {
							return err
						}
					}
					fmt.Fprintln(out, "pkg: bench")
					writeSyscalls(out, withProcs("Syscalls/"+placement, cpu), counts[0], counts[1], many-few)
				}
				return nil
			}})
		}
		units = append(units, u)
	}
	return units, nil
}

// miss notes what cannot be measured here, and why.
func (b *bench) miss(what string) {
	b.missing = append(b.missing, what)
	b.prog.say("missing: %s", what)
}

func (b *bench) sizes(ctx context.Context) ([]unit, error) {
	var units []unit
	for _, port := range append([]string{""}, b.ports...) {
		u := unit{name: "Sizes " + port}
		for _, t := range b.tcs {
			u.variants = append(u.variants, variant{t.name, func(ctx context.Context, out io.Writer) error {
				label := strings.ReplaceAll(port, "/", "-")
				program := filepath.Join(b.work, t.name, "sizes"+label)
				c := t.command(b.src, "build", "-o", program, "./internal/sizes")
				if goos, goarch, ok := strings.Cut(port, "/"); ok {
					c.env = append(c.env, "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
				}
				if _, err := c.output(ctx); err != nil {
					return err
				}
				fmt.Fprintln(out, "pkg: bench")
				return writeSizes(out, program, t.goroot, label)
			}})
		}
		units = append(units, u)
	}
	return units, nil
}

// upstreamTests are Go's own benchmarks that the scheduler has a part in.
var upstreamTests = []struct{ pkg, re string }{
	{"runtime", `Chan|Select|PingPong|CreateGoroutines|Goroutine(Select|Blocking|ForRange|Idle)|Wakeup|Matmult|Syscall|LockOSThread|Coro|Mutex|SemTable|Netpoll|OSYield|OsYield|StackGrowth$`},
	{"sync", `Mutex|Sema|Cond|WaitGroup|Pool$|Once$`},
	{"iter", ``},
	{"internal/runtime/cgobench", ``},
	{"cmd/cgo/internal/test", ``},
}

func (b *bench) upstream(ctx context.Context) ([]unit, error) {
	var units []unit
	var errs []error
	for _, u := range upstreamTests {
		us, err := b.upstreamPackage(ctx, u.pkg, regexp.MustCompile(u.re))
		if ctx.Err() != nil {
			return nil, nil
		}
		if err != nil {
			b.miss(u.pkg + " (its benchmarks do not build)")
			errs = append(errs, err)
			continue
		}
		units = append(units, us...)
	}
	return units, errors.Join(errs...)
}

func (b *bench) upstreamPackage(ctx context.Context, pkg string, re *regexp.Regexp) ([]unit, error) {
	programs := make([][]string, len(b.tcs)) // of each toolchain, in each layout
	var names []string
	for i, t := range b.tcs {
		for n := range b.layouts {
			p, err := b.upstreamTest(ctx, t, pkg, n)
			if err != nil {
				return nil, fmt.Errorf("%s with %s: %w", pkg, t.name, err)
			}
			programs[i] = append(programs[i], p)
		}
		ns, err := b.list(ctx, t, programs[i][0], re)
		if err != nil {
			return nil, fmt.Errorf("%s with %s: %w", pkg, t.name, err)
		}
		if i == 0 {
			names = ns
		} else {
			names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(ns, n) })
		}
	}
	var units []unit
	for _, name := range names {
		u := unit{name: pkg + "." + name}
		for i, t := range b.tcs {
			dir := filepath.Join(t.goroot, "src", filepath.FromSlash(pkg))
			var runs []func(context.Context, io.Writer) error
			for _, p := range programs[i] {
				// There are many of them.
				runs = append(runs, b.test(t, dir, p, name, "-test.benchtime="+(b.time/2).String()).run)
			}
			u.variants = append(u.variants, inTurn(t.name, runs))
		}
		units = append(units, u)
	}
	return units, nil
}

// upstreamTest builds the test of a package of Go's in layout n.
func (b *bench) upstreamTest(ctx context.Context, t toolchain, pkg string, n int) (string, error) {
	flags := layoutFlags(n)
	if n > 0 {
		pad, err := b.padFlag(ctx, t, pkg, n)
		if err != nil {
			return "", err
		}
		flags = append(flags, pad)
	}
	return b.buildTest(ctx, t, filepath.Join(t.goroot, "src"), pkg, fmt.Sprintf("%s.%d.test", strings.ReplaceAll(pkg, "/", "_"), n), flags...)
}

// x runs programs of golang.org/x/benchmarks, for a time that suits them.
func (b *bench) x(ctx context.Context) ([]unit, error) {
	const module = "golang.org/x/benchmarks"
	dir, mod := b.xdir, ""
	if dir == "" {
		// A module of its own, so that ours does not depend on theirs.
		dir = filepath.Join(b.work, "x")
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module x\n\ngo 1.26\n"), 0o666); err != nil {
			return nil, err
		}
		c := b.tcs[0].command(dir, "get", module+"@"+b.xver)
		c.env = b.tcs[0].env() // the caller's GOENV may say how modules are had
		if _, err := c.output(ctx); err != nil {
			if ctx.Err() == nil {
				b.miss(fmt.Sprintf("x (go get %s@%s failed; name a checkout by -xbenchmarks)", module, b.xver))
			}
			return nil, nil
		}
		mod = "-mod=mod"
	} else if _, err := os.Stat(filepath.Join(dir, "garbage")); err != nil {
		return nil, fmt.Errorf("-xbenchmarks: %s is not a checkout of %s", dir, module)
	}
	tmp := filepath.Join(b.work, "tmp")
	if err := os.MkdirAll(tmp, 0o777); err != nil {
		return nil, err
	}
	var units []unit
	for _, name := range []string{"garbage", "http", "json", "gc_latency"} {
		if !b.match.MatchString(name) {
			continue
		}
		u := unit{name: "x/benchmarks/" + name}
		for _, t := range b.tcs {
			var runs []func(context.Context, io.Writer) error
			for n := range b.layouts {
				program := filepath.Join(b.work, t.name, fmt.Sprintf("x_%s.%d", name, n))
				args := []string{"build", "-o", program}
				if name == "gc_latency" {
					args = []string{"test", "-c", "-o", program}
				}
				if mod != "" {
					args = append(args, mod)
				}
				b.prog.say("building x/benchmarks/%s.%d with %s", name, n, t.name)
				c := t.command(dir, append(append(args, layoutFlags(n)...), module+"/"+name)...)
				c.env = t.env()
				if _, err := c.output(ctx); err != nil {
					return nil, err
				}
				runs = append(runs, func(ctx context.Context, out io.Writer) error {
					if name == "gc_latency" {
						// One of these takes ten seconds or more, whatever benchtime says.
						return b.test(t, tmp, program, ".*", "-test.short", "-test.cpu="+lastOf(b.cpu)).run(ctx, out)
					}
					return b.runX(ctx, out, tmp, name, program)
				})
			}
			u.variants = append(u.variants, inTurn(t.name, runs))
		}
		units = append(units, u)
	}
	return units, nil
}

// runX runs a program of golang.org/x/benchmarks with each GOMAXPROCS, in
// a directory of its own below tmp.
func (b *bench) runX(ctx context.Context, out io.Writer, tmp, name, program string) error {
	for _, cpu := range strings.Split(b.cpu, ",") {
		// It leaves profiles behind, and would have the go command print them.
		tmp, err := os.MkdirTemp(tmp, name)
		if err != nil {
			return err
		}
		c := command{dir: tmp, env: cleanEnv("GOMAXPROCS="+cpu, "TMPDIR="+tmp, "PATH=/nonexistent"),
			argv: []string{program, "-benchtime=" + (20 * b.time).String()}}
		err = c.run(ctx, out)
		os.RemoveAll(tmp)
		if err != nil {
			return err
		}
	}
	return nil
}
