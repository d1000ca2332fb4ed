// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The BenchmarkLatency functions measure how late a locked goroutine runs after it
// became runnable, beside goroutines that compute. There is one for each way to
// become runnable. An operation is one wake-up.
//
// In the results, plain is a goroutine on a thread of its own, by LockOSThread,
// and shared is one on a thread that another goroutine has locked, too. Part
// latency of the driver compares both with stock Go's plain.

// period is the time from one wake-up to the next.
const period = 3 * time.Millisecond

// computing is how many goroutines compute meanwhile.
var computing = []int{0, 1, 2, 4}

// A trial takes the times of one benchmark.
type trial struct {
	b       *testing.B
	times   []time.Duration
	longest time.Duration // where times are only some of them
	began   time.Time
	took    time.Duration

	// The goroutines that compute.
	stop  atomic.Bool
	turns []int64 // of each
	wg    sync.WaitGroup
}

// tryAll runs f with each number of computing goroutines. The goroutine that takes
// the times calls begin when it has its place, and end when it has them all.
func tryAll(b *testing.B, kind string, f func(t *trial)) {
	speed() // while nothing else runs
	for _, c := range computing {
		b.Run(fmt.Sprintf("%s/compute=%d", kind, c), func(b *testing.B) {
			t := &trial{b: b, turns: make([]int64, c)}
			f(t)
			t.wg.Wait()
			t.report()
		})
	}
}

// begin starts the goroutines that compute.
func (t *trial) begin() {
	for i := range t.turns {
		t.wg.Go(func() { t.turns[i] = compute(&t.stop) })
	}
	t.began = time.Now()
}

// end lets them end.
func (t *trial) end() {
	t.took = time.Since(t.began)
	t.stop.Store(true)
}

// late notes how late the goroutine ran.
func (t *trial) late(d time.Duration) { t.times = append(t.times, d) }

// compute is a loop without calls. It returns the number of its turns.
func compute(stop *atomic.Bool) (turns int64) {
	for !stop.Load() {
		turns++
	}
	return turns
}

// speed returns the turns of compute per second on a processor of its own.
var speed = sync.OnceValue(func() float64 {
	best := 0.0
	for range 5 {
		var stop atomic.Bool
		start := time.Now()
		time.AfterFunc(period, func() { stop.Store(true) })
		turns := compute(&stop)
		best = max(best, float64(turns)/time.Since(start).Seconds())
	}
	return best
})

// report reports p50, p99 and max of the times. If these are one for each wake-up, and
// fewer than 100, it also reports the longest tenth: max2 is the longest but one.
// That suffices for the p99 of up to ten such reports together.
func (t *trial) report() {
	s := t.times
	if len(s) == 0 {
		return // it failed
	}
	slices.Sort(s)
	longest := func(i int) float64 { return float64(s[len(s)-1-i]) }
	t.b.ReportMetric(0, "ns/op")
	t.b.ReportMetric(longest(len(s)/2), "p50-ns")
	t.b.ReportMetric(longest(len(s)/100), "p99-ns")
	t.b.ReportMetric(max(longest(0), float64(t.longest)), "max-ns")
	if len(s) == t.b.N && len(s) < 100 {
		for i := 1; i <= len(s)/10; i++ {
			t.b.ReportMetric(longest(i), fmt.Sprintf("max%d-ns", i+1))
		}
	}
}

// latency measures f, which waits b.N times on a locked goroutine.
func latency(b *testing.B, f func(t *trial)) {
	try := func(kind string, enter func() (leave func())) {
		tryAll(b, kind, func(t *trial) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				leave := enter()
				t.begin()
				f(t)
				t.end()
				leave()
			}()
			<-done
		})
	}
	try("plain", func() func() { return lockThread(nil) })
	if enterShared != nil {
		try("shared", enterShared)
	}
}

