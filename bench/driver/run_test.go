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
	"slices"
	"strings"
	"testing"
)

// quiet is a progress that nobody sees.
func quiet() *progress { return &progress{w: io.Discard} }

func TestSchedule(t *testing.T) {
	const rounds = 6
	variants := []int{3, 1, 2}
	var steps []step
	for s := range schedule(rounds, variants) {
		steps = append(steps, s)
	}
	if want := rounds * (3 + 1 + 2); len(steps) != want {
		t.Fatalf("%d steps, want %d", len(steps), want)
	}
	i := 0
	first := make(map[[2]int]int)
	for r := range rounds {
		for u, n := range variants {
			// Each variant once, before any other unit has its turn.
			seen := make(map[int]bool)
			for range n {
				s := steps[i]
				if s.round != r || s.unit != u || seen[s.variant] {
					t.Fatalf("step %d is %+v, want another variant of unit %d in round %d", i, s, u, r)
				}
				if len(seen) == 0 {
					first[[2]int{u, s.variant}]++
				}
				seen[s.variant] = true
				i++
			}
		}
	}
	for u, n := range variants {
		for v := range n {
			if got, want := first[[2]int{u, v}], rounds/n; got != want {
				t.Errorf("variant %d of unit %d begins %d times, want %d", v, u, got, want)
			}
		}
	}
	for range schedule(rounds, variants) {
		break // must not panic
	}
}

// said makes a variant that writes a result and notes its turn.
func saying(column string, turns *[]string) variant {
	return variant{column, func(_ context.Context, out io.Writer) error {
		*turns = append(*turns, column)
		_, err := fmt.Fprintf(out, "pkg: bench\nBenchmarkX-2 1 %d ns/op\nPASS\n", len(*turns))
		return err
	}}
}

func TestMeasure(t *testing.T) {
	var turns []string
	var file strings.Builder
	units := []unit{{"X", []variant{saying("stock", &turns), saying("fork", &turns)}}}
	if failed := measure(t.Context(), "p", units, 3, newRecorder(&file), quiet()); failed != nil {
		t.Fatal(failed)
	}
	if got, want := strings.Join(turns, " "), "stock fork fork stock stock fork"; got != want {
		t.Errorf("turns: %s, want %s", got, want)
	}
	want := `part: p
toolchain: stock
pkg: bench
BenchmarkX-2 1 1 ns/op
toolchain: fork
BenchmarkX-2 1 2 ns/op
BenchmarkX-2 1 3 ns/op
toolchain: stock
BenchmarkX-2 1 4 ns/op
BenchmarkX-2 1 5 ns/op
toolchain: fork
BenchmarkX-2 1 6 ns/op
`
	if file.String() != want {
		t.Errorf("recorded\n%s\nwant\n%s", file.String(), want)
	}
}

func TestMeasureInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var turns []string
	var file strings.Builder
	half := variant{"off", func(ctx context.Context, out io.Writer) error {
		turns = append(turns, "off")
		io.WriteString(out, "BenchmarkX 1 7 ns/op\nBenchmarkY 1 ")
		cancel()
		return ctx.Err()
	}}
	units := []unit{{"X", []variant{saying("stock", &turns), half, saying("fork", &turns)}}}
	rec := newRecorder(&file)
	if failed := measure(ctx, "p", units, 3, rec, quiet()); failed != nil {
		t.Errorf("an interruption is not a failure: %v", failed)
	}
	if got, want := strings.Join(turns, " "), "stock off"; got != want {
		t.Errorf("turns: %s, want %s", got, want)
	}
	if rec.n != 2 || !strings.Contains(file.String(), "BenchmarkX 1 7 ns/op\n") || strings.Contains(file.String(), "BenchmarkY") {
		t.Errorf("recorded %d results:\n%s", rec.n, file.String())
	}
}

func TestMeasureFailure(t *testing.T) {
	var turns []string
	tries := 0
	bad := variant{"fork", func(context.Context, io.Writer) error {
		tries++
		return errors.New("broken")
	}}
	units := []unit{{"X", []variant{saying("stock", &turns), bad}}}
	failed := measure(t.Context(), "p", units, 4, newRecorder(io.Discard), quiet())
	if len(failed) != 1 || failed[0].Error() != "p: fork: X: broken" {
		t.Errorf("failed: %v", failed)
	}
	if tries != 1 || len(turns) != 4 {
		t.Errorf("the broken one ran %d times, the other %d; want 1 and 4", tries, len(turns))
	}
}

