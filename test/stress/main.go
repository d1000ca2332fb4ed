// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && goexperiment.threadlocker

// Stress has many goroutines lock themselves to threads, join each other's,
// work there, leave and exit, all at random, while the garbage collector runs,
// GOMAXPROCS changes, signals arrive and profiles and traces are taken. It checks
// at each step that a goroutine runs where it must.
//
//	stress [-for d] [-seed n] [-procs list] [-n goroutines] [-rooms n]
//
// The seed determines what each goroutine decides to do, though not how their
// steps interleave. Stress prints the seed, and one line when it is done. If it
// finds something wrong, or makes no progress for half a minute, it prints the
// last operations of each goroutine and a dump of all of them.
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	duration = flag.Duration("for", 20*time.Second, "how long to run")
	seed     = flag.Uint64("seed", 0, "seed of all random choices (default: another one each time)")
	procs    = flag.String("procs", "1,2,4,8", "values of GOMAXPROCS to change between")
	nactors  = flag.Int("n", 24, "number of goroutines")
	nrooms   = flag.Int("rooms", 3, "number of thread lockers")
	child    = flag.Bool("child", false, "used internally")
	isTrue   = flag.Bool("true", false, "do nothing; used internally")
)

const (
	patience  = 30 * time.Second // without progress, then stress fails
	heartbeat = time.Second
)

func main() {
	flag.Parse()
	if *isTrue {
		return
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	if !*child {
		os.Exit(watch())
	}
	stress()
}

// watch runs the stress in a child process and ends it if it does not even get
// to report that it makes no progress, because nothing runs there any more.
func watch() int {
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	fmt.Printf("stress: seed %d, for %v, GOMAXPROCS %s, GODEBUG=%s\n", *seed, *duration, *procs, os.Getenv("GODEBUG"))
	cmd := exec.Command("/proc/self/exe", append(os.Args[1:], "-child", "-seed", fmt.Sprint(*seed))...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{w}
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	// The child must not outlive this process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // Pdeathsig is about the thread
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	w.Close()
	beats := make(chan bool)
	go func() {
		defer close(beats)
		for buf := make([]byte, 1); ; {
			if _, err := r.Read(buf); err != nil {
				return
			}
			beats <- true
		}
	}()
	for alive := true; alive; {
		select {
		case _, alive = <-beats:
		case <-time.After(2 * patience):
			fmt.Printf("stress: no sign of life for %v, seed %d\n", 2*patience, *seed)
			cmd.Process.Signal(syscall.SIGQUIT)
			time.AfterFunc(patience, func() { cmd.Process.Kill() })
			for range beats {
			}
			alive = false
		}
	}
	if err := cmd.Wait(); err != nil {
		fmt.Printf("stress: %v; run it again with -seed %d\n", err, *seed)
		return 1
	}
	return 0
}

var (
	steps atomic.Int64 // done in all, which is what counts as progress
	stop  atomic.Bool
	rooms []*room

	signals = make(chan os.Signal, 1)
)

func stress() {
	debug.SetTraceback("all")
	beat := os.NewFile(3, "heartbeat")
	for i := range *nrooms {
		rooms = append(rooms, newRoom(i))
	}
	signal.Notify(signals, syscall.SIGUSR1) // starts a goroutine that stays
	threads.requests = make(chan func())
	go func() {
		for f := range threads.requests {
			f()
		}
	}()
	before := runtime.NumGoroutine()

	var actors, servers, others sync.WaitGroup
	for i := range *nactors {
		newActor(i, &actors)
	}
	for i := range rooms {
		newActor(*nactors+i, &servers)
	}
	for _, a := range all.actors[:*nactors] {
		a.start()
	}
	var stopServers, stopOthers atomic.Bool
	for i, a := range all.actors[*nactors:] {
		a.startServer(rooms[i], &stopServers)
	}
	disturb(&others, &stopOthers)

	deadline := time.Now().Add(*duration)
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(time.Until(deadline))
		stop.Store(true)
		actors.Wait()
		// Only now: an actor may wait to join a server.
		stopServers.Store(true)
		servers.Wait()
		stopOthers.Store(true)
		others.Wait()
	})
	done := make(chan bool)
	go func() {
		wg.Wait()
		close(done)
	}()

	last, since := int64(0), time.Now()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		case <-time.After(heartbeat):
			beat.Write([]byte("."))
			if n := steps.Load(); n != last {
				last, since = n, time.Now()
			} else if time.Since(since) > patience {
				fail(nil, "no progress for %v", patience)
			}
		}
	}

	// All that was is gone: goroutines, and threads that must exit.
	poll("goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
	for _, tid := range threads.doomed {
		poll(fmt.Sprintf("thread %d to exit", tid), func() bool { return !exists(tid) })
	}
	fmt.Printf("stress: ok, %d steps, seed %d\n", steps.Load(), *seed)
}

