// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && cgo && goexperiment.threadlocker

package bench

import (
	"bench/internal/loops"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func init() {
	loopKinds = append(loopKinds,
		loopKind{"locker", func(t *loopThread) *loopRun {
			return loopLocker(t, func(l *runtime.ThreadLocker) func(f func()) {
				return func(f func()) {
					l.Lock()
					defer l.Unlock()
					f()
				}
			})
		}},
		loopKind{"do", func(t *loopThread) *loopRun {
			return loopLocker(t, func(l *runtime.ThreadLocker) func(f func()) { return l.Do })
		}})
}

// loopLocker runs a loop whose goroutine holds a ThreadLocker. caller makes what calls a
// function on the thread.
func loopLocker(t *loopThread, caller func(l *runtime.ThreadLocker) func(f func())) *loopRun {
	l, end := holdLoop(t, func(int) bool { return false })
	return &loopRun{
		loopThread: t,
		caller:     func() func(f func()) { return caller(l) },
		live: func(f func(here func(f func()))) {
			l.Go(func() { f(func(f func()) { f() }) })
		},
		end: end,
	}
}

// holdLoop runs a loop whose goroutine holds the ThreadLocker that is returned. It ends when
// end is called. over says the same of those at levels above 1.
func holdLoop(t *loopThread, over func(level int) bool) (l *runtime.ThreadLocker, end func()) {
	l = runtime.MakeThreadLocker()
	left, held := make(chan struct{}), make(chan struct{})
	var stop atomic.Bool
	t.work <- func() {
		defer close(left)
		l.Lock()
		defer l.Unlock()
		close(held)
		t.run(func() { runtime.BlockOSThread(t.loop.Wait, t.loop.Post) }, func(level int) bool {
			if t.loop.Calls {
				l.Yield()
			}
			if level > 1 {
				return !over(level)
			}
			return !stop.Load()
		})
	}
	<-held
	return l, func() {
		l.Do(func() { stop.Store(true) })
		<-left
	}
}

var stressTime = flag.Duration("stress", time.Second, "how long TestLoopsStress lasts for each loop")

// TestLoopsStress has goroutines come to a loop's thread and go, and others live there that
// timers, channels and the network wake, while the loop gets events of its own, garbage
// is collected, and modal loops run within each other. None must be lost, and none late.
func TestLoopsStress(t *testing.T) {
	for _, l := range loops.All {
		t.Run(l.Name, func(t *testing.T) { newLoopStress(t, openLoop(t, l)).run() })
	}
}

// What TestLoopsStress takes for late, if the machine lets an unlocked goroutine be in time,
// and for lost.
const (
	stressLate = 50 * time.Millisecond
	stressLost = 5 * time.Second
)

// A loopStress is a stress of one loop.
type loopStress struct {
	t    *testing.T
	loop *loopThread
	l    *runtime.ThreadLocker
	end  func()
	stop atomic.Bool
	wg   sync.WaitGroup

	mu     sync.Mutex
	jobs   []*stressJob
	modals []*atomic.Bool // that have not ended, outermost first: whether they shall
	deep   int            // the most that were in each other

	notes []string
}

// A stressJob is a goroutine that shall run on the thread at certain times.
type stressJob struct {
	name  string
	since atomic.Int64 // when it became runnable there, if it has not run, in ns since began
	n     int
	worst time.Duration
}

var stressBegan = time.Now()

// due says that j is to run then.
func (j *stressJob) due(then time.Time) time.Time {
	j.since.Store(int64(then.Sub(stressBegan)))
	return then
}

// ran says that j, which was to run then, runs.
func (j *stressJob) ran(then time.Time) {
	late := time.Since(then)
	j.since.Store(0)
	j.n++
	j.worst = max(j.worst, late)
}

func newLoopStress(t *testing.T, loop *loopThread) *loopStress {
	s := &loopStress{t: t, loop: loop}
	s.l, s.end = holdLoop(loop, s.modalOver)
	return s
}

// start starts a goroutine that calls f again and again.
func (s *loopStress) start(name string, begin func(f func()), f func(j *stressJob)) {
	j := &stressJob{name: name}
	s.mu.Lock()
	s.jobs = append(s.jobs, j)
	s.mu.Unlock()
	s.wg.Add(1)
	begin(func() {
		defer s.wg.Done()
		for !s.stop.Load() {
			f(j)
		}
	})
}

func anywhere(f func()) { go f() }

func shortly() time.Duration { return time.Duration(rand.IntN(3000)) * time.Microsecond }

func (s *loopStress) run() {
	before := s.loop.loop.Posts()
	l := s.l
	for i := range 4 {
		s.start("Lock", anywhere, func(j *stressJob) {
			then := j.due(time.Now())
			l.Lock()
			j.ran(then)
			l.Unlock()
			if i%2 == 0 {
				time.Sleep(shortly())
			}
		})
		s.start("Do", anywhere, func(j *stressJob) {
			then := j.due(time.Now())
			l.Do(func() { j.ran(then) })
			if i%2 == 0 {
				time.Sleep(shortly())
			}
		})
		s.start("Go", anywhere, func(j *stressJob) {
			done := make(chan bool)
			then := j.due(time.Now())
			l.Go(func() {
				j.ran(then)
				close(done)
			})
			<-done
			time.Sleep(shortly())
		})
		s.start("timer", l.Go, func(j *stressJob) {
			d := shortly()
			then := j.due(time.Now().Add(d))
			time.Sleep(d)
			j.ran(then)
		})
		c := make(chan time.Time)
		s.start("chan", l.Go, func(j *stressJob) {
			for then := range c {
				j.ran(then)
			}
		})
		last := s.jobs[len(s.jobs)-1]
		s.wg.Go(func() {
			defer close(c)
			for !s.stop.Load() {
				time.Sleep(shortly())
				c <- last.due(time.Now())
			}
		})
		r, w := tcpPair(s.t)
		s.start("tcp", l.Go, func(j *stressJob) {
			var b [8]byte
			if _, err := io.ReadFull(r, b[:]); err == nil {
				j.ran(stressBegan.Add(time.Duration(binary.LittleEndian.Uint64(b[:]))))
			}
		})
		s.wg.Go(func() {
			defer w.Close()
			for !s.stop.Load() {
				time.Sleep(shortly())
				var b [8]byte
				binary.LittleEndian.PutUint64(b[:], uint64(time.Since(stressBegan)))
				w.Write(b[:])
			}
		})
		defer r.Close()
	}
	for range 3 {
		s.start("modal", l.Go, func(j *stressJob) {
			time.Sleep(10 * shortly())
			s.modal(j)
		})
	}
	// How late the machine is by itself.
	s.start("unlocked timer", anywhere, func(j *stressJob) {
		d := shortly()
		then := j.due(time.Now().Add(d))
		time.Sleep(d)
		j.ran(then)
	})
	s.wg.Go(func() {
		for !s.stop.Load() {
			if err := loops.Events(1); err != nil {
				s.t.Error(err)
				return
			}
			time.Sleep(shortly())
		}
	})
	s.wg.Go(func() {
		for !s.stop.Load() {
			runtime.KeepAlive(newTree(14))
			runtime.GC()
			time.Sleep(10 * shortly())
		}
	})

	s.watch(time.Now().Add(*stressTime))
	s.stop.Store(true)
	time.AfterFunc(stressLost, func() {
		if s.stop.CompareAndSwap(true, false) {
			s.lost("some goroutine did not end")
		}
	})
	s.wg.Wait()
	s.end()
	s.stop.Store(false)
	s.report(s.loop.loop.Posts() - before)
}

// watch waits until then, and fails if a goroutine is lost. If one is late, it notes what
// the thread does.
func (s *loopStress) watch(until time.Time) {
	var tid int
	s.l.Do(func() { tid = syscall.Gettid() })
	ran, waited := cpuTimes(tid)
	for time.Now().Before(until) {
		time.Sleep(20 * time.Millisecond)
		ran2, waited2 := cpuTimes(tid)
		for _, j := range s.jobs {
			since := j.since.Load()
			late := time.Since(stressBegan) - time.Duration(since)
			if since != 0 && late > stressLost {
				s.lost("one is lost: " + j.name)
			}
			if since != 0 && late > stressLate && len(s.notes) < 10 {
				stat, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
				state := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
				s.notes = append(s.notes, fmt.Sprintf("%s is %v late; the thread is in state %s. In the last 20 ms it has run for %v and has waited %v for a CPU",
					j.name, late.Round(time.Millisecond), state[0], ran2-ran, waited2-waited))
				break
			}
		}
		ran, waited = ran2, waited2
	}
}

// cpuTimes returns how long a thread has run, and has waited for a CPU.
func cpuTimes(tid int) (ran, waited time.Duration) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/schedstat", tid))
	fmt.Sscan(string(stat), &ran, &waited)
	return ran, waited
}

