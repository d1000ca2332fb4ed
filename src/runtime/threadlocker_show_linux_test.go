// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"internal/testenv"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestThreadLockerDump tests that dumps and goroutine profiles name the thread of
// a locked goroutine, and who keeps it from running there. The labels of a goroutine
// come after that, in the form that the release has for them.
func TestThreadLockerDump(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 3)
		ws[2].do(func() {
			pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("kind", "window")))
		})
		alone := newTLWorker(t)
		alone.lock(runtime.LockOSThread)
		aloneTID := alone.tid()
		tlPoll(t, "goroutines to wait for work", func() bool {
			for _, s := range tlStates(ws[1].id, ws[2].id, alone.id) {
				if !isState(s, "chan receive") {
					return false
				}
			}
			return true
		})

		release := ws[0].stall()
		var ran atomic.Bool
		ws[1].start(func() { ran.Store(true) })
		ws[1].waitQueued()
		joiner := newTLWorker(t)
		joiner.start(l.Lock)
		joiner.waitQueued()

		buf := make([]byte, 1<<20)
		dump := string(buf[:runtime.Stack(buf, true)])
		// That the world stops takes the p of the goroutine in the system call, if
		// it still has one, so it is known since when.
		dump = regexp.MustCompile(`\(syscall for \d+ [a-z]+\)\]`).ReplaceAllString(dump, "(syscall for T)]")
		behind := fmt.Sprintf("behind goroutine %s (syscall for T)]:\n", ws[0].id)
		for _, want := range []string{
			fmt.Sprintf("goroutine %s [syscall, locked to thread, thread %d]:\n", ws[0].id, tid),
			fmt.Sprintf("goroutine %s [runnable, locked to thread, thread %d, %s", ws[1].id, tid, behind),
			fmt.Sprintf("goroutine %s [chan receive, locked to thread, thread %d", ws[2].id, tid),
			fmt.Sprintf("goroutine %s [runnable, locked to thread, thread %d, %s", joiner.id, tid, behind),
			fmt.Sprintf("goroutine %s [chan receive, locked to thread, thread %d]:\n", alone.id, aloneTID),
		} {
			if !strings.Contains(dump, want) {
				t.Errorf("no %q in\n%s", want, dump)
			}
		}
		labels := fmt.Sprintf(`(?m)^goroutine %s \[chan receive, locked to thread, thread %d(\] \{kind: window\}| labels:\{"kind": "window"\}\]):$`, ws[2].id, tid)
		if !regexp.MustCompile(labels).MatchString(dump) {
			t.Errorf("no match of %s in\n%s", labels, dump)
		}

		var prof bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&prof, 1); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			fmt.Sprintf("\n# locked to thread %d\n", tid),
			fmt.Sprintf("\n# locked to thread %d, behind goroutine %s\n", tid, ws[0].id),
		} {
			if !strings.Contains(prof.String(), want) {
				t.Errorf("no %q in\n%s", want, prof.String())
			}
		}
		if not := fmt.Sprintf("\n# locked to thread %d\n", aloneTID); strings.Contains(prof.String(), not) {
			t.Errorf("%q in\n%s", not, prof.String())
		}

		if ran.Load() {
			t.Error("a goroutine ran on a thread that was in a system call")
		}
		release()
		tlWaitAll(ws[1], joiner)
	})
}

// TestThreadLockerLatencies tests that waits for a shared thread are counted, and
// those of other goroutines are not.
func TestThreadLockerLatencies(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		read := func() (n uint64) {
			s := []metrics.Sample{{Name: "/sched/latencies/locked:seconds"}}
			metrics.Read(s)
			for _, c := range s[0].Value.Float64Histogram().Counts {
				n += c
			}
			return n
		}
		l := runtime.MakeThreadLocker()
		_, ws := tlGroup(t, l, 2)
		before := read()
		tlPoll(t, "waits to be counted", func() bool {
			for range 1000 {
				ws[0].do(func() {})
			}
			return read() > before
		})
	})
}

// TestThreadLockerSchedtrace tests what GODEBUG=schedtrace says of dedicated threads.
func TestThreadLockerSchedtrace(t *testing.T) {
	for _, test := range []struct{ godebug, want string }{
		{"schedtrace=1", `(?m)^SCHED .* schedticks=\[ .* \] lockedthreads=1 lockedrunqueue=[01]$`},
		{"schedtrace=1,scheddetail=1", `(?m)^  M\d+: .* lockedg=\d+ thread=(\d+) lockedgs=2 lockedrunq=1 parked=false ticket=(true|false)$`},
	} {
		c := startStalls(t, test.godebug)
		tid := c.do('s')
		m := c.await(test.want)
		if len(m) > 1 && m[1] != strconv.Itoa(tid) {
			t.Errorf("thread %s, want %d", m[1], tid)
		}
		c.do('r')
		c.quit()
	}
}