// enterShared locks the goroutine to a thread that another goroutine has locked,
// too. Without thread lockers it is nil.
var enterShared func() (leave func())

// tick calls wake n times from a goroutine that a timer wakes. It returns
// a function that waits for the last time.
func tick(n int, wake func()) (wait func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			time.Sleep(period)
			wake()
		}
	})
	return wg.Wait
}

// BenchmarkLatencyTimer has the goroutine sleep.
func BenchmarkLatencyTimer(b *testing.B) {
	latency(b, func(t *trial) {
		for range t.b.N {
			start := time.Now()
			time.Sleep(period)
			t.late(time.Since(start) - period)
		}
	})
}

// BenchmarkLatencyChan has it receive from a goroutine that a timer wakes.
func BenchmarkLatencyChan(b *testing.B) {
	latency(b, func(t *trial) {
		c := make(chan time.Time)
		defer tick(t.b.N, func() { c <- time.Now() })()
		for range t.b.N {
			t.late(time.Since(<-c))
		}
	})
}

// BenchmarkLatencySelect is the same with a select.
func BenchmarkLatencySelect(b *testing.B) {
	latency(b, func(t *trial) {
		c, never := make(chan time.Time), make(chan time.Time)
		defer tick(t.b.N, func() { c <- time.Now() })()
		for range t.b.N {
			select {
			case at := <-c:
				t.late(time.Since(at))
			case <-never:
			}
		}
	})
}

// BenchmarkLatencyMutex has it wait for a mutex, and so for a semaphore.
func BenchmarkLatencyMutex(b *testing.B) {
	latency(b, func(t *trial) {
		var at time.Time
		next := make(chan *sync.Mutex, 1)
		lock := func() *sync.Mutex {
			mu := new(sync.Mutex)
			mu.Lock()
			next <- mu
			return mu
		}
		mu := lock()
		defer tick(t.b.N, func() {
			mu := <-next
			at = time.Now()
			mu.Unlock()
		})()
		for i := range t.b.N {
			mu.Lock()
			t.late(time.Since(at))
			if i < t.b.N-1 {
				mu = lock()
			}
		}
	})
}

// BenchmarkLatencyPoller has it read from a pipe that another process writes to,
// by the poller.
func BenchmarkLatencyPoller(b *testing.B) {
	ask, r := startTicker(b)
	latencyRead(b, ask, r)
}

// BenchmarkLatencyRead is the same in a system call that blocks, and so loses its P.
func BenchmarkLatencyRead(b *testing.B) {
	ask, r := startTicker(b)
	r.Fd() // From here on, r blocks.
	latencyRead(b, ask, r)
}

func latencyRead(b *testing.B, ask io.Writer, r io.Reader) {
	latency(b, func(t *trial) {
		var stamp [8]byte
		for range t.b.N {
			if _, err := ask.Write(stamp[:1]); err != nil {
				t.b.Error(err)
				return
			}
			if _, err := io.ReadFull(r, stamp[:]); err != nil {
				t.b.Error(err)
				return
			}
			// Only the wall clock is the same in both processes.
			t.late(time.Duration(time.Now().UnixNano() - int64(binary.LittleEndian.Uint64(stamp[:]))))
		}
	})
}

// tickEnv tells a process of this test to do nothing but tick.
const tickEnv = "BENCH_TICK"

// tickUntilEOF writes what time it is, some time after it was asked.
func tickUntilEOF() {
	var stamp [8]byte
	for {
		if _, err := os.Stdin.Read(stamp[:1]); err != nil {
			return
		}
		time.Sleep(period)
		binary.LittleEndian.PutUint64(stamp[:], uint64(time.Now().UnixNano()))
		os.Stdout.Write(stamp[:])
	}
}

// startTicker starts a process that, for each byte written to ask, writes what time
// it is to r. It ends with the benchmark.
func startTicker(b *testing.B) (ask io.Writer, r *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	defer w.Close()
	cmd, in, err := startSelf(tickEnv, w)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return in, r
}