func (s *loopStress) lost(what string) {
	fmt.Fprintln(os.Stderr, s.t.Name()+":", what)
	pprof.Lookup("goroutine").WriteTo(os.Stderr, 2)
	os.Exit(1)
}

// modal runs a modal loop, which another goroutine ends.
func (s *loopStress) modal(j *stressJob) {
	done := new(atomic.Bool)
	s.mu.Lock()
	s.modals = append(s.modals, done)
	s.deep = max(s.deep, len(s.modals))
	s.mu.Unlock()
	s.wg.Go(func() {
		time.Sleep(shortly())
		then := j.due(time.Now())
		s.l.Do(func() {
			j.ran(then)
			done.Store(true)
		})
	})
	lp := s.loop.loop
	if lp.Calls {
		runtime.BlockOSThread(lp.Wait, lp.Post)
	} else {
		for !done.Load() {
			runtime.BlockOSThread(lp.Wait, lp.Post)
		}
	}
	s.mu.Lock()
	for i, d := range s.modals {
		if d == done {
			s.modals = append(s.modals[:i], s.modals[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	lp.Post() // for the loop around it, which may have been told to end
}

// modalOver reports whether the modal loop at this level shall end. Level 1 is the main loop's.
func (s *loopStress) modalOver(level int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return level-2 < len(s.modals) && s.modals[level-2].Load()
}

func (s *loopStress) report(posts int64) {
	var names []string
	n, worst, hops := make(map[string]int), make(map[string]time.Duration), 0
	for _, j := range s.jobs {
		if n[j.name] == 0 {
			names = append(names, j.name)
		}
		n[j.name] += j.n
		worst[j.name] = max(worst[j.name], j.worst)
		if j.name != "unlocked timer" {
			hops += j.n
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "GOMAXPROCS=%d: %d wake-ups on the thread, %d of the loop, modal loops %d deep; worst:", runtime.GOMAXPROCS(0), hops, posts, s.deep)
	for _, name := range names {
		fmt.Fprintf(&b, " %s %v (%d)", name, worst[name].Round(time.Microsecond), n[name])
		if limit := stressLate + worst["unlocked timer"]; worst[name] > limit {
			defer s.t.Errorf("%s: one was %v late, more than %v", name, worst[name], limit)
		}
	}
	s.t.Log(b.String())
	for _, n := range s.notes {
		s.t.Log(n)
	}
}
