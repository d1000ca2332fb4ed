// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && goexperiment.threadlocker

// Package tools tests that released versions of the tools that people use read
// what this toolchain's runtime shows: panicparse parses its dumps, Delve lists its
// goroutines, and the Prometheus client exports its metrics. Go's own pprof shows its
// profile, over HTTP. And gopls, staticcheck and vet know the API, and govulncheck and
// others which release of Go the toolchain is made from.
package tools

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/maruel/panicparse/v2/stack"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// stuck has goroutines share a thread and one of them sit in a system call until
// release is called. Others are blocked, runnable on the thread, about to join it,
// waiting in LockToRecvOSThread, and alone on a thread.
func stuck(t *testing.T) (release func()) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		t.Fatal(err)
	}
	l := runtime.MakeThreadLocker()
	ready := make(chan bool)
	end := make(chan bool)
	gone := make(chan bool)
	work := make(chan bool)
	start := func(f func()) {
		go func() {
			f()
			gone <- true
		}()
	}
	start(func() { blocked(l, ready, end) })
	<-ready
	start(func() {
		l.Lock()
		ready <- true
		<-work
	})
	<-ready
	start(func() { alone(ready, end) })
	<-ready
	never := make(chan bool)
	start(func() {
		defer func() { recover() }() // never is closed
		runtime.LockToRecvOSThread(never)
	})
	start(func() { sit(l, p[0], ready) })
	<-ready
	waitFor(" [syscall, locked to thread")
	work <- true
	start(l.Lock)
	waitFor(" [LockToRecvOSThread")
	for strings.Count(dump(), " [runnable, locked to thread") != 2 {
		runtime.Gosched()
	}
	return func() {
		syscall.Write(p[1], []byte{0})
		close(end)
		close(never)
		for range 6 {
			<-gone
		}
	}
}

func blocked(l *runtime.ThreadLocker, ready, end chan bool) {
	l.Lock()
	ready <- true
	<-end
}

func alone(ready, end chan bool) {
	runtime.LockOSThread()
	ready <- true
	<-end
}

func sit(l *runtime.ThreadLocker, fd int, ready chan bool) {
	l.Lock()
	ready <- true
	for {
		if _, err := syscall.Read(fd, make([]byte, 1)); err != syscall.EINTR {
			return
		}
	}
}

func dump() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func waitFor(s string) {
	for !strings.Contains(dump(), s) {
		runtime.Gosched()
	}
}

var header = regexp.MustCompile(`(?m)^goroutine (\d+) \[([^\],]+)(.*)\]:$`)

func TestPanicparse(t *testing.T) {
	release := stuck(t)
	d := dump()
	release()
	var rest bytes.Buffer
	in := strings.NewReader(d)
	s, _, err := stack.ScanSnapshot(in, &rest, stack.DefaultOpts())
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if rest.Len() != 0 || in.Len() != 0 {
		t.Errorf("panicparse does not take for goroutines: %q", rest.String()+d[len(d)-in.Len():])
	}
	want := header.FindAllStringSubmatch(d, -1)
	if len(s.Goroutines) != len(want) {
		t.Fatalf("%d goroutines, want %d of\n%s", len(s.Goroutines), len(want), d)
	}
	for i, g := range s.Goroutines {
		w := want[i]
		locked := strings.Contains(w[3], ", locked to thread")
		if fmt.Sprint(g.ID) != w[1] || g.State != w[2] || g.Locked != locked || g.SleepMax != 0 || len(g.Stack.Calls) == 0 {
			t.Errorf("%s: goroutine %d, state %q, locked %v, asleep for %d minutes, %d calls", w[0], g.ID, g.State, g.Locked, g.SleepMax, len(g.Stack.Calls))
		}
	}
}

func TestPrometheus(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsAll)))
	release := stuck(t)
	defer release()
	// The runtime has a goroutine locked to a thread of its own once signals are
	// asked for, which package testing does, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR2)
	want := map[string]float64{
		"go_sched_threads_dedicated_threads":             3,
		"go_sched_goroutines_locked_goroutines":          6,
		"go_sched_goroutines_locked_runnable_goroutines": 2,
	}
	// Goroutines of the tests before may not have ended yet.
	for tries := 0; ; tries++ {
		mfs, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]float64)
		hist := false
		for _, mf := range mfs {
			if _, ok := want[mf.GetName()]; ok {
				got[mf.GetName()] = mf.GetMetric()[0].GetGauge().GetValue()
			}
			if mf.GetName() == "go_sched_latencies_locked_seconds" {
				hist = mf.GetMetric()[0].GetHistogram() != nil
			}
		}
		if maps.Equal(got, want) && hist {
			return
		}
		if tries == 10_000 {
			t.Fatalf("exported are %v, histogram: %v; want %v", got, hist, want)
		}
		runtime.Gosched()
	}
}

