// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A variant is one of the things that are compared: it writes one count of its
// results to out, in the benchmark format.
type variant struct {
	column string // stock, fork, off or peer
	run    func(ctx context.Context, out io.Writer) error
}

// A unit is what is measured by turns: one count of each variant, again and again.
type unit struct {
	name     string
	variants []variant
}

// A step is one variant's turn.
type step struct {
	round, unit, variant int
}

// schedule yields the steps of so many rounds through units with so many
// variants each. Within a round all of a unit's variants follow each other. Who
// begins changes from round to round, so that none always comes after the same.
func schedule(rounds int, variants []int) iter.Seq[step] {
	return func(yield func(step) bool) {
		for r := range rounds {
			for u, n := range variants {
				for i := range n {
					if !yield(step{r, u, (r + i) % n}) {
						return
					}
				}
			}
		}
	}
}

// measure runs units for so many rounds and records what they write. A variant
// that fails is reported and not tried again. When ctx is done, measure
// returns; what was recorded until then stays.
func measure(ctx context.Context, part string, units []unit, rounds int, rec *recorder, prog *progress) (failed []error) {
	var variants []int
	total := 0
	for _, u := range units {
		variants = append(variants, len(u.variants))
		total += rounds * len(u.variants)
	}
	dead := make(map[[2]int]bool)
	done := 0
	prog.start(part, rounds, total)
	defer prog.end()
	for s := range schedule(rounds, variants) {
		if ctx.Err() != nil {
			break
		}
		u := units[s.unit]
		v := u.variants[s.variant]
		prog.step(s.round, done, v.column+" "+u.name)
		done++
		if dead[[2]int{s.unit, s.variant}] {
			continue
		}
		rec.begin(part, v.column)
		err := v.run(ctx, rec)
		rec.end()
		if err != nil && ctx.Err() == nil {
			dead[[2]int{s.unit, s.variant}] = true
			err = fmt.Errorf("%s: %s: %s: %w", part, v.column, u.name, err)
			failed = append(failed, err)
			prog.say("%v", err)
		}
	}
	return failed
}

// A recorder writes results to a file: of what is written to it, the whole
// lines that are results, below the keys of who made them. It writes each line
// at once, so that nothing is lost when the run is.
type recorder struct {
	w    io.Writer
	keys map[string]string // as last written
	want map[string]string
	part []byte // of a line
	n    int    // results
	err  error  // of w
}

func newRecorder(w io.Writer) *recorder {
	return &recorder{w: w, keys: make(map[string]string)}
}

// begin says whose results follow.
func (r *recorder) begin(part, column string) {
	r.want = map[string]string{"part": part, "toolchain": column, "pkg": ""}
	r.part = r.part[:0]
}

// end drops what is left of a line.
func (r *recorder) end() { r.part = r.part[:0] }

func (r *recorder) Write(p []byte) (int, error) {
	r.part = append(r.part, p...)
	for {
		line, rest, ok := bytes.Cut(r.part, []byte("\n"))
		if !ok {
			break
		}
		r.line(strings.TrimRight(string(line), "\r"))
		r.part = append(r.part[:0:0], rest...)
	}
	return len(p), r.err
}

func (r *recorder) line(s string) {
	if pkg, ok := strings.CutPrefix(s, "pkg: "); ok {
		r.want["pkg"] = pkg
		return
	}
	if !isResult(s) {
		return
	}
	for _, k := range []string{"part", "toolchain", "pkg"} {
		if old, ok := r.keys[k]; r.want[k] != old || !ok && r.want[k] != "" {
			r.put(strings.TrimSpace(k + ": " + r.want[k]))
			r.keys[k] = r.want[k]
		}
	}
	r.put(s)
	r.n++
}

func (r *recorder) put(s string) {
	if r.err == nil {
		_, r.err = io.WriteString(r.w, s+"\n")
	}
}

