// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker && linux

package pprof

import (
	"bytes"
	"internal/profile"
	"runtime"
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

	if got, want := p.Count()-before, lockers+1+joiners+2; got != want {
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

	for range lockers + joiners + 2 {
		end <- true
		<-tid
	}
	if got, want := p.Count()-before, 1; got != want {
		t.Errorf("once all but one have left, Count says %d, want %d", got, want)
	}
}
