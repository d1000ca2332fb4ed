// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && cgo

package bench

import (
	"bench/internal/loops"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// The BenchmarkLoops functions measure what it takes to reach a thread whose main loop
// waits in C, for four loops, and of each kind that there is:
//
//   - queue is what a program with stock Go does: who wants something of the thread sends
//     a function to a channel, and posts an event, upon which the loop receives it;
//   - locker is a Lock, and an Unlock, of a ThreadLocker that the loop's goroutine holds,
//     which calls BlockOSThread;
//   - do is Do of that ThreadLocker;
//   - c is the same as queue without any Go.
//
// Where the X server, or the library of a loop, is missing, they are skipped.

// A loopThread is the thread of a loop. Toolkits want to stay on one, so it lasts as
// long as the process.
type loopThread struct {
	loop *loops.Loop
	work chan func()
	err  error

	missing *loops.Missing // part of err
}

var loopThreads = func() map[string]func() *loopThread {
	m := make(map[string]func() *loopThread)
	for _, l := range loops.All {
		m[l.Name] = sync.OnceValue(func() *loopThread {
			t := &loopThread{loop: l, work: make(chan func())}
			opened := make(chan struct{})
			go func() {
				runtime.LockOSThread()
				t.err = l.Open()
				if errors.As(t.err, &t.missing) {
					// A benchmark that is skipped does not say so by itself.
					fmt.Fprintf(os.Stderr, "main loop %s is left out: install Debian package %s (%s)\n", l.Name, t.missing.Package, t.missing.Why)
				}
				close(opened)
				for f := range t.work {
					f()
				}
			}()
			<-opened
			return t
		})
	}
	return m
}()

// openLoop returns the thread of a loop, or skips the test.
func openLoop(tb testing.TB, l *loops.Loop) *loopThread {
	t := loopThreads[l.Name]()
	if t.missing != nil {
		tb.Skip(t.err)
	}
	if t.err != nil {
		tb.Fatal(t.err)
	}
	return t
}

// run runs a loop on the current thread. It calls turn for each event, until that
// returns false. If Waits of the loop are in each other, that is for the one at this level,
// and the outermost one is at level 1. wait is called instead of the loop's Wait, and
// is to call that.
func (t *loopThread) run(wait func(), turn func(level int) (more bool)) {
	if t.loop.Calls {
		loops.OnCall(func() {
			level := t.loop.Level()
			if !turn(level) {
				t.loop.Quit(level)
			}
		})
		wait()
		return
	}
	for {
		wait()
		if !turn(1) {
			return
		}
	}
}

// A loopRun is a loop that runs.
type loopRun struct {
	*loopThread
	caller func() func(f func()) // makes, for one goroutine, what calls f on the thread
	live   func(f func(here func(f func())))
	end    func()
}

// A loopKind is a way to reach a thread.
type loopKind struct {
	name  string
	begin func(t *loopThread) *loopRun
}

// loopKinds are those that there are besides c.
var loopKinds = []loopKind{{"queue", loopQueue}}

func loopQueue(t *loopThread) *loopRun {
	calls := make(chan func(), 256)
	stop, left := false, make(chan struct{})
	t.work <- func() {
		defer close(left)
		t.run(t.loop.Wait, func(int) bool {
			for {
				select {
				case f := <-calls:
					f()
				default:
					return !stop
				}
			}
		})
	}
	caller := func() func(f func()) {
		done := make(chan bool, 1)
		return func(f func()) {
			calls <- func() {
				f()
				done <- true
			}
			t.loop.Post()
			<-done
		}
	}
	return &loopRun{
		loopThread: t,
		caller:     caller,
		live:       func(f func(here func(f func()))) { go f(caller()) },
		end: func() {
			caller()(func() { stop = true })
			<-left
		},
	}
}

// eachLoop runs f for each loop and kind.
func eachLoop(b *testing.B, c bool, f func(b *testing.B, t *loopThread, kind loopKind)) {
	for _, l := range loops.All {
		b.Run(l.Name, func(b *testing.B) {
			t := openLoop(b, l)
			kinds := loopKinds
			if c {
				kinds = append(slices.Clone(kinds), loopKind{name: "c"})
			}
			for _, k := range kinds {
				b.Run(k.name, func(b *testing.B) { f(b, t, k) })
			}
		})
	}
}

// runC runs Loop.C on the thread.
func (t *loopThread) runC(threads int, pause time.Duration, there, round []time.Duration) {
	done := make(chan struct{})
	t.work <- func() {
		t.loop.C(threads, pause, there, round)
		close(done)
	}
	<-done
}

// reportTimes reports p50 and p99.
func reportTimes(b *testing.B, name string, times []time.Duration) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	longest := func(i int) float64 { return float64(times[len(times)-1-i]) }
	b.ReportMetric(longest(len(times)/2), name+"p50-ns")
	b.ReportMetric(longest(len(times)/100), name+"p99-ns")
}

// countPosts reports the calls of Post per operation since then.
func countPosts(b *testing.B, l *loops.Loop) func() {
	before := l.Posts()
	return func() { b.ReportMetric(float64(l.Posts()-before)/float64(b.N), "wakes/op") }
}

