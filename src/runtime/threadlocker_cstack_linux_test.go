// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo && goexperiment.threadlocker

package runtime_test

import (
	"internal/asan"
	"internal/msan"
	"internal/race"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestThreadLockerCStack tests that a program whose callbacks from C fill a C stack
// says so when it dies, and that no other program does. The programs are in
// testdata/testprogcgo/threadlocker_cstack_linux.go.
func TestThreadLockerCStack(t *testing.T) {
	if race.Enabled || msan.Enabled || asan.Enabled {
		t.Skip("the sanitizers have frames and handlers of their own")
	}
	exe, err := buildTestProg(t, "testprogcgo")
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, rest int, check func(t *testing.T, got string)) {
		t.Run(name+","+strconv.Itoa(rest), func(t *testing.T) {
			t.Parallel()
			check(t, runBuiltTestProg(t, exe, "ThreadLockerCStack"+name, "TEST_THREADLOCKER_REST="+strconv.Itoa(rest)))
		})
	}
	first := regexp.MustCompile(`(?s)^(.*?\n)(?:fatal error: |SIG|runtime: )`)
	said := regexp.MustCompile(`^thread (\d+), goroutine (\d+), (\d+) callbacks$`)
	full := regexp.MustCompile(`^fatal error: C stack overflow\nruntime: the C stack of thread (\d+) is full(?:; goroutine (\d+) (is in C|runs))?, and (\d+) callbacks from C are open on the stack, which has (\d+) KB\n\t.*\n\t.*\n\n(?:SIGSEGV: |runtime: morestack on g0, )`)
	for _, p := range []struct {
		name, size string
	}{
		{"Alone", "ulimit -s"},
		{"AloneLock", "ulimit -s"},
		{"CThread", "What created the thread"},
		{"Main", "ulimit -s"},
		{"Shared", "ulimit -s"},
	} {
		// C code is the first to need more stack than there is, or Go code is.
		for _, rest := range []int{-60000, -100, 500, 1000, 2000} {
			run(p.name, rest, func(t *testing.T, got string) {
				m := first.FindStringSubmatch(got)
				if m == nil {
					t.Fatalf("got:\n%s", got)
				}
				lines := strings.Split(strings.TrimSpace(m[1]), "\n")
				s := said.FindStringSubmatch(lines[len(lines)-1])
				f := full.FindStringSubmatch(got[len(m[1]):])
				if s == nil || f == nil {
					t.Fatalf("got:\n%s", got)
				}
				if f[1] != s[1] {
					t.Errorf("thread %s, want %s", f[1], s[1])
				}
				if f[2] != s[2] && (rest < 0 || f[2] != "") {
					t.Errorf("goroutine %s, want %s", f[2], s[2])
				}
				if rest < 0 && f[3] != "is in C" {
					t.Errorf("goroutine %s, want that it is in C", f[3])
				}
				open, _ := strconv.Atoi(s[3])
				// The last callback counts from when it is in Go.
				if n, _ := strconv.Atoi(f[4]); n != open && (rest < 0 || n != open+1) || n < 10 {
					t.Errorf("%s callbacks, want %d", f[4], open)
				}
				if n, _ := strconv.Atoi(f[5]); n < 900 || n > 1024 {
					t.Errorf("%s KB, want 1024, or not many fewer", f[5])
				}
				if !strings.Contains(got, p.size) || !strings.Contains(got, "\ngoroutine ") || !strings.Contains(got, "main.tlStackCall") {
					t.Errorf("lacks something")
				}
				if t.Failed() {
					t.Logf("got:\n%s", got)
				}
			})
		}
	}
	for _, name := range []string{"Depth", "DepthOther", "Wild", "WildNear"} {
		run(name, 0, func(t *testing.T, got string) {
			if !strings.Contains(got, "SIGSEGV: ") || strings.Contains(got, "C stack") {
				t.Errorf("got:\n%s", got)
			}
		})
	}
}
