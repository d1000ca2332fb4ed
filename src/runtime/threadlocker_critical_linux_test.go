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
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// TestDedicatedThreadCriticalFair tests that a goroutine which has to give way in a critical
// section does so at its end, for those that could not run meanwhile.
func TestDedicatedThreadCriticalFair(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		const (
			wanted = 100
			most   = 20 * wanted // a time slice has room for thousands
		)
		l := runtime.MakeThreadLocker()
		_, ws := tlGroup(t, l, 2)
		sema := uint32(1)
		var sections, turns atomic.Int64
		ws[1].start(func() {
			for ; turns.Load() < wanted && sections.Load() < most; turns.Add(1) {
				for last := sections.Load(); sections.Load() == last && last < most; {
					runtime.Gosched()
				}
			}
		})
		ws[0].start(func() {
			for turns.Load() < wanted && sections.Add(1) < most {
				runtime.SemacquireSTW(&sema)
				runtime.Gosched()
				runtime.SemreleaseSTW(&sema)
			}
		})
		tlWaitAll(ws...)
		if n := turns.Load(); n < wanted {
			t.Errorf("a goroutine ran %d times while another went through %d critical sections, want %d times", n, sections.Load(), wanted)
		}
	})
}

// TestThreadLockerDumpCritical tests that dumps and goroutine profiles name the goroutine
// that keeps others from running by a critical section.
func TestThreadLockerDumpCritical(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 2)
		var sema uint32
		ws[0].start(func() {
			runtime.SemacquireSTW(&sema)
			runtime.SemreleaseSTW(&sema)
		})
		ws[0].waitState("semacquire")
		ws[1].start(func() {})
		ws[1].waitQueued()

		dump := string(tlDump())
		want := fmt.Sprintf("goroutine %s [runnable, locked to thread, thread %d, behind goroutine %s (semacquire in critical section)]:\n", ws[1].id, tid, ws[0].id)
		if !strings.Contains(dump, want) {
			t.Errorf("no %q in\n%s", want, dump)
		}
		var prof bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&prof, 1); err != nil {
			t.Fatal(err)
		}
		want = fmt.Sprintf("\n# locked to thread %d, behind goroutine %s\n", tid, ws[0].id)
		if !strings.Contains(prof.String(), want) {
			t.Errorf("no %q in\n%s", want, prof.String())
		}

		runtime.Semrelease1(&sema, false, 0)
		tlWaitAll(ws...)
	})
}

const stallCriticalEnv = "TEST_THREADLOCKER_STALL_CRITICAL"

// TestThreadLockerStallReportCritical tests that GODEBUG=threadstall reports each wait in
// a critical section that holds up a thread once.
func TestThreadLockerStallReportCritical(t *testing.T) {
	if os.Getenv(stallCriticalEnv) != "" {
		stallCritical(t)
	}
	c := startCmd(t, testenv.Command(t, testenv.Executable(t), "-test.run=^TestThreadLockerStallReportCritical$"),
		stallCriticalEnv+"=1", "GODEBUG=threadstall=20")
	for range 3 {
		tid := c.do('s')
		m := c.await(`(?m)^runtime: thread (\d+) is held up by goroutine (\d+) \(semacquire in critical section\), 1 goroutines locked to it are runnable$`)
		if m[1] != strconv.Itoa(tid) {
			t.Errorf("the report names thread %s, want %d", m[1], tid)
		}
		c.await(`(?m)^goroutine ` + m[2] + ` \[semacquire, locked to thread, thread ` + m[1] + `\]:$`)
		c.await(`(?m)^runtime_test\.stallCritical\.`)
		c.await(`(?m)^goroutine \d+ \[runnable, locked to thread, thread ` + m[1] + `, behind goroutine ` + m[2] + ` \(semacquire in critical section\)\]:$`)
		c.do('r')
	}
	all := c.quit()
	if n := strings.Count(all, "runtime: thread"); n != 3 {
		t.Errorf("%d reports, want 3:\n%s", n, all)
	}
}

// stallCritical is the process that TestThreadLockerStallReportCritical watches.
func stallCritical(t *testing.T) {
	l := runtime.MakeThreadLocker()
	tid, ws := tlGroup(t, l, 2)
	var sema uint32
	in := bufio.NewReader(os.Stdin)
	for {
		step, err := in.ReadByte()
		if err != nil {
			t.Fatal(err)
		}
		switch step {
		case 's':
			ws[0].start(func() {
				runtime.SemacquireSTW(&sema)
				runtime.SemreleaseSTW(&sema)
			})
			ws[0].waitState("semacquire")
			ws[1].start(func() {})
			ws[1].waitQueued()
		case 'r':
			runtime.Semrelease1(&sema, false, 0)
			tlWaitAll(ws...)
			runtime.Semacquire(&sema)
		case 'q':
			os.Exit(0)
		}
		fmt.Println(tid)
	}
}

// TestDedicatedThreadMaySpin tests that no thread spins unless there are two processors, and
// one for each P.
func TestDedicatedThreadMaySpin(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for n := 1; n <= runtime.NumCPU()+1; n++ {
		runtime.GOMAXPROCS(n)
		if got, want := runtime.LockedMaySpin(), n > 1 && n <= runtime.NumCPU(); got != want {
			t.Errorf("GOMAXPROCS=%d on %d processors: may spin: %v, want %v", n, runtime.NumCPU(), got, want)
		}
	}
}