// BenchmarkLoopsHop has one goroutine come to the thread and go, again and again, at once
// or a millisecond later, when all is asleep. It measures how long it takes until it runs
// there, and until it is back.
func BenchmarkLoopsHop(b *testing.B) {
	eachLoop(b, true, func(b *testing.B, t *loopThread, kind loopKind) {
		for _, pause := range []time.Duration{0, time.Millisecond} {
			b.Run(fmt.Sprintf("pause=%v", pause), func(b *testing.B) {
				there, round := make([]time.Duration, b.N), make([]time.Duration, b.N)
				report := countPosts(b, t.loop)
				if kind.begin == nil {
					measure(b, func() { t.runC(1, pause, there, round) })
				} else {
					r := kind.begin(t)
					defer r.end()
					call := r.caller()
					report = countPosts(b, t.loop)
					measure(b, func() {
						for i := range b.N {
							if pause != 0 {
								time.Sleep(pause)
							}
							start := time.Now()
							call(func() { there[i] = time.Since(start) })
							round[i] = time.Since(start)
						}
					})
				}
				report()
				reportTimes(b, "there-", there)
				reportTimes(b, "round-", round)
			})
		}
	})
}

// BenchmarkLoopsMany has 16 goroutines do so.
func BenchmarkLoopsMany(b *testing.B) {
	const n = 16
	eachLoop(b, true, func(b *testing.B, t *loopThread, kind loopKind) {
		if kind.begin == nil {
			there, round := make([]time.Duration, b.N), make([]time.Duration, b.N)
			report := countPosts(b, t.loop)
			measure(b, func() { t.runC(n, 0, there, round) })
			report()
			return
		}
		r := kind.begin(t)
		report := countPosts(b, t.loop)
		m := newTeam(unlocked, func() {}, n, func(i int) {
			call := r.caller()
			for range share(b.N, n, i) {
				call(func() {})
			}
		})
		measure(b, m.run)
		m.left.Wait()
		report()
		r.end()
	})
}

// BenchmarkLoopsLive has four goroutines that live on the thread, as far as they can, wait,
// and measures how late they do there what they do then. An operation is one wake-up.
func BenchmarkLoopsLive(b *testing.B) {
	const n = 4
	ways := []struct {
		name string
		make func(b *testing.B, n int) (wait func() (due time.Time), end func())
	}{{"timer", liveTimer}, {"chan", liveChan}, {"tcp", liveTCP}}
	eachLoop(b, false, func(b *testing.B, t *loopThread, kind loopKind) {
		if kind.name == "do" {
			b.SkipNow() // as locker
		}
		for _, way := range ways {
			b.Run(way.name, func(b *testing.B) {
				r := kind.begin(t)
				times := make([]time.Duration, b.N)
				first := 0
				var wg sync.WaitGroup
				var ends []func()
				report := countPosts(b, t.loop)
				measure(b, func() {
					for i := range n {
						time.Sleep(period / n) // so that they do not go in step
						k := share(b.N, n, i)
						mine := times[first : first+k]
						first += k
						wait, end := way.make(b, k)
						wg.Add(1)
						ends = append(ends, end)
						r.live(func(here func(f func())) {
							defer wg.Done()
							for i := range mine {
								due := wait()
								here(func() { mine[i] = time.Since(due) })
							}
						})
					}
					wg.Wait()
				})
				for _, end := range ends {
					end()
				}
				report()
				r.end()
				b.ReportMetric(0, "ns/op")
				reportTimes(b, "", times)
			})
		}
	})
}

func liveTimer(b *testing.B, n int) (wait func() time.Time, end func()) {
	return func() time.Time {
		due := time.Now().Add(period)
		time.Sleep(period)
		return due
	}, func() {}
}

func liveChan(b *testing.B, n int) (wait func() time.Time, end func()) {
	c := make(chan time.Time)
	return func() time.Time { return <-c }, tick(n, func() { c <- time.Now() })
}

func liveTCP(b *testing.B, n int) (wait func() time.Time, end func()) {
	r, w := tcpPair(b)
	var out, in [8]byte
	began := time.Now()
	ticked := tick(n, func() {
		binary.LittleEndian.PutUint64(out[:], uint64(time.Since(began)))
		w.Write(out[:])
	})
	return func() time.Time {
			if _, err := io.ReadFull(r, in[:]); err != nil {
				b.Error(err)
			}
			return began.Add(time.Duration(binary.LittleEndian.Uint64(in[:])))
		}, func() {
			ticked()
			r.Close()
			w.Close()
		}
}

// tcpPair returns both ends of a connection.
func tcpPair(tb testing.TB) (r, w net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	if w, err = net.Dial("tcp", l.Addr().String()); err != nil {
		tb.Fatal(err)
	}
	if r, err = l.Accept(); err != nil {
		tb.Fatal(err)
	}
	return r, w
}

// BenchmarkLoopsIdle measures what a process takes per second while 16 goroutines that
// live on the thread are parked. It looks once, for a fifth of the time that -idle names.
func BenchmarkLoopsIdle(b *testing.B) {
	eachLoop(b, false, func(b *testing.B, t *loopThread, kind loopKind) {
		if kind.name == "do" {
			b.SkipNow() // as locker
		}
		r := kind.begin(t)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		wg.Add(16)
		for range 16 {
			r.live(func(func(func())) { defer wg.Done(); <-stop })
		}
		d := *idleTime / 5
		time.Sleep(d / 4) // what has begun is over
		before, _ := readUsage()
		time.Sleep(d)
		after, _ := readUsage()
		s := d.Seconds()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(after.cpu-before.cpu)/s, "cpu-ns/s")
		b.ReportMetric(float64(after.switches-before.switches)/s, "csw/s")
		close(stop)
		wg.Wait()
		r.end()
	})
}