// poll returns when cond does, and fails if that takes too long.
func poll(what string, cond func() bool) {
	for start := time.Now(); !cond(); time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			fail(nil, "timed out waiting for %s", what)
		}
	}
}

// exists reports whether this process has a thread tid.
func exists(tid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", tid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return state != "" && state[0] != 'Z' && state[0] != 'X'
}

// tracing reports whether execution traces are taken. Stock Go crashes if there is
// a goroutine in iter.Pull in a callback from C then: its frame pointers lead to
// what C has in that register. So there is either the one or the other.
func tracing() bool { return *seed%2 == 0 }

// disturb starts goroutines that make life hard for the others.
func disturb(wg *sync.WaitGroup, stop *atomic.Bool) {
	var list []int
	for _, s := range strings.Split(*procs, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "stress: bad -procs %q\n", *procs)
			os.Exit(2)
		}
		list = append(list, n)
	}
	// Change GOMAXPROCS.
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(*seed, 1<<40))
		for !stop.Load() {
			runtime.GOMAXPROCS(list[rng.IntN(len(list))])
			time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
		}
	})
	// Make garbage.
	wg.Go(func() {
		var keep [100][]byte
		for i := 0; !stop.Load(); i++ {
			keep[i%len(keep)] = make([]byte, 1+i%5000)
			if i%1000 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		runtime.KeepAlive(keep)
	})
	// Watch.
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(*seed, 1<<42))
		for !stop.Load() {
			pause := time.Duration(rng.IntN(20)) * time.Millisecond
			switch k := rng.IntN(4); {
			case k == 0:
				if err := pprof.StartCPUProfile(io.Discard); err != nil {
					fail(nil, "StartCPUProfile: %v", err)
				}
				time.Sleep(pause)
				pprof.StopCPUProfile()
			case k == 1 && tracing():
				if err := trace.Start(io.Discard); err != nil {
					fail(nil, "trace.Start: %v", err)
				}
				time.Sleep(pause)
				trace.Stop()
			case k == 2:
				pprof.Lookup("goroutine").WriteTo(io.Discard, rng.IntN(3))
			default:
				metrics.Read([]metrics.Sample{{Name: "/sched/latencies:seconds"}, {Name: "/sched/goroutines/runnable:goroutines"}})
			}
			time.Sleep(pause)
		}
	})
	// Send signals, to the process and to threads.
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(*seed, 1<<43))
		pid := os.Getpid()
		for !stop.Load() {
			tid := pid
			guarded(func() {
				for tid = range threads.locked {
					break
				}
			})
			if rng.IntN(2) == 0 {
				syscall.Kill(pid, syscall.SIGUSR1)
			} else if err := syscall.Tgkill(pid, tid, syscall.SIGUSR1); err != nil {
				continue // the thread has exited
			}
			select {
			case <-signals:
			case <-time.After(10 * time.Millisecond): // the thread has exited with it
			}
			time.Sleep(time.Duration(rng.IntN(5)) * time.Millisecond)
		}
	})
	// Collect it, and stop the world for other reasons.
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(*seed, 1<<41))
		for !stop.Load() {
			switch rng.IntN(6) {
			case 0:
				runtime.ReadMemStats(new(runtime.MemStats))
			case 1:
				runtime.Stack(make([]byte, 100<<10), true)
			case 2:
				debug.SetGCPercent(50 + rng.IntN(100))
			case 3:
				debug.FreeOSMemory()
			default:
				runtime.GC()
			}
			time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
		}
	})
}