func TestRecorder(t *testing.T) {
	const in = "goos: linux\npkg: a\nBenchmarkX-2   \t 10\t 1.5 ns/op\t 2 B/op\r\nBenchmarkBroken\n--- FAIL: z\nok  a 1.2s\nBenchmarkLast 1 2 ns/op"
	for cut := range len(in) {
		var file strings.Builder
		r := newRecorder(&file)
		r.begin("p", "stock")
		io.WriteString(r, in[:cut])
		io.WriteString(r, in[cut:])
		r.end()
		r.begin("q", "peer")
		io.WriteString(r, "BenchmarkZ 1 3 ns/op\n")
		want := "part: p\ntoolchain: stock\npkg: a\nBenchmarkX-2   \t 10\t 1.5 ns/op\t 2 B/op\npart: q\ntoolchain: peer\npkg:\nBenchmarkZ 1 3 ns/op\n"
		if file.String() != want || r.n != 2 {
			t.Fatalf("cut at %d: recorded\n%q\nwant\n%q", cut, file.String(), want)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestRecorderError(t *testing.T) {
	r := newRecorder(brokenWriter{})
	r.begin("p", "stock")
	if _, err := io.WriteString(r, "BenchmarkX 1 1 ns/op\n"); err == nil || r.err == nil {
		t.Error("no error")
	}
}

func TestIsResult(t *testing.T) {
	for s, want := range map[string]bool{
		"BenchmarkX 1 2 ns/op":                      true,
		"BenchmarkX/a=b-8 100 2.5e3 ns/op 1 csw/op": true,
		"BenchmarkX":             false,
		"BenchmarkX 1":           false,
		"BenchmarkX 1 2":         false,
		"BenchmarkX x 2 ns/op":   false,
		"BenchmarkX 1 two ns/op": false,
		"PASS 1 2 ns/op":         false,
		"BenchmarkX 0 NaN ns/op": false,
		"BenchmarkX 1 NaN ns/op": false,
		"BenchmarkX 0 1 ns/op":   false,
	} {
		if got := isResult(s); got != want {
			t.Errorf("isResult(%q) = %v", s, got)
		}
	}
}

// notify closes a channel when a result is written.
type notify struct {
	w    io.Writer
	done func()
}

func (n notify) Write(p []byte) (int, error) {
	defer n.done()
	return n.w.Write(p)
}

func TestCommandInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var file strings.Builder
	rec := newRecorder(&file)
	rec.begin("p", "stock")
	// The shell's child must end, too: it holds the pipe open.
	c := command{argv: []string{"/bin/sh", "-c", "echo BenchmarkX 1 1 ns/op; printf BenchmarkY; sleep 1000; echo no"}}
	if err := c.run(ctx, notify{rec, cancel}); err == nil {
		t.Error("no error")
	}
	rec.end()
	if got := file.String(); !strings.HasSuffix(got, "BenchmarkX 1 1 ns/op\n") {
		t.Errorf("recorded %q", got)
	}
}

func TestCommandFailure(t *testing.T) {
	err := command{argv: []string{"/bin/sh", "-c", "echo some; echo reason >&2; exit 3"}}.run(t.Context(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "reason") {
		t.Errorf("error: %v", err)
	}
	if err := (command{argv: []string{"/nonexistent/program"}}).run(t.Context(), io.Discard); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
}

func TestCleanEnv(t *testing.T) {
	t.Setenv("GODEBUG", "x=1")
	t.Setenv("GOMAXPROCS", "1")
	t.Setenv("GOPROXY", "off")
	env := cleanEnv("GOGC=50")
	for e, want := range map[string]bool{"GODEBUG=x=1": false, "GOMAXPROCS=1": false, "GOPROXY=off": true, "GOGC=50": true} {
		if slices.Contains(env, e) != want {
			t.Errorf("%s: %v", e, !want)
		}
	}
}

func TestTail(t *testing.T) {
	var out tail
	for i := range 5000 {
		fmt.Fprintf(&out, "line %d\n", i)
	}
	s := out.String()
	if !strings.HasSuffix(s, "line 4999") || strings.Count(s, "\n") != 19 || len(out.b) > 10000 {
		t.Errorf("kept %d bytes: %q", len(out.b), s)
	}
}

func TestInTurn(t *testing.T) {
	var runs []func(context.Context, io.Writer) error
	for _, s := range []string{"0", "1", "2"} {
		runs = append(runs, command{argv: []string{"echo", s}}.run)
	}
	v := inTurn("stock", runs)
	var out strings.Builder
	for range 5 {
		if err := v.run(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Fields(out.String()), []string{"0", "1", "2", "0", "1"}; !slices.Equal(got, want) {
		t.Errorf("ran %v, want %v", got, want)
	}
}
