// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bufio"
	"bytes"
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
// a locked goroutine, and who keeps it from running there.
func TestThreadLockerDump(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 3)
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
		behind := fmt.Sprintf("behind goroutine %s (syscall", ws[0].id)
		for _, want := range []string{
			fmt.Sprintf("goroutine %s [syscall, locked to thread, thread %d]:\n", ws[0].id, tid),
			fmt.Sprintf("goroutine %s [runnable, locked to thread, thread %d, %s", ws[1].id, tid, behind),
			fmt.Sprintf("goroutine %s [chan receive, locked to thread, thread %d]:\n", ws[2].id, tid),
			fmt.Sprintf("goroutine %s [runnable, locked to thread, thread %d, %s", joiner.id, tid, behind),
			fmt.Sprintf("goroutine %s [chan receive, locked to thread, thread %d]:\n", alone.id, aloneTID),
		} {
			if !strings.Contains(dump, want) {
				t.Errorf("no %q in\n%s", want, dump)
			}
		}

		var prof bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&prof, 1); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			fmt.Sprintf("\n# locked to thread %d\n", tid),
			fmt.Sprintf("\n# locked to thread %d, behind goroutine %s\n", tid, ws[0].id),
			fmt.Sprintf("\n# locked to thread %d\n", aloneTID),
		} {
			if !strings.Contains(prof.String(), want) {
				t.Errorf("no %q in\n%s", want, prof.String())
			}
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
			all := c.seen.String() + c.quit()
			if n := strings.Count(all, "runtime: thread"); n != 3 {
				t.Errorf("%d reports, want 3:\n%s", n, all)
			}
		})
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
	stderr *bufio.Reader
	seen   strings.Builder
}

// A stderrBuffer lets a process write to its standard error without ever having to
// wait for somebody to read it: with GODEBUG=schedtrace it holds a lock meanwhile.
type stderrBuffer struct {
	mu   sync.Mutex
	cond sync.Cond
	b    bytes.Buffer
	done bool
}

func (s *stderrBuffer) fill(r io.Reader) {
	buf := make([]byte, 1<<16)
	for {
		n, err := r.Read(buf)
		s.mu.Lock()
		s.b.Write(buf[:n])
		s.done = err != nil
		s.cond.Broadcast()
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *stderrBuffer) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.b.Len() == 0 && !s.done {
		s.cond.Wait()
	}
	return s.b.Read(p)
}

func startStalls(t *testing.T, godebug string) *stalls {
	exe, err := buildTestProg(t, "testprog")
	if err != nil {
		t.Fatal(err)
	}
	cmd := testenv.CleanCmdEnv(testenv.Command(t, exe, "ThreadLockerStalls"))
	cmd.Env = append(cmd.Env, "GODEBUG="+godebug)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b := new(stderrBuffer)
	b.cond.L = &b.mu
	go b.fill(stderr)
	return &stalls{t: t, cmd: cmd, in: in, out: bufio.NewReader(out), stderr: bufio.NewReader(b)}
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

// await reads c's standard error up to a line that matches.
func (c *stalls) await(want string) []string {
	c.t.Helper()
	re := regexp.MustCompile(want)
	for {
		line, err := c.stderr.ReadString('\n')
		c.seen.WriteString(line)
		if m := re.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			return m
		}
		if err != nil {
			c.t.Fatalf("no %q: %v\n%s", want, err, c.seen.String())
		}
	}
}

// quit ends c and returns what await has not read of its standard error.
func (c *stalls) quit() string {
	c.t.Helper()
	if _, err := c.in.Write([]byte{'q'}); err != nil {
		c.t.Fatal(err)
	}
	rest, err := io.ReadAll(c.stderr)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatalf("%v\n%s", err, rest)
	}
	return string(rest)
}