// TestThreadLockerStallReport tests that GODEBUG=threadstall reports each call that
// holds up a thread once, and nothing else, whether or not the program is idle
// meanwhile.
func TestThreadLockerStallReport(t *testing.T) {
	for _, others := range []string{"", "i", "ib"} {
		t.Run("others="+others, func(t *testing.T) {
			c := startStalls(t, "threadstall=20")
			for _, o := range others {
				c.do(byte(o))
			}
			for range 3 {
				tid := c.do('s')
				m := c.await(`(?m)^runtime: thread (\d+) is held up by goroutine (\d+) \(syscall for (\d+) ([a-z]+)\), 1 goroutines locked to it are runnable$`)
				if ms, _ := strconv.Atoi(m[3]); m[4] == "ms" && ms < 20 {
					t.Errorf("reported after %d ms, want 20 or more", ms)
				}
				if m[1] != strconv.Itoa(tid) {
					t.Errorf("the report names thread %s, want %d", m[1], tid)
				}
				c.await(`(?m)^goroutine ` + m[2] + ` \[syscall, locked to thread, thread ` + m[1] + `\]:$`)
				c.await(`(?m)^main\.tlSit\(`)
				c.await(`(?m)^goroutine \d+ \[runnable, locked to thread, thread ` + m[1] + `, behind goroutine ` + m[2] + ` \(syscall for .*\)\]:$`)
				c.await(`(?m)^(main\.tlWaitTurn|runtime\.\(\*ThreadLocker\)\.Lock)\(`)
				c.do('r')
			}
			all := c.quit()
			if n := strings.Count(all, "runtime: thread"); n != 3 {
				t.Errorf("%d reports, want 3:\n%s", n, all)
			}
		})
	}
}

// TestThreadLockerStallReportCgo does the same with a call of C, before and after
// which the goroutine is in Go.
func TestThreadLockerStallReportCgo(t *testing.T) {
	testenv.MustHaveCGO(t)
	c := startProg(t, "testprogcgo", "ThreadLockerStallsCgo", "threadstall=20")
	for range 3 {
		tid := c.do('s')
		m := c.await(`(?m)^runtime: thread (\d+) is held up by goroutine (\d+) \(cgo call for .*\), 1 goroutines locked to it are runnable$`)
		if m[1] != strconv.Itoa(tid) {
			t.Errorf("the report names thread %s, want %d", m[1], tid)
		}
		c.await(`(?m)^goroutine ` + m[2] + ` \[syscall, locked to thread, thread ` + m[1] + `\]:$`)
		c.await(`(?m)^main\.tlSitInC\(`)
		c.await(`(?m)^goroutine \d+ \[runnable, locked to thread, thread ` + m[1] + `, behind goroutine ` + m[2] + ` \(cgo call for .*\)\]:$`)
		c.do('r')
	}
	all := c.quit()
	if n := strings.Count(all, "runtime: thread"); n != 3 {
		t.Errorf("%d reports, want 3:\n%s", n, all)
	}
}

// TestThreadLockerNoStallReport tests that many short calls are not reported.
func TestThreadLockerNoStallReport(t *testing.T) {
	c := startStalls(t, "threadstall=600000")
	c.do('b')
	c.do('m')
	if all := c.quit(); strings.Contains(all, "runtime: thread") {
		t.Errorf("reports of calls that last for 2 ms:\n%s", all)
	}
}

// A stalls is a process that runs ThreadLockerStalls.
type stalls struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.Writer
	out    *bufio.Reader
	stderr syncBuffer // never lets the process wait: schedtrace holds a lock meanwhile
	seen   int        // what of it await has passed
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func startStalls(t *testing.T, godebug string) *stalls {
	return startProg(t, "testprog", "ThreadLockerStalls", godebug)
}

func startProg(t *testing.T, dir, name, godebug string) *stalls {
	exe, err := buildTestProg(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	return startCmd(t, testenv.Command(t, exe, name), "GODEBUG="+godebug)
}

func startCmd(t *testing.T, cmd *exec.Cmd, env ...string) *stalls {
	c := &stalls{t: t, cmd: testenv.CleanCmdEnv(cmd)}
	c.cmd.Env = append(c.cmd.Env, env...)
	c.cmd.Stderr = &c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// do has c take a step, and returns the thread that it is about.
func (c *stalls) do(step byte) (tid int) {
	c.t.Helper()
	if _, err := c.in.Write([]byte{step}); err != nil {
		c.t.Fatal(err)
	}
	lines := 1
	if step == 'b' {
		lines = 2
	}
	for range lines {
		line, err := c.out.ReadString('\n')
		if err != nil {
			c.t.Fatal(err)
		}
		if tid, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
			c.t.Fatal(err)
		}
	}
	return tid
}

// await waits until c has written to its standard error what matches, after what
// await has found before.
func (c *stalls) await(want string) (match []string) {
	c.t.Helper()
	re := regexp.MustCompile(want)
	tlPoll(c.t, want, func() bool {
		all := c.stderr.String()
		loc := re.FindStringIndex(all[c.seen:])
		if loc == nil {
			return false
		}
		match = re.FindStringSubmatch(all[c.seen:])
		c.seen += loc[1]
		return true
	})
	return match
}

// quit ends c and returns what it has written to its standard error.
func (c *stalls) quit() string {
	c.t.Helper()
	if _, err := c.in.Write([]byte{'q'}); err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatalf("%v\n%s", err, c.stderr.String())
	}
	return c.stderr.String()
}