// isResult reports whether s is a result: a name, a count, and pairs of
// a value and its unit. Some of upstream's benchmarks report that they did
// nothing, and took NaN for it.
func isResult(s string) bool {
	f := strings.Fields(s)
	if len(f) < 4 || len(f)%2 != 0 || !strings.HasPrefix(f[0], "Benchmark") {
		return false
	}
	if n, err := strconv.ParseUint(f[1], 10, 63); err != nil || n == 0 {
		return false
	}
	for i := 2; i < len(f); i += 2 {
		if x, err := strconv.ParseFloat(f[i], 64); err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// A command is a program that can be run again and again.
type command struct {
	dir  string
	env  []string // nil: cleanEnv()
	argv []string
}

// run runs c, its output to out. If it fails, the error says what it said last.
// When ctx is done, the program and all that it started end at once.
func (c command) run(ctx context.Context, out io.Writer) error {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = c.env
	if cmd.Env == nil {
		cmd.Env = cleanEnv()
	}
	var errs tail
	cmd.Stdout = io.MultiWriter(out, &errs)
	cmd.Stderr = &errs
	// A group of its own: Ctrl-C is ours to handle.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err != nil && ctx.Err() == nil {
		if _, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(c.argv, " "), err, errs.String())
		}
	}
	return err
}

// output runs c and returns what it prints to its standard output.
func (c command) output(ctx context.Context) (string, error) {
	var out strings.Builder
	err := c.run(ctx, &out)
	return strings.TrimSpace(out.String()), err
}

// variant makes a variant of c.
func (c command) variant(column string) variant {
	return variant{column, c.run}
}

// A tail keeps the last of what is written to it.
type tail struct {
	mu sync.Mutex // standard output and standard error come at once
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 4000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 2*keep {
		t.b = append(t.b[:0:0], t.b[len(t.b)-keep:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.b)), "\n")
	if n := len(lines); n > 20 {
		lines = lines[n-20:]
	}
	return "\t" + strings.Join(lines, "\n\t")
}

// cleanEnv is the caller's environment without what changes how Go programs
// are built or run, and with kv.
func cleanEnv(kv ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK", "GORACE",
			"GOROOT", "GOEXPERIMENT", "GOFLAGS", "GOWORK", "GOTOOLCHAIN", "GOOS", "GOARCH",
			"GOAMD64", "GOARM64", "CGO_ENABLED", "CGO_CFLAGS", "CGO_LDFLAGS", spinEnv, tickEnv:
			continue
		}
		env = append(env, e)
	}
	return append(env, kv...)
}

// With these the benchmarks start processes of their own.
const (
	spinEnv = "BENCH_SPIN"
	tickEnv = "BENCH_TICK"
)

// A progress shows on a terminal, or in a log, how far a run is.
type progress struct {
	w     io.Writer
	tty   bool
	part  string
	began time.Time
	round int
	total int
	of    int
	open  bool // a line is on the terminal
}

func newProgress(f *os.File) *progress {
	fi, err := f.Stat()
	return &progress{w: f, tty: err == nil && fi.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) start(part string, rounds, total int) {
	p.part, p.began, p.round, p.of, p.total = part, time.Now(), -1, rounds, total
}

func (p *progress) step(round, done int, what string) {
	left := ""
	if done > 0 {
		d := time.Since(p.began) * time.Duration(p.total-done) / time.Duration(done)
		left = fmt.Sprintf(", about %v left", d.Round(time.Second))
	}
	line := fmt.Sprintf("%s: round %d of %d%s: %s", p.part, round+1, p.of, left, what)
	if p.tty {
		if len(line) > 100 {
			line = line[:100]
		}
		fmt.Fprintf(p.w, "\r\033[K%s", line)
		p.open = true
	} else if round != p.round {
		fmt.Fprintf(p.w, "%s: round %d of %d%s\n", p.part, round+1, p.of, left)
	}
	p.round = round
}

func (p *progress) clear() {
	if p.open {
		fmt.Fprint(p.w, "\r\033[K")
		p.open = false
	}
}

func (p *progress) say(format string, args ...any) {
	p.clear()
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *progress) end() {
	p.clear()
	p.say("%s: %v", p.part, time.Since(p.began).Round(time.Second))
}