// TestPprof has go tool pprof fetch the profile of locked goroutines over HTTP, and
// show it as a table, as a graph, and in its web interface.
func TestPprof(t *testing.T) {
	release := stuck(t)
	defer release()
	server := httptest.NewServer(nil)
	defer server.Close()
	if got := get(t, server.URL+"/debug/pprof/"); !strings.Contains(got, "threadlock") {
		t.Errorf("the index of profiles has no threadlock:\n%s", got)
	}
	profile := server.URL + "/debug/pprof/threadlock"
	env := append(os.Environ(), "PPROF_TMPDIR="+t.TempDir())

	pprof := func(args ...string) string {
		cmd := exec.Command("go", append([]string{"tool", "pprof"}, append(args, profile)...)...)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, &stderr)
		}
		return string(out)
	}
	// Also what waits for its turn on the thread in its first Lock is locked.
	top := pprof("-top")
	for _, want := range []string{
		`(?m)^Type: threadlock$`,
		`(?m)^ *4 .* runtime\.\(\*ThreadLocker\)\.Lock$`,
		`(?m) tools\.blocked\b`,
		`(?m) tools\.sit\b`,
	} {
		if !regexp.MustCompile(want).MatchString(top) {
			t.Errorf("go tool pprof -top has no %s:\n%s", want, top)
		}
	}
	if dot := pprof("-dot"); !strings.HasPrefix(dot, "digraph ") || !strings.Contains(dot, `thread:`) {
		t.Errorf("go tool pprof -dot:\n%s", dot)
	}

	cmd := exec.Command("go", "tool", "pprof", "-http=127.0.0.1:", "-no_browser", profile)
	cmd.Env = env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the go command and pprof
		cmd.Wait()
	}()
	var all strings.Builder
	for lines := bufio.NewScanner(stderr); ; {
		if !lines.Scan() {
			t.Fatalf("go tool pprof -http has ended:\n%s", all.String())
		}
		fmt.Fprintln(&all, lines.Text())
		if url, ok := strings.CutPrefix(lines.Text(), "Serving web UI on "); ok {
			for _, view := range []string{"/top", "/flamegraph", "/peek"} {
				if got := get(t, url+view); !strings.Contains(got, "tools.blocked") || !strings.Contains(got, "threadlock") {
					t.Errorf("%s of pprof's web interface does not show tools.blocked:\n%s", view, got)
				}
			}
			return
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	for errors.Is(err, syscall.ECONNREFUSED) {
		// pprof says what its address is before it listens there.
		runtime.Gosched()
		resp, err = http.Get(url)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", url, resp.Status, err, body)
	}
	return string(body)
}

// TestDelve has Delve list the goroutines of a process that is stuck.
func TestDelve(t *testing.T) {
	if os.Getenv("TOOLS_STUCK") != "" {
		release := stuck(t)
		runtime.Breakpoint()
		release()
		return
	}
	dir := t.TempDir()
	dlv := filepath.Join(dir, "dlv")
	exe := filepath.Join(dir, "tools.test") // go test runs one without debug information
	for _, args := range [][]string{
		{"build", "-o", dlv, "github.com/go-delve/delve/cmd/dlv"},
		{"test", "-c", "-o", exe, "."},
	} {
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	init := filepath.Join(dir, "init")
	if err := os.WriteFile(init, []byte("continue\ngoroutines -with user -t 9\nexit\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(dlv, "exec", "--allow-non-terminal-interactive", "--init", init, exe, "--", "-test.run=^TestDelve$")
	cmd.Env = append(os.Environ(), "TOOLS_STUCK=1", "HOME="+dir)
	cmd.Stdin = strings.NewReader("exit\n")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if bytes.Contains(out, []byte("WARNING")) || bytes.Contains(out, []byte("version of Delve")) {
		t.Errorf("Delve warns:\n%s", out)
	}
	for _, want := range []string{"tools.blocked", "tools.alone", "tools.sit", "tools.stuck"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("Delve does not show %s:\n%s", want, out)
		}
	}
	if !regexp.MustCompile(`\[LockToRecvOSThread|runtime\.LockToRecvOSThread|lockToRecv`).Match(out) {
		t.Errorf("Delve does not show who waits in LockToRecvOSThread:\n%s", out)
	}
}

// program is a use of the API, as package main in a module of its own.
const program = `package main

import (
	"fmt"
	"runtime"
)

type thread struct {
	l     *runtime.ThreadLocker
	calls chan func()
}

func (t *thread) do(f func()) {
	t.l.Lock()
	defer t.l.Unlock()
	f()
}

func main() {
	t := &thread{l: runtime.MakeThreadLocker(), calls: make(chan func())}
	go func() {
		runtime.LockToRecvOSThread(t.calls)
		defer runtime.UnlockOSThread()
		t.calls <- func() { fmt.Println("call") }
	}()
	t.l.Lock()
	defer t.l.Unlock()
	(<-t.calls)()
	t.do(func() { fmt.Println("do") })
}
`

// write makes a module of one file and returns its directory.
func write(t *testing.T, src string) string {
	dir := t.TempDir()
	for name, content := range map[string]string{"main.go": src, "go.mod": "module program\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// toolchainLine has the module in dir ask for this toolchain.
func toolchainLine(t *testing.T, dir string) {
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module program\n\ngo 1.26\n\ntoolchain "+fork+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
}

// A tool is a program that install has installed.
type tool struct{ path, home string }

// run runs the tool in a directory and returns what it printed.
func (tool tool) run(dir string, args ...string) (string, error) {
	cmd := exec.Command(tool.path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+tool.home, "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// install installs a release of a tool, with the modules it was released with.
func install(t *testing.T, pkg, version string) tool {
	tmp := t.TempDir()
	cmd := exec.Command("go", "install", pkg+"@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+tmp)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return tool{filepath.Join(tmp, filepath.Base(pkg)), tmp}
}

// copied has a mistake, which go vet and gopls report.
var copied = strings.Replace(program, "(<-t.calls)()", "l := *t.l\n\tl.Lock()\n\t(<-t.calls)()", 1)

func TestGopls(t *testing.T) {
	gopls := install(t, "golang.org/x/tools/gopls", "v0.23.0").run
	dir := write(t, program)
	if out, err := gopls(dir, "check", "main.go"); err != nil || out != "" {
		t.Errorf("gopls check: %v\n%s", err, out)
	}
	at := func(word string) string { return fmt.Sprintf("main.go:#%d", strings.Index(program, word)) }
	for word, want := range map[string]string{
		"LockToRecvOSThread":         "func runtime.LockToRecvOSThread(ch <-chan func()) // func[T any](ch <-chan T)",
		"Lock()\n\tdefer t.l.Unlock": "func (l *runtime.ThreadLocker) Lock()",
	} {
		if out, err := gopls(dir, "definition", at(word)); err != nil || !strings.Contains(out, want) || !strings.Contains(out, "threadlocker.go") {
			t.Errorf("gopls definition of %q: %v\n%s\nwant %s", word, err, out, want)
		}
	}
	toolchainLine(t, dir)
	if out, err := gopls(dir, "check", "main.go", "go.mod"); err != nil || out != "" {
		t.Errorf("gopls check in a module that asks for this toolchain: %v\n%s", err, out)
	}
	if out, err := gopls(write(t, copied), "check", "main.go"); err != nil || !strings.Contains(out, "copies lock value") {
		t.Errorf("gopls check does not report that a ThreadLocker is copied: %v\n%s", err, out)
	}
}

func TestVetAndStaticcheck(t *testing.T) {
	staticcheck := install(t, "honnef.co/go/tools/cmd/staticcheck", "v0.8.2").run
	dir := write(t, program)
	if out, err := staticcheck(dir, "-checks=all", "./..."); err != nil || out != "" {
		t.Errorf("staticcheck: %v\n%s", err, out)
	}
	vet := func(dir string) string {
		cmd := exec.Command("go", "vet", "./...")
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	if out := vet(dir); out != "" {
		t.Errorf("go vet:\n%s", out)
	}
	toolchainLine(t, dir)
	if out, err := staticcheck(dir, "-checks=all", "./..."); err != nil || out != "" {
		t.Errorf("staticcheck in a module that asks for this toolchain: %v\n%s", err, out)
	}
	if out := vet(write(t, copied)); !strings.Contains(out, "copies lock value") {
		t.Errorf("go vet does not report that a ThreadLocker is copied:\n%s", out)
	}
}