// startSelf starts another process of this test, which env tells what to do.
func startSelf(env string, out *os.File) (*exec.Cmd, io.WriteCloser, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env+"=1", "GOMAXPROCS=1")
	if out != nil {
		cmd.Stdout = out
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, in, cmd.Start()
}

// BenchmarkLatencySyscall measures a system call that ends at once, with its P.
func BenchmarkLatencySyscall(b *testing.B) {
	latency(b, func(t *trial) {
		for range t.b.N {
			time.Sleep(period)
			start := time.Now()
			syscall.Getppid()
			t.late(time.Since(start))
		}
	})
}

// BenchmarkLatencyGC measures the allocation of 400 kB, with some GC cycles and
// assists for them.
func BenchmarkLatencyGC(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	live := newTree(15)
	latency(b, func(t *trial) {
		var last *tree
		for range t.b.N {
			time.Sleep(period)
			start := time.Now()
			last = newTree(12)
			t.late(time.Since(start))
		}
		runtime.KeepAlive(last)
	})
	runtime.KeepAlive(live)
}

// BenchmarkLatencyServer measures requests of an unlocked goroutine to a locked
// server. A visit does without the server: it locks, and unlocks, a ThreadLocker.
func BenchmarkLatencyServer(b *testing.B) {
	requests := func(t *trial, request func()) {
		t.begin()
		for range t.b.N {
			time.Sleep(period)
			start := time.Now()
			request()
			t.late(time.Since(start))
		}
		t.end()
	}
	try := func(kind string, pl placement) {
		tryAll(b, kind, func(t *trial) {
			p := pair{make(chan int), make(chan int)}
			team := newTeam(pl, p.serve, 1, func(int) {
				requests(t, func() { p.call(t.b, 1) })
			})
			team.run()
			close(p.req)
			team.left.Wait()
		})
	}
	try("plain", serverLocked)
	if enterShared == nil {
		return
	}
	try("shared", placement{"server-shared", func() (_, _ func(<-chan struct{}) func()) {
		return func(<-chan struct{}) func() { return enterShared() }, stay
	}})
	tryAll(b, "visit", func(t *trial) {
		request, leave := visit()
		done := make(chan struct{})
		go func() {
			defer close(done)
			requests(t, func() { request(func() {}) })
		}()
		<-done
		leave()
	})
}

// visit returns what calls a function in a visit to a thread, and how to give up the
// thread. Without thread lockers it is nil.
var visit func() (request func(f func()), leave func())

// BenchmarkLatencyTalk has two locked goroutines talk without end, for six periods an
// operation: long enough for some slices for each that computes. Its times are those of
// every fourth round trip, and of the longest of all. It also reports what the computing
// goroutine that got least got of a processor.
func BenchmarkLatencyTalk(b *testing.B) {
	try := func(kind string, pl placement) {
		tryAll(b, kind, func(t *trial) {
			p := pair{make(chan int), make(chan int)}
			t.times = make([]time.Duration, 0, 1<<20)
			team := newTeam(pl, p.serve, 1, func(int) {
				p.call(t.b, 1)
				t.begin()
				end := t.began.Add(time.Duration(t.b.N) * 6 * period)
				last := t.began
				for i := 0; last.Before(end); i++ {
					p.call(t.b, 1)
					now := time.Now()
					d := now.Sub(last)
					if i%4 == 0 {
						t.late(d)
					}
					t.longest = max(t.longest, d)
					last = now
				}
				t.end()
			})
			team.run()
			close(p.req)
			team.left.Wait()
			t.wg.Wait()
			if len(t.turns) > 0 {
				t.b.ReportMetric(float64(slices.Min(t.turns))/t.took.Seconds()/speed(), "share-min")
			}
		})
	}
	try("plain", bothLocked)
	if len(colocated) > 0 {
		try("shared", colocated[0])
	}
}
