// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// fixture writes a result file like that of a run.
func fixture(t *testing.T) string {
	var b strings.Builder
	b.WriteString("goos: linux\ngoarch: amd64\ncpu: Some CPU\ncores: 2\nstock: go1.26.8\nmissing: boost-fiber (install libboost-fiber-dev)\nUnit spins/s better=higher\n\npart: roundtrip\n")
	lines := func(toolchain, name string, ns float64) {
		fmt.Fprintf(&b, "toolchain: %s\npkg: bench\n", toolchain)
		for i := range 10 {
			fmt.Fprintf(&b, "Benchmark%s 10 %g ns/op %g cpu-ns/op 0.5 csw/op\n", name, ns+float64(i)/100, ns/2)
		}
	}
	for _, s := range []string{"", "-2"} {
		lines("stock", "RoundTrip/unlocked"+s, 300)
		lines("fork", "RoundTrip/unlocked"+s, 303)
		lines("fork", "RoundTrip/colocated"+s, 150)
		lines("stock", "RoundTrip/server-locked"+s, 40000)
		lines("fork", "RoundTrip/server-locked"+s, 44000)
	}
	lines("peer", "RoundTrip/asyncio", 6000)
	b.WriteString("part: ring\n")
	for _, n := range []string{"2", "10", "1000"} {
		lines("stock", "Ring/unlocked/n="+n, 150)
		lines("fork", "Ring/colocated/n="+n+"-2", 75)
	}
	b.WriteString("part: sizes\ntoolchain: stock\nBenchmarkSizes/m 1 1800 B 2048 class-B\ntoolchain: fork\nBenchmarkSizes/m 1 1900 B 2048 class-B\n")
	file := filepath.Join(t.TempDir(), "results.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCompare(t *testing.T) {
	r, err := load(fixture(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.config["cpu"]; got != "Some CPU" {
		t.Errorf("cpu: %q", got)
	}
	ds := r.compare("roundtrip", "stock", "fork", "sec/op")
	if len(ds) != 4 {
		t.Fatalf("%d comparisons, want 4: what only one has is not compared", len(ds))
	}
	if got, want := geomean(ds), math.Sqrt(1.01*1.1); math.Abs(got-want) > 1e-4 {
		t.Errorf("geometric mean %g, want %g", got, want)
	}
	bad := worse(ds)
	if len(bad) != 2 || bad[0].name != "RoundTrip/server-locked" || bad[1].name != "RoundTrip/server-locked-2" {
		t.Errorf("worse: %+v", bad)
	}
	var out strings.Builder
	r.summary(&out, "roundtrip")
	for _, want := range []string{
		"fork against stock, sec/op: geometric mean +5.40 % over 4 benchmarks; 2 more than 3 % worse at p < 0.01:\n",
		"\tRoundTrip/server-locked-2 +10.00 % (p=0.000 n=10)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	out.Reset()
	r.summary(&out, "sizes")
	if got, want := out.String(), "sizes: fork: all in the size classes of stock\nsizes: fork: other sizes: m 1900 B, stock 1800 B\n"; got != want {
		t.Errorf("sizes: %q, want %q", got, want)
	}
}

func TestFewCounts(t *testing.T) {
	r := &results{samples: make(map[key][]float64)}
	for _, tc := range []string{"stock", "fork"} {
		k := key{"p", tc, "bench", "X", "sec/op"}
		r.order = append(r.order, k)
		r.samples[k] = []float64{1, 2, 3}
	}
	var out strings.Builder
	r.summary(&out, "p")
	if !strings.Contains(out.String(), "3 counts cannot tell") {
		t.Errorf("%s", out.String())
	}
}

func TestMarkdown(t *testing.T) {
	r, err := load(fixture(t))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r.markdown(&out)
	for _, want := range []string{
		"| Python asyncio |  | 6,000 | 3,000 | 0.50 |  |\n",
		"| stock Go, server under LockOSThread | 2 | 40,000 | 20,000 | 0.50 |  |\n",
		"| round trip, both on one thread by ThreadLocker | 2 | stock, both unlocked | 300 | 150 | 0.50 | 0.70 | 0.50 |\n",
		"| server under LockOSThread, client unlocked | 2 | stock | 40,000 | 44,000 | 1.10 | 0.33 (no) | 1.10 |\n",
		"cpu: Some CPU",
		"missing: boost-fiber (install libboost-fiber-dev)",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestPlots(t *testing.T) {
	r, err := load(fixture(t))
	if err != nil {
		t.Fatal(err)
	}
	files, err := r.plots(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 {
		t.Fatalf("plots: %v", files)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		want := "\x89PNG"
		if strings.HasSuffix(f, ".svg") {
			want = "<?xml"
		}
		if !strings.HasPrefix(string(b), want) {
			t.Errorf("%s begins with %.10q", f, b)
		}
	}
	// Without results there are no plots.
	if files, err := (&results{}).plots(t.TempDir()); err != nil || files != nil {
		t.Errorf("%v, %v", files, err)
	}
}

// latencyFixture has stock's plain, and the fork's plain and shared, of three ways.
func latencyFixture(t *testing.T) *results {
	var b strings.Builder
	b.WriteString("cores: 2\npart: latency\npkg: bench\n")
	round := func(toolchain, name string, p50, longest, second int, rest string) {
		fmt.Fprintf(&b, "toolchain: %s\nBenchmarkLatency%s 20 %d p50-ns %d p99-ns %d max-ns %d max2-ns %d max3-ns %s\n", toolchain, name, p50, longest, longest, second, p50, rest)
	}
	for i := range 10 {
		round("stock", "Chan/plain/compute=2", 10_000, 20_000+i, 15_000, "0.5 share-min")
		round("stock", "Timer/plain/compute=0-4", 200_000, 300_000+i, 250_000, "")
		// One of 200 may be late without a higher p99, but not without a higher max.
		once := 20_000
		if i == 3 {
			once = 20_000_000
		}
		round("fork", "Chan/plain/compute=2", 40_000, once, 15_000, "0.5 share-min")
		// Three of 200 may not, be they of two rounds.
		longest, second := 20_000, 15_000
		if i < 2 {
			longest, second = 20_000_000, 15_000_000
		}
		round("fork", "Chan/shared/compute=2", 10_000, longest, second, "0.5 share-min")
		round("fork", "Timer/plain/compute=0-4", 230_000, 290_000, 250_000, "")
		round("fork", "Timer/shared/compute=0-4", 219_000, 290_000, 250_000, "")
		round("off", "Timer/plain/compute=0-4", 210_000, 290_000, 250_000, "")
		for _, tc := range []string{"stock", "fork"} {
			share := map[string]string{"stock": "0.1", "fork": "0.2"}[tc]
			fmt.Fprintf(&b, "toolchain: %s\n", tc)
			for _, name := range []string{"compute=2", "compute=2-4"} {
				fmt.Fprintf(&b, "BenchmarkLatencyTalk/plain/%s 20 8000 p50-ns 9000 p99-ns 30000 max-ns %s share-min\n", name, share)
			}
		}
	}
	r := &results{config: make(map[string]string), samples: make(map[key][]float64), n: make(map[key]int)}
	if err := r.read(strings.NewReader(b.String()), "latency"); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLatency(t *testing.T) {
	r := latencyFixture(t)
	var out strings.Builder
	r.summary(&out, "latency")
	got := regexp.MustCompile(`\(p=[0-9.]+\)`).ReplaceAllString(out.String(), "(p)")
	const want = `latency: fork: 2 of 6 rows reach p50 and p99 at most 1.1 of stock's and no higher max, each or 50µs, and 0.75 of a fair share; 4 do not, 2 of them at p < 0.01:
	Chan/plain/compute=2, GOMAXPROCS=1: max 20ms, stock 20µs (p)
	Chan/shared/compute=2, GOMAXPROCS=1: p99 15ms, stock 20µs (p); max 20ms, stock 20µs (p)
	Timer/plain/compute=0, GOMAXPROCS=4: p50 230µs, stock 200µs (p)
	Talk/plain/compute=2, GOMAXPROCS=4: share 0.20 of a processor, fair 0.50, stock 0.10
latency: off: 1 of 1 rows reach p50 and p99 at most 1.1 of stock's and no higher max, each or 50µs, and 0.75 of a fair share
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	out.Reset()
	r.markdown(&out)
	for _, want := range []string{
		"| timer | plain | 4 | 200µs | 230µs | 300µs | 290µs | 300µs | 290µs | not beside 0 |\n",
		"| timer | shared | 4 | 200µs | 219µs | 300µs | 290µs | 300µs | 290µs | yes |\n",
		"| plain | 1 | 2 | 0.10 | 0.20 | 0.25 |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestLoops checks what is compared with what in part loops.
func TestLoops(t *testing.T) {
	var in strings.Builder
	in.WriteString("part: loops\npkg: bench\n")
	line := func(toolchain, name string, values ...string) {
		fmt.Fprintf(&in, "toolchain: %s\nBenchmark%s\t100\t%s\n", toolchain, name, strings.Join(values, "\t"))
	}
	line("stock", "LoopsHop/gtk/queue/pause=0s-2", "100 ns/op", "1000 there-p50-ns", "9000 round-p50-ns", "1 wakes/op")
	line("fork", "LoopsHop/gtk/queue/pause=0s-2", "100 ns/op", "9000 there-p50-ns", "9000 round-p50-ns", "1 wakes/op")
	line("fork", "LoopsHop/gtk/locker/pause=0s-2", "100 ns/op", "1100 there-p50-ns", "3000 round-p50-ns", "1.2 wakes/op")
	line("stock", "LoopsHop/sdl/queue/pause=0s", "100 ns/op", "1000 there-p50-ns", "9000 round-p50-ns", "1 wakes/op")
	line("fork", "LoopsHop/sdl/do/pause=0s", "100 ns/op", "1400 there-p50-ns", "99000 round-p50-ns", "1 wakes/op")
	line("stock", "LoopsIdle/x11/queue-2", "0 ns/op", "900000 cpu-ns/s")
	line("fork", "LoopsIdle/x11/locker-2", "0 ns/op", "100000 cpu-ns/s")
	r := &results{config: make(map[string]string), samples: make(map[key][]float64), n: make(map[key]int)}
	if err := r.read(strings.NewReader(in.String()), "loops"); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r.summary(&out, "loops")
	const want = `loops: fork: 4 of 6 rows reach what they should, compared with stock's queue; 2 do not:
	LoopsHop/gtk/locker/pause=0s, GOMAXPROCS=2: round trip p50 3µs, stock 9µs, ratio 0.33 (p=1.000), at most 2.7µs
	LoopsHop/gtk/locker/pause=0s, GOMAXPROCS=2: wakes 1.2, stock 1, at most 1.01
`
	if out.String() != want {
		t.Errorf("summary:\n%s\nwant:\n%s", out.String(), want)
	}
	out.Reset()
	r.loopsTables(&out)
	if want := "| gtk, pause=0s | 2 | "; !strings.Contains(out.String(), want) {
		t.Errorf("tables without %q:\n%s", want, out.String())
	}
}

// TestLatencies checks that part latency has all benchmarks that it should have.
func TestLatencies(t *testing.T) {
	files, err := filepath.Glob("../latency*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func Benchmark(\w+)`).FindAllSubmatch(b, -1) {
			found = append(found, string(m[1]))
		}
	}
	slices.Sort(found)
	if want := slices.Sorted(slices.Values(latencies)); !slices.Equal(found, want) {
		t.Errorf("benchmarks %v, part latency has %v", found, want)
	}
}

func TestDuration(t *testing.T) {
	for sec, want := range map[float64]string{227e-9: "227ns", 9.0234e-6: "9.02µs", 50e-6: "50µs", 99.96e-6: "100µs", 20.149e-3: "20.1ms", 1.5: "1.5s"} {
		if got := duration(sec); got != want {
			t.Errorf("duration(%g) = %s, want %s", sec, got, want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	if _, err := load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there: no error")
	}
	empty := filepath.Join(t.TempDir(), "empty")
	os.WriteFile(empty, []byte("goos: linux\n"), 0o666)
	if _, err := load(empty); err == nil || !strings.Contains(err.Error(), "no results") {
		t.Errorf("a file without results: %v", err)
	}
	nan := filepath.Join(t.TempDir(), "nan")
	os.WriteFile(nan, []byte("goos: linux\nBenchmarkX 1 NaN ns/op\n"), 0o666)
	if _, err := load(nan); err == nil || !strings.Contains(err.Error(), "nan:2: NaN") {
		t.Errorf("a file with NaN: %v", err)
	}
}

func TestProcs(t *testing.T) {
	for _, name := range []string{"X", "X-2", "X/a-b", "X/a-b-16", "RoundTrip/pthread-sem"} {
		base, n := procs(name)
		if got := withProcs(base, n); got != name {
			t.Errorf("%q: %q, %q", name, base, n)
		}
	}
}

func TestNanos(t *testing.T) {
	for sec, want := range map[float64]string{1.234e-9: "1.2", 99.9e-9: "99.9", 99.96e-9: "100", 1234.5e-9: "1,234", 1.5: "1,500,000,000"} {
		if got := nanos(sec); got != want {
			t.Errorf("nanos(%g) = %q, want %q", sec, got, want)
		}
	}
}

func TestStrace(t *testing.T) {
	const few = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.100000          10      1000       100 futex
 10.00    0.010000           1        40           mmap
------ ----------- ----------- --------- --------- ----------------
100.00    0.110000          11      1040       100 total
`
	a, err := parseStrace(strings.NewReader(few))
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int{"futex": 1000, "mmap": 40}; !maps.Equal(a, want) {
		t.Errorf("%v, want %v", a, want)
	}
	b := map[string]int{"futex": 4000, "mmap": 40, "nanosleep": 500, "madvise": 1}
	var out strings.Builder
	writeSyscalls(&out, "Syscalls/x-2", a, b, 1000)
	if got, want := out.String(), "BenchmarkSyscalls/x-2 1000 3.501 syscalls/op 3.000 futex/op 0.500 nanosleep/op\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !isResult(strings.TrimSpace(out.String())) {
		t.Error("not a result")
	}
	if _, err := parseStrace(strings.NewReader("strace: attach: not permitted\n")); err == nil {
		t.Error("no table: no error")
	}
}

func TestSizeClasses(t *testing.T) {
	classes := []int64{0, 8, 16, 480, 512, 576, 2048}
	for _, tt := range []struct{ size, ptr, want int64 }{
		{456, 8, 480}, {480, 8, 480}, {481, 8, 512}, {512, 8, 512}, {513, 8, 576}, {568, 8, 576}, {569, 8, 2048},
		{120, 4, 480}, {5000, 8, 5008},
	} {
		if got := classOf(tt.size, tt.ptr, classes); got != tt.want {
			t.Errorf("classOf(%d, %d) = %d, want %d", tt.size, tt.ptr, got, tt.want)
		}
	}
}

func TestSizes(t *testing.T) {
	gocmd, err := exec.LookPath("go")
	if testing.Short() || err != nil {
		t.Skip("needs the go command")
	}
	program := filepath.Join(t.TempDir(), "sizes")
	if out, err := exec.Command(gocmd, "build", "-o", program, "../internal/sizes").CombinedOutput(); err != nil {
		t.Skipf("go build: %v\n%s", err, out)
	}
	sizes, ptr, err := structSizes(program, structs...)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range structs {
		if sizes[s] < 8*ptr {
			t.Errorf("%s: %d bytes", s, sizes[s])
		}
	}
}

func TestFindToolchains(t *testing.T) {
	t.Setenv("GOROOT_BASE", "")
	dir := t.TempDir()
	write := func(name, content string) {
		name = filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(name), 0o777)
		if err := os.WriteFile(name, []byte(content), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write("VERSION", "go1.26.8-threadlocker1\n")
	write("stock/VERSION", "go1.26.8\ntime 2026\n")
	write("other/VERSION", "go1.26.7\n")
	stock := filepath.Join(dir, "stock")
	try := func(names, stock string) ([]toolchain, error) {
		return findToolchains(t.Context(), dir, strings.Split(names, ","), stock, "")
	}
	wantErr := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	_, err := try("stock,fork", stock)
	wantErr(err, "./make.bash")
	_, err = try("stock", filepath.Join(dir, "other"))
	wantErr(err, `says "go1.26.7", want go1.26.8`)
	_, err = try("stack", stock)
	wantErr(err, `no toolchain "stack"`)
	t.Setenv("PATH", filepath.Join(dir, "other"))
	_, err = try("stock", "")
	wantErr(err, "no Go found")

	write("goroot/bin/go", "#!/bin/sh\n")
	write("goroot/VERSION", "go1.26.8-threadlocker1\n")
	t.Setenv("GOROOT_BASE", stock)
	tcs, err := try("stock,fork,off", "")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"go1.26.8", "go1.26.8-threadlocker1", "go1.26.8-threadlocker1 GOEXPERIMENT=nothreadlocker"} {
		if got := tcs[i].version(); got != want {
			t.Errorf("%s: %s, want %s", tcs[i].name, got, want)
		}
	}
	// An installed Go of that version is found, one of another is not taken.
	t.Setenv("GOROOT_BASE", "")
	write("older/go", "#!/bin/sh\necho "+filepath.Join(dir, "other")+"\n")
	write("right/go", "#!/bin/sh\necho "+stock+"\n")
	t.Setenv("PATH", filepath.Join(dir, "older")+":"+filepath.Join(dir, "right")+":/bin")
	if tcs, err = try("stock", ""); err != nil || tcs[0].goroot != stock {
		t.Errorf("%v, %v", tcs, err)
	}
}

func TestSelectParts(t *testing.T) {
	all, err := selectParts(nil)
	if err != nil || len(all) != len(parts) {
		t.Errorf("%v, %v", all, err)
	}
	two, err := selectParts([]string{"x", "ring"})
	if err != nil || len(two) != 2 || two[0].name != "x" || two[1].name != "ring" {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := selectParts([]string{"rings"}); err == nil {
		t.Error("no error")
	}
}

// TestPeers checks that what the peers print is what the recorder takes.
func TestPeers(t *testing.T) {
	src, err := filepath.Abs("../peers")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		t.Run(p.names[0], func(t *testing.T) {
			for _, n := range p.needs {
				if !n.found() {
					t.Skipf("needs %s", n.pkg)
				}
			}
			if testing.Short() && strings.HasPrefix(p.names[0], "tokio") {
				t.Skip("takes a minute to build")
			}
			dir := t.TempDir()
			if err := p.build(t.Context(), src, dir); err != nil {
				t.Fatal(err)
			}
			for _, name := range p.names {
				out, err := command{argv: p.argv(src, dir, name, "0.1")}.output(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				f := strings.Fields(out)
				if !isResult(out) || len(f) != 8 || f[0] != "BenchmarkRoundTrip/"+name || f[3] != "ns/op" || f[5] != "cpu-ns/op" || f[7] != "csw/op" {
					t.Errorf("%s prints %q", name, out)
				}
			}
		})
	}
}

func TestMissingPeers(t *testing.T) {
	old := peers
	defer func() { peers = old }()
	peers = []peer{{names: []string{"a", "b"}, needs: []need{tool("no-such-tool", "some-pkg"), file("/nonexistent/*", "some-dev")}}}
	vs, missing, errs := preparePeers(t.Context(), ".", t.TempDir(), "1", quiet())
	if len(vs) != 0 || errs != nil || len(missing) != 1 || missing[0] != "a, b (install some-pkg, some-dev)" {
		t.Errorf("%v, %q, %v", vs, missing, errs)
	}
}
