// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && linux

package pprof

import (
	"bytes"
	"fmt"
	"internal/profile"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func lockHere(l *runtime.ThreadLocker, tid chan<- int, end <-chan bool) {
	l.Lock()
	tid <- syscall.Gettid()
	<-end
	l.Unlock()
	tid <- syscall.Gettid()
}

// lockInlined is inlined in inlinedHere.
func lockInlined(l *runtime.ThreadLocker) { l.Lock() }

//go:noinline
func inlinedHere(l *runtime.ThreadLocker, tid chan<- int, end <-chan bool) {
	lockInlined(l)
	tid <- syscall.Gettid()
	<-end
	l.Unlock()
	tid <- syscall.Gettid()
}

func joinHere(ch <-chan bool, tid chan<- int, end <-chan bool) {
	runtime.LockToRecvOSThread(ch)
	tid <- syscall.Gettid()
	<-end
	runtime.UnlockOSThread()
	tid <- syscall.Gettid()
}

func aloneHere(tid chan<- int, end <-chan bool) {
	runtime.LockOSThread()
	tid <- syscall.Gettid()
	<-end
	runtime.UnlockOSThread()
	tid <- syscall.Gettid()
}

// againHere keeps the hold of LockOSThread, and not that of a ThreadLocker.
func againHere(tid chan<- int, end <-chan bool) {
	runtime.LockOSThread()
	l := runtime.MakeThreadLocker()
	l.Lock()
	l.Unlock()
	tid <- syscall.Gettid()
	<-end
	runtime.UnlockOSThread()
	tid <- syscall.Gettid()
}

func TestThreadLockProfile(t *testing.T) {
	p := Lookup("threadlock")
	if p == nil {
		t.Fatal("there is no profile threadlock")
	}
	before := p.Count()
	l := runtime.MakeThreadLocker()
	tid := make(chan int)
	end := make(chan bool)
	ch := make(chan bool)
	const lockers, joiners = 20, 5
	var shared, alone, again int
	for range lockers {
		go lockHere(l, tid, end)
		shared = <-tid
	}
	go inlinedHere(l, tid, end)
	<-tid
	go func() { // to be joined
		l.Lock()
		<-ch
		l.Unlock()
		close(end)
	}()
	defer func() {
		close(ch)
		<-end
	}()
	for range joiners {
		go joinHere(ch, tid, end)
		if got := <-tid; got != shared {
			t.Fatalf("joined thread %d, want %d", got, shared)
		}
	}
	go aloneHere(tid, end)
	alone = <-tid
	go againHere(tid, end)
	again = <-tid

	if got, want := p.Count()-before, lockers+1+1+joiners+2; got != want {
		t.Errorf("Count says %d, want %d", got, want)
	}
	// By function and thread.
	var counts map[string]int64
	var leaves map[string]string
	take := func() {
		counts = make(map[string]int64)
		leaves = make(map[string]string)
		var buf bytes.Buffer
		if err := p.WriteTo(&buf, 0); err != nil {
			t.Fatal(err)
		}
		prof, err := profile.Parse(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := prof.SampleType[0]; got.Type != "threadlock" || got.Unit != "count" {
			t.Errorf("sample type %v", got)
		}
		for _, s := range prof.Sample {
			var names []string
			for _, loc := range s.Location {
				for _, line := range loc.Line {
					names = append(names, line.Function.Name)
				}
			}
			stack := strings.Join(names, " ")
			if strings.Contains(stack, "inlinedHere") && !strings.HasPrefix(stack, "runtime.(*ThreadLocker).Lock runtime/pprof.lockInlined runtime/pprof.inlinedHere") {
				t.Errorf("the stack of inlinedHere is %s", stack)
			}
			for _, loc := range s.Location {
				for _, line := range loc.Line {
					name := line.Function.Name
					if i := strings.LastIndex(name, "Here"); i >= 0 && strings.HasPrefix(name, "runtime/pprof.") {
						k := strings.TrimPrefix(name, "runtime/pprof.") + " " + s.Label["thread"][0]
						counts[k] += s.Value[0]
						leaves[k] = s.Location[0].Line[0].Function.Name
					}
				}
			}
		}
	}
	take()
	// Those that show where they are may not have come to where they wait.
	waits := func(name string, tid int) bool { return leaves[name+" "+strconv.Itoa(tid)] == "runtime.gopark" }
	for tries := 0; !(waits("aloneHere", alone) && waits("againHere", again)) && tries < 1000; tries++ {
		runtime.Gosched()
		take()
	}
	for _, want := range []struct {
		name string
		tid  int
		n    int64
		leaf string
	}{
		{"lockHere", shared, lockers, "runtime.(*ThreadLocker).Lock"},
		{"inlinedHere", shared, 1, "runtime.(*ThreadLocker).Lock"},
		{"joinHere", shared, joiners, "runtime.LockToRecvOSThread["},
		{"aloneHere", alone, 1, "runtime.gopark"},
		{"againHere", again, 1, "runtime.gopark"},
	} {
		k := want.name + " " + strconv.Itoa(want.tid)
		if counts[k] != want.n {
			t.Errorf("%s: %d, want %d (all: %v)", k, counts[k], want.n, counts)
		}
		if !strings.HasPrefix(leaves[k], want.leaf) {
			t.Errorf("%s: the leaf is %s, want %s", k, leaves[k], want.leaf)
		}
	}

	for range lockers + 1 + joiners + 2 {
		end <- true
		<-tid
	}
	if got, want := p.Count()-before, 1; got != want {
		t.Errorf("once all but one have left, Count says %d, want %d", got, want)
	}
}

// joinedHere is joined, and alone again.
func joinedHere(ch <-chan bool, tid chan<- int, end <-chan bool) {
	runtime.LockOSThread()
	<-ch
	tid <- syscall.Gettid()
	<-end
	runtime.UnlockOSThread()
	tid <- syscall.Gettid()
}

// TestGoroutineProfileLocked tests that the goroutine profile says on which thread a
// goroutine is only if that thread is shared, or meant to be. Other locked goroutines
// with the same stack are one entry, as in a Go without ThreadLocker.
func TestGoroutineProfileLocked(t *testing.T) {
	tid := make(chan int)
	end := make(chan bool)
	count := make(map[string]int)
	start := func(name string, f func()) int {
		count[name]++
		go f()
		return <-tid
	}
	const n = 10
	for range n {
		start("aloneHere", func() { aloneHere(tid, end) })
		start("againHere", func() { againHere(tid, end) })
		ch := make(chan bool)
		go joinedHere(ch, tid, end)
		runtime.LockToRecvOSThread(ch)
		runtime.UnlockOSThread()
		ch <- true
		<-tid
		count["joinedHere"]++
	}
	var threads []int // those that are to show up: two goroutines, two, and one
	l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	for i, l := range []*runtime.ThreadLocker{l, l, l2, l2, runtime.MakeThreadLocker()} {
		id := start("lockHere", func() { lockHere(l, tid, end) })
		if i%2 == 0 {
			threads = append(threads, id)
		}
	}
	for range 2 {
		ch := make(chan bool)
		left := make(chan bool)
		go func() {
			runtime.LockOSThread()
			<-ch
			runtime.UnlockOSThread()
			left <- true
		}()
		threads = append(threads, start("joinHere", func() { joinHere(ch, tid, end) }))
		ch <- true
		<-left
	}

	// Goroutines that have not come to where they wait have another stack.
	plain := []string{"againHere", "aloneHere", "joinedHere"}
	var got, want string
	for range 1000 {
		var buf bytes.Buffer
		if err := Lookup("goroutine").WriteTo(&buf, 1); err != nil {
			t.Fatal(err)
		}
		got = lockedEntries(buf.String())
		want = ""
		for _, name := range plain {
			want += fmt.Sprintln(count[name], name)
		}
		for i, id := range threads {
			switch {
			case i < 2:
				want += fmt.Sprintln(2, "lockHere", "# locked to thread", id)
			case i < 3:
				want += fmt.Sprintln(1, "lockHere", "# locked to thread", id)
			default:
				want += fmt.Sprintln(1, "joinHere", "# locked to thread", id)
			}
		}
		if want = lockedSorted(want); got == want {
			break
		}
		runtime.Gosched()
	}
	if got != want {
		t.Errorf("the goroutine profile has these entries:\n%swant:\n%s", got, want)
	}

	var buf bytes.Buffer
	if err := Lookup("goroutine").WriteTo(&buf, 0); err != nil {
		t.Fatal(err)
	}
	prof, err := profile.Parse(&buf)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range prof.Sample {
		for _, loc := range s.Location {
			for _, line := range loc.Line {
				name := strings.TrimPrefix(line.Function.Name, "runtime/pprof.")
				if slices.Contains(plain, name) && (s.Value[0] != n || len(s.Label) != 0) {
					t.Errorf("%s: %d goroutines with labels %v, want %d without", name, s.Value[0], s.Label, n)
				}
			}
		}
	}
	for _, c := range count {
		for range c {
			end <- true
			<-tid
		}
	}
}

// lockedEntries returns what s, a goroutine profile in text form, says of each
// stack that has a function xHere: how many goroutines, which function, and what follows
// the stack's addresses.
func lockedEntries(s string) string {
	var list string
	for _, e := range strings.Split(s, "\n\n") {
		m := regexp.MustCompile(`(?s)(\d+) @[^\n]*\n(.*)\truntime/pprof\.(\w+Here)\+`).FindStringSubmatch(e)
		if m == nil {
			continue
		}
		list += m[1] + " " + m[3]
		for _, line := range strings.Split(m[2], "\n") {
			if strings.HasPrefix(line, "# locked") {
				list += " " + line
			}
		}
		list += "\n"
	}
	return lockedSorted(list)
}

func lockedSorted(s string) string {
	lines := strings.SplitAfter(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}
