// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo && goexperiment.threadlocker

package runtime_test

import (
	"internal/platform"
	"internal/race"
	"internal/testenv"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// Callbacks from C on shared threads, and threads that Go did not create. The
// programs are in testdata/testprogcgo/threadlocker*.go.

// threadLockerEnvs are the settings under which the scheduler takes different
// paths through the same program. Short mode does with the first two.
var threadLockerEnvs = [][]string{
	nil,
	{"GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"},
	{"GOMAXPROCS=1"},
	{"GOMAXPROCS=4", "GODEBUG=asyncpreemptoff=1"},
	{"GOMAXPROCS=2", "GODEBUG=gcstoptheworld=1", "GOGC=10"},
	{"GOMAXPROCS=2", "GODEBUG=gcstoptheworld=2,gccheckmark=1"},
}

func threadLockerCgoPrograms() []string {
	programs := []string{
		"LockOSThreadCallback",
		"ThreadLockerCallbackAbandon",
		"ThreadLockerCallbackCoro",
		"ThreadLockerCallbackHolds",
		"ThreadLockerCallbackLeave",
		"ThreadLockerCallbackMany",
		"ThreadLockerCallbackModel",
		"ThreadLockerCallbackOrder",
		"ThreadLockerCallbackPreempt",
		"ThreadLockerCallbackStress",
		"ThreadLockerCallbackTraceback",
		"ThreadLockerCallbackWait",
		"ThreadLockerInit",
	}
	if runtime.GOOS != "windows" {
		programs = append(programs,
			"ThreadLockerBlockLoop",
			"ThreadLockerCThread",
			"ThreadLockerDoCallback",
			"ThreadLockerSitInC",
			"ThreadLockerTLS",
			"ThreadLockerThreadExit",
		)
	}
	if runtime.GOOS == "linux" {
		programs = append(programs,
			"ThreadLockerLocale",
			"ThreadLockerMainThread",
		)
	}
	return programs
}

func threadLockerCgoSkip(t *testing.T) {
	if runtime.GOOS == "freebsd" && race.Enabled {
		t.Skipf("race + cgo freebsd not supported. See https://go.dev/issue/73788.")
	}
}

func testThreadLockerCgo(t *testing.T, exe, name string, env ...string) {
	t.Run(strings.Join(append([]string{name}, env...), ","), func(t *testing.T) {
		t.Parallel()
		got := runBuiltTestProg(t, exe, name, env...)
		if !strings.HasSuffix("\n"+got, "\nOK\n") {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestThreadLockerCgo(t *testing.T) {
	tlSlow(t)
	threadLockerCgoSkip(t)
	exe, err := buildTestProg(t, "testprogcgo")
	if err != nil {
		t.Fatal(err)
	}
	envs := threadLockerEnvs
	if testing.Short() {
		envs = envs[:2]
	}
	for _, name := range threadLockerCgoPrograms() {
		for _, env := range envs {
			testThreadLockerCgo(t, exe, name, env...)
		}
	}
	if !testenv.CPUProfilingBroken() {
		testThreadLockerCgo(t, exe, "ThreadLockerCallbackStress", "TEST_THREADLOCKER_PROFILE=1", "GODEBUG=tracefpunwindoff=1")
		// While a panic that has left a callback runs deferred functions,
		// the tracer cannot follow frame pointers: C frames are still on the
		// stack, but m.ncgo does not count them any more.
		testThreadLockerCgo(t, exe, "ThreadLockerCallbackStress", "TEST_THREADLOCKER_PROFILE=1", "TEST_THREADLOCKER_NOPANIC=1")
	}
}

func TestThreadLockerCgoRace(t *testing.T) {
	threadLockerCgoSkip(t)
	if race.Enabled {
		t.Skip("TestThreadLockerCgo builds with -race")
	}
	if testing.Short() {
		t.Skip("skipping in short mode: needs a build")
	}
	if !platform.RaceDetectorSupported(runtime.GOOS, runtime.GOARCH) {
		t.Skip("no race detector")
	}
	exe, err := buildTestProg(t, "testprogcgo", "-race")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range threadLockerCgoPrograms() {
		testThreadLockerCgo(t, exe, name)
	}
}

// TestThreadLockerCgoDeadlock checks that a dump tells who waits for whom. A
// program with cgo never dies of "all goroutines are asleep".
func TestThreadLockerCgoDeadlock(t *testing.T) {
	threadLockerCgoSkip(t)
	t.Parallel()
	got := runTestProg(t, "testprogcgo", "ThreadLockerCallbackDeadlock", "GOTRACEBACK=all")
	m := regexp.MustCompile(`(?m)^goroutine (\d+) waits for goroutine (\d+)$`).FindStringSubmatch(got)
	if m == nil {
		t.Fatalf("got:\n%s", got)
	}
	for _, want := range []string{
		`(?m)^goroutine ` + m[1] + ` (gp=\S+ m=\S+ (mp=\S+ )?)?\[cgo callback return(, [^],]*)*, locked to thread(, [^],]*)*, innermost callback is of goroutine ` + m[2] + `(, [^],]*)*\]:$`,
		`(?m)^goroutine ` + m[2] + ` (gp=\S+ m=\S+ (mp=\S+ )?)?\[chan receive(, [^],]*)*, locked to thread(, [^],]*)*\]:$`,
	} {
		if !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("want a line that matches %s, got:\n%s", want, got)
		}
	}
}

func TestThreadLockerCThreadGoexit(t *testing.T) {
	threadLockerCgoSkip(t)
	if runtime.GOOS == "windows" {
		t.Skip("no pthreads")
	}
	t.Parallel()
	got := runTestProg(t, "testprogcgo", "ThreadLockerCThreadGoexit")
	const want = "fatal error: runtime.Goexit called in a thread that was not created by the Go runtime\n"
	if !strings.Contains(got, want) {
		t.Errorf("got:\n%swant it to contain %q", got, want)
	}
}

// TestThreadLockerCgoDie checks that a program dies as ever of a panic or a signal
// with callbacks of several goroutines open, and that the dump shows those of each.
func TestThreadLockerCgoDie(t *testing.T) {
	threadLockerCgoSkip(t)
	if runtime.GOOS == "windows" {
		t.Skip("the program is for unix")
	}
	for _, test := range []struct{ name, want string }{
		{"ThreadLockerCallbackPanic", "panic: nobody recovers\n"},
		{"ThreadLockerCallbackSegv", "signal arrived during cgo execution\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := runTestProg(t, "testprogcgo", test.name, "GOTRACEBACK=all")
			m := regexp.MustCompile(`(?m)^goroutine (\d+) dies, goroutine (\d+) does not$`).FindStringSubmatch(got)
			if m == nil || !strings.Contains(got, test.want) {
				t.Fatalf("got:\n%s\nwant it to contain %q", got, test.want)
			}
			for _, id := range m[1:] {
				g := regexp.MustCompile(`(?ms)^goroutine ` + id + ` (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[[^\]]*, locked to thread[^\]]*\]:$.*?^$`).FindString(got + "\n\n")
				if n := strings.Count(g, "\nmain.threadLockerCallback("); n != 2 {
					t.Errorf("got:\n%s\nwant it to show 2 callbacks of goroutine %s, not %d", got, id, n)
				}
			}
		})
	}
}

// TestThreadLockerCMain checks that the main thread of a C program that uses Go
// as a library cannot be bound or joined, and that goroutines of the library can
// share a thread of Go's, with callbacks.
func TestThreadLockerCMain(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skipf("does not know how to link on %s", runtime.GOOS)
	}
	testenv.MustHaveGoBuild(t)
	testenv.MustHaveExec(t)
	out, err := testenv.Command(t, testenv.GoToolPath(t), "env", "CC").Output()
	cc := strings.Fields(string(out))
	if err != nil || len(cc) == 0 {
		t.Fatalf("go env CC: %v", err)
	}
	run := func(t *testing.T, dir, name string, args ...string) string {
		t.Helper()
		cmd := testenv.CleanCmdEnv(exec.Command(name, args...))
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", cmd, err, out)
		}
		return string(out)
	}
	src, err := filepath.Abs("testdata/testthreadlockerlib")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"c-archive", "c-shared"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if !platform.BuildModeSupported(runtime.Compiler, mode, runtime.GOOS, runtime.GOARCH) {
				t.Skipf("no -buildmode=%s", mode)
			}
			dir := t.TempDir()
			lib := filepath.Join(dir, "libgo.so")
			if mode == "c-archive" {
				lib = filepath.Join(dir, "libgo.a")
			}
			exe := filepath.Join(dir, "main.exe")
			run(t, src, testenv.GoToolPath(t), "build", "-buildmode="+mode, "-o", lib)
			args := append(cc[1:len(cc):len(cc)], "-o", exe, "main.c", lib, "-lpthread", "-Wl,-rpath,"+dir)
			run(t, src, cc[0], args...)
			if got := run(t, dir, exe); got != "OK\n" {
				t.Errorf("got:\n%s", got)
			}
		})
	}
}
