// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"internal/synctest"
	"iter"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func init() {
	registerInit("ThreadLockerInit", threadLockerInInit)
	register("ThreadLockerInit", ThreadLockerInit)
	registerInit("ThreadLockerInitLocked", threadLockerInInitLocked)
	register("ThreadLockerInitLocked", ThreadLockerInitLocked)

	for _, name := range []string{"ThreadLockerMain", "ThreadLockerMainTaint", "ThreadLockerMainUnlocks", "ThreadLockerMainGoexit", "ThreadLockerMainGoexitDeadlock", "ThreadLockerMainGoexitNobody"} {
		registerInit(name, func() {
			threadLockerMainTID = gettid()
			// Lock the OS thread now so main runs on the main thread.
			runtime.LockOSThread()
		})
	}
	register("ThreadLockerMain", ThreadLockerMain)
	register("ThreadLockerMainTaint", ThreadLockerMainTaint)
	register("ThreadLockerMainUnlocks", ThreadLockerMainUnlocks)
	register("ThreadLockerMainReturns", ThreadLockerMainReturns)
	register("ThreadLockerMainGoexit", ThreadLockerMainGoexit)
	register("ThreadLockerMainGoexitDeadlock", ThreadLockerMainGoexitDeadlock)
	register("ThreadLockerMainGoexitNobody", ThreadLockerMainGoexitNobody)
	register("ThreadLockerPanic", ThreadLockerPanic)
	register("ThreadLockerExit", ThreadLockerExit)

	register("ThreadLockerDeadlockRecv", ThreadLockerDeadlockRecv)
	register("ThreadLockerDeadlockJoiners", ThreadLockerDeadlockJoiners)
	register("ThreadLockerDeadlockColocated", ThreadLockerDeadlockColocated)
	registerInit("ThreadLockerDeadlockMain", runtime.LockOSThread)
	register("ThreadLockerDeadlockMain", ThreadLockerDeadlockMain)
	register("ThreadLockerDeadlockGone", ThreadLockerDeadlockGone)
	register("ThreadLockerNoDeadlock", ThreadLockerNoDeadlock)

	register("ThreadLockerPreempt", ThreadLockerPreempt)
	register("ThreadLockerProgress", ThreadLockerProgress)
	register("ThreadLockerPing", ThreadLockerPing)

	register("ThreadLockerCoroLockAfterPull", ThreadLockerCoroLockAfterPull)
	register("ThreadLockerCoroUnlockAfterPull", ThreadLockerCoroUnlockAfterPull)
	register("ThreadLockerCoroNestAfterPull", ThreadLockerCoroNestAfterPull)
	register("ThreadLockerCoroLockOSThreadAfterPull", ThreadLockerCoroLockOSThreadAfterPull)
	register("ThreadLockerCoroBodyLocks", ThreadLockerCoroBodyLocks)
	register("ThreadLockerCoroBodyUnlocks", ThreadLockerCoroBodyUnlocks)
	register("ThreadLockerCoroOtherThread", ThreadLockerCoroOtherThread)
	register("ThreadLockerCoroJoinAfterPull", ThreadLockerCoroJoinAfterPull)

	register("ThreadLockerSynctestOutside", ThreadLockerSynctestOutside)
}

// threadLockerMainTID is the main thread, or 0 where gettid does not work.
var threadLockerMainTID int

func tlFail(args ...any) {
	fmt.Println(args...)
	os.Exit(1)
}

// tlMustPanic fails unless f panics with a message of the named function.
func tlMustPanic(name string, f func()) {
	defer func() {
		e := recover()
		if e == nil {
			tlFail(name, "did not panic")
		}
		if !strings.HasPrefix(fmt.Sprint(e), "runtime."+name+": ") {
			tlFail("unexpected panic:", e)
		}
	}()
	f()
}

// tlOn fails if the caller does not run on thread tid.
func tlOn(tid int) {
	if t := gettid(); t != tid {
		tlFail("running on thread", t, "want", tid)
	}
}

// tlNotOn fails if the caller runs on thread tid.
func tlNotOn(tid int) {
	if t := gettid(); tid != 0 && t == tid {
		tlFail("running on thread", t)
	}
}

// tlGo runs f on a new goroutine and returns when it is done.
func tlGo(f func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// tlWaitExit waits until thread tid does not exist.
// It does nothing for the main thread, which cannot exit.
func tlWaitExit(tid int) {
	for tid != 0 && tid != os.Getpid() {
		exists, supported, err := tidExists(tid)
		// There is an error if it exits right then. The next look will tell.
		if err == nil && (!supported || !exists) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// tlUse keeps many threads busy, so that a thread that is free to run any
// goroutine is likely to run one of them, and checks that none is thread tid.
func tlUse(tid int) {
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 20 {
				tlNotOn(tid)
				runtime.Gosched()
			}
			// The others need another thread while this one is locked.
			runtime.LockOSThread()
			tlNotOn(tid)
			time.Sleep(time.Microsecond)
			tlNotOn(tid)
			runtime.UnlockOSThread()
		})
	}
	wg.Wait()
}

// threadLockerInInit runs during package initialization, when only the runtime
// locks the main goroutine to its thread.
func threadLockerInInit() {
	threadLockerMainTID = gettid()
	l, bound := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	// No locker binds.
	tlMustPanic("ThreadLocker.Lock", l.Lock)
	tlMustPanic("ThreadLocker.Unlock", l.Unlock)
	// This goroutine counts as locked to another thread than a bound one.
	done := make(chan bool)
	held := make(chan bool)
	go func() {
		bound.Lock()
		held <- true
		<-done
		bound.Unlock()
		held <- true
	}()
	<-held
	tlMustPanic("ThreadLocker.Lock", bound.Lock)
	done <- true
	<-held
	// It cannot join, either.
	tlMustPanic("LockToRecvOSThread", func() { runtime.LockToRecvOSThread(done) })
	// Nor does it count as locked when it receives.
	for _, blocked := range []bool{true, false} {
		ch := make(chan bool, 1)
		panicked := make(chan bool, 1)
		go func() {
			if !blocked {
				ch <- true
			}
			tlMustPanic("LockToRecvOSThread", func() { runtime.LockToRecvOSThread(ch) })
			panicked <- true
			if blocked {
				ch <- true
			}
		}()
		<-ch
		if blocked {
			<-panicked
			continue
		}
		// The caller may have come too late for that receive.
		select {
		case <-panicked:
		case <-ch:
		}
	}
	tlOn(threadLockerMainTID)
	// With LockOSThread, all is different.
	runtime.LockOSThread()
	l.Lock()
	tlOn(threadLockerMainTID)
	tlGo(func() {
		l.Lock()
		tlOn(threadLockerMainTID)
		l.Unlock()
		tlNotOn(threadLockerMainTID)
	})
	ch := make(chan bool)
	go func() {
		runtime.LockToRecvOSThread(ch)
		tlOn(threadLockerMainTID)
		runtime.UnlockOSThread()
		tlNotOn(threadLockerMainTID)
		ch <- true
	}()
	<-ch
	l.Unlock()
	runtime.UnlockOSThread()
	// The runtime still holds the goroutine here, and nothing else does.
	tlOn(threadLockerMainTID)
	tlMustPanic("ThreadLocker.Lock", l.Lock)
}

func ThreadLockerInit() {
	// What was held in init is not held any more.
	l := runtime.MakeThreadLocker()
	tlMustPanic("ThreadLocker.Unlock", l.Unlock)
	l.Lock()
	l.Unlock()
	println("OK")
}

// threadLockerInitLocker is bound to the main thread during initialization.
var threadLockerInitLocker *runtime.ThreadLocker

func threadLockerInInitLocked() {
	threadLockerMainTID = gettid()
	threadLockerInitLocker = runtime.MakeThreadLocker()
	runtime.LockOSThread()
	threadLockerInitLocker.Lock()
	runtime.UnlockOSThread()
}

func ThreadLockerInitLocked() {
	// The locker alone holds main on the main thread now.
	l := threadLockerInitLocker
	tlOn(threadLockerMainTID)
	tlGo(func() {
		l.Lock()
		tlOn(threadLockerMainTID)
		l.Unlock()
	})
	tlOn(threadLockerMainTID)
	l.Unlock()
	tlNotOn(threadLockerMainTID)
	tlUse(threadLockerMainTID)
	println("OK")
}

// ThreadLockerMain gets a locker for the main thread,
// as the documentation tells programs to do.
func ThreadLockerMain() {
	tlOn(threadLockerMainTID)
	l := runtime.MakeThreadLocker()
	l.Lock()
	tlOn(threadLockerMainTID)
	var wg sync.WaitGroup
	ch := make(chan int)
	for range 4 {
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for range 100 {
				tlOn(threadLockerMainTID)
				<-ch
			}
		})
	}
	for i := range 400 {
		ch <- i
		tlOn(threadLockerMainTID)
	}
	wg.Wait()
	joined := make(chan bool)
	go func() {
		runtime.LockToRecvOSThread(joined)
		tlOn(threadLockerMainTID)
		runtime.UnlockOSThread()
		tlNotOn(threadLockerMainTID)
		joined <- true
	}()
	<-joined
	tlOn(threadLockerMainTID)
	l.Unlock()
	// LockOSThread still holds.
	tlOn(threadLockerMainTID)
	tlUse(threadLockerMainTID)
	tlOn(threadLockerMainTID)
	// The locker is unbound. Whoever locks it next binds another thread.
	tlGo(func() {
		l.Lock()
		tlNotOn(threadLockerMainTID)
		l.Unlock()
	})
	println("OK")
}

// ThreadLockerMainUnlocks leaves the main thread, which must stay parked:
// it neither exits nor runs another goroutine.
func ThreadLockerMainUnlocks() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	runtime.UnlockOSThread()
	tlOn(threadLockerMainTID)
	tlGo(func() {
		l.Lock()
		tlOn(threadLockerMainTID)
	})
	tlOn(threadLockerMainTID)
	l.Unlock()
	tlNotOn(threadLockerMainTID)
	tlMainParked()
	// The locker binds another thread now.
	l.Lock()
	tlNotOn(threadLockerMainTID)
	l.Unlock()
	tlMainParked()
	println("OK")
}

// ThreadLockerMainTaint has a goroutine exit while LockOSThread
// holds it on the main thread.
func ThreadLockerMainTaint() {
	ch := make(chan bool)
	join := func() {
		go func() {
			runtime.LockToRecvOSThread(ch)
			tlOn(threadLockerMainTID)
			ch <- true
			// Exit with the thread locked.
		}()
		<-ch
	}
	join()
	tlOn(threadLockerMainTID)
	join() // still possible
	tlOn(threadLockerMainTID)
	runtime.UnlockOSThread()
	tlNotOn(threadLockerMainTID)
	tlMainParked()
	println("OK")
}

// tlMainParked checks that the main thread exists and runs no goroutine.
func tlMainParked() {
	tlUse(threadLockerMainTID)
	runtime.GC()
	if threadLockerMainTID != 0 {
		exists, supported, err := tidExists(threadLockerMainTID)
		if err != nil {
			tlFail(err)
		}
		if supported && !exists {
			tlFail("the main thread has exited")
		}
	}
}

// ThreadLockerMainReturns returns from main while others share main's thread,
// and while others share another thread. All that ends the program.
func ThreadLockerMainReturns() {
	l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	l.Lock()
	for _, l := range []*runtime.ThreadLocker{l, l2} {
		for range 3 {
			ready := make(chan bool)
			go func() {
				l.Lock()
				ready <- true
				for {
					runtime.Gosched()
				}
			}()
			<-ready
		}
	}
	println("OK")
}

// ThreadLockerMainGoexit ends the main goroutine, but not the program, while another
// goroutine shares the main thread.
func ThreadLockerMainGoexit() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	main := tlID()
	locked := make(chan bool)
	go func() {
		l.Lock()
		locked <- true
		for tlExists(main) {
			runtime.Gosched()
		}
		tlOn(threadLockerMainTID)
		// The main goroutine has left its LockOSThread hold behind, so that
		// the thread runs no others once this one has gone.
		tlGo(func() {
			l.Lock()
			tlOn(threadLockerMainTID)
			l.Unlock()
		})
		l.Unlock()
		tlNotOn(threadLockerMainTID)
		tlMainParked()
		println("OK")
		os.Exit(0)
	}()
	<-locked
	runtime.Goexit()
}

// ThreadLockerMainGoexitDeadlock does the same, and then the other one is asleep.
func ThreadLockerMainGoexitDeadlock() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	locked := make(chan bool)
	go func() {
		l.Lock()
		locked <- true
		<-locked
	}()
	<-locked
	runtime.Goexit()
}

// ThreadLockerMainGoexitNobody does the same, and then the other one is gone, too.
func ThreadLockerMainGoexitNobody() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	main := tlID()
	go func() {
		l.Lock()
		for tlExists(main) {
			runtime.Gosched()
		}
	}()
	runtime.Goexit()
}

// tlID returns the number of the calling goroutine.
func tlID() string {
	buf := make([]byte, 64)
	id, _, _ := strings.Cut(strings.TrimPrefix(string(buf[:runtime.Stack(buf, false)]), "goroutine "), " ")
	return id
}

// tlExists reports whether there is a goroutine with the given number.
func tlExists(id string) bool {
	buf := make([]byte, 1<<20)
	return strings.Contains("\n"+string(buf[:runtime.Stack(buf, true)]), "\ngoroutine "+id+" ")
}

// ThreadLockerPanic has a goroutine panic on a thread that it shares with one that
// can run, one that waits and one that waits in a deferred function for a panic
// of its own to be over.
func ThreadLockerPanic() {
	l := runtime.MakeThreadLocker()
	locked := make(chan bool)
	never := make(chan bool)
	go func() {
		l.Lock()
		locked <- true
		for {
			runtime.Gosched()
		}
	}()
	<-locked
	go func() {
		l.Lock()
		locked <- true
		<-never
	}()
	<-locked
	go func() {
		l.Lock()
		defer func() {
			recover()
			locked <- true
			select {}
		}()
		panic("one that is recovered")
	}()
	<-locked
	go func() {
		l.Lock()
		panic("one that is not recovered")
	}()
	<-never
}

// ThreadLockerExit has threads come and go. None must be left over.
func ThreadLockerExit() {
	var tids []int
	var mu sync.Mutex
	for range 10 {
		var wg sync.WaitGroup
		l := runtime.MakeThreadLocker()
		for i := range 5 {
			wg.Go(func() {
				l.Lock()
				mu.Lock()
				tids = append(tids, gettid())
				mu.Unlock()
				switch i {
				case 0:
					l.Unlock()
				case 1:
					runtime.Goexit()
				case 2:
					runtime.LockOSThread()
					l.Unlock()
				}
			})
		}
		wg.Wait()
	}
	for _, tid := range tids {
		tlWaitExit(tid)
	}
	println("OK")
}

// ThreadLockerDeadlockRecv waits for a receiver that never comes.
func ThreadLockerDeadlockRecv() {
	runtime.LockToRecvOSThread(make(chan int))
	tlFail("LockToRecvOSThread returned")
}

// ThreadLockerDeadlockJoiners has several wait for one that only sends.
func ThreadLockerDeadlockJoiners() {
	ch := make(chan int)
	go func() {
		runtime.LockOSThread()
		ch <- 1
	}()
	go runtime.LockToRecvOSThread(ch)
	runtime.LockToRecvOSThread(ch)
	tlFail("LockToRecvOSThread returned")
}

// ThreadLockerDeadlockColocated has goroutines of one thread wait for each other.
func ThreadLockerDeadlockColocated() {
	l := runtime.MakeThreadLocker()
	a, b := make(chan int), make(chan int)
	go func() {
		l.Lock()
		<-a
		b <- 1
	}()
	go func() {
		l.Lock()
		<-b
		a <- 1
	}()
	l.Lock()
	select {}
}

// ThreadLockerDeadlockMain is the same on the main thread.
func ThreadLockerDeadlockMain() {
	ch := make(chan int)
	go func() {
		runtime.LockToRecvOSThread(ch)
		<-ch
	}()
	<-ch
	tlFail("received a value that nobody sent")
}

// ThreadLockerDeadlockGone deadlocks when all dedicated threads are gone.
func ThreadLockerDeadlockGone() {
	l := runtime.MakeThreadLocker()
	tlGo(l.Lock)
	tlGo(func() {
		l.Lock()
		runtime.LockOSThread()
	})
	tlGo(func() {
		l.Lock()
		l.Unlock()
	})
	<-make(chan int)
}

// ThreadLockerNoDeadlock is mostly asleep, but never for good.
func ThreadLockerNoDeadlock() {
	l := runtime.MakeThreadLocker()
	a, b := make(chan int), make(chan int)
	go func() {
		l.Lock()
		for v := range a {
			b <- v
		}
		close(b)
	}()
	tlGo(func() {
		// Both sides on one thread, everybody else blocked.
		l.Lock()
		for i := range 1000 {
			a <- i
			<-b
		}
		// Woken by a timer only.
		time.Sleep(time.Millisecond)
		l.Unlock()
		// One side on it.
		for i := range 1000 {
			a <- i
			<-b
		}
	})
	// All wait for a goroutine that waits for its turn to join.
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			l.Lock()
			runtime.Gosched()
			a <- 1
			<-b
			l.Unlock()
		})
	}
	wg.Wait()
	// All wait for one that waits for a receiver.
	joined := make(chan bool)
	go func() {
		runtime.LockToRecvOSThread(a)
		close(joined)
	}()
	<-joined
	close(a)
	<-b
	println("OK")
}

// tlSpin does nothing, but checks for preemption,
// which a function that calls no other need not do.
//
//go:noinline
func tlSpin() { dummy() }

// ThreadLockerPreempt has goroutines of one thread that never block each wait
// for the other to run. The calls in the loops let it work without
// asynchronous preemption.
func ThreadLockerPreempt() {
	for _, others := range []int{0, 2} {
		l := runtime.MakeThreadLocker()
		var stop atomic.Bool
		var wg sync.WaitGroup
		for range others {
			// Ordinary goroutines that do not block either.
			wg.Go(func() {
				for !stop.Load() {
					tlSpin()
				}
			})
		}
		const n, rounds = 3, 3
		var turn atomic.Int32
		var turns sync.WaitGroup
		for i := range n {
			turns.Go(func() {
				l.Lock()
				defer l.Unlock()
				for r := range rounds {
					for turn.Load() != int32(r*n+i) {
						tlSpin()
					}
					turn.Add(1)
				}
			})
		}
		turns.Wait()
		stop.Store(true)
		wg.Wait()
	}
	println("OK")
}

// ThreadLockerProgress checks that goroutines of one thread that always have
// work keep nothing else from getting done.
func ThreadLockerProgress() {
	var stop atomic.Bool
	var hogs sync.WaitGroup
	var ticks atomic.Int64
	l := runtime.MakeThreadLocker()
	ch := make(chan int)
	hogs.Go(func() {
		l.Lock()
		defer l.Unlock()
		for !stop.Load() {
			ch <- 1
		}
		close(ch)
	})
	hogs.Go(func() {
		l.Lock()
		defer l.Unlock()
		for range ch {
			ticks.Add(1)
		}
	})
	hogs.Go(func() {
		l.Lock()
		defer l.Unlock()
		for !stop.Load() {
			tlSpin()
		}
	})
	// The hogs, too, make progress. (For each value,
	// the last of them takes a whole time slice.)
	for ticks.Load() < 10 {
		runtime.Gosched()
	}

	for range 3 {
		tlGo(func() {})

		time.Sleep(time.Millisecond)
		fired := make(chan bool)
		time.AfterFunc(time.Millisecond, func() { close(fired) })
		<-fired

		r, w, err := os.Pipe()
		if err != nil {
			tlFail(err)
		}
		go func() {
			time.Sleep(time.Millisecond)
			w.Write([]byte("x"))
			w.Close()
		}()
		buf := make([]byte, 2)
		if n, err := r.Read(buf); n != 1 || err != nil {
			tlFail("read", n, "bytes and", err)
		}
		r.Close()

		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		finalized, cleaned := make(chan bool), make(chan bool)
		func() {
			type big struct{ p [100]*int }
			runtime.SetFinalizer(new(big), func(*big) { close(finalized) })
			runtime.AddCleanup(new(big), func(c chan bool) { close(c) }, cleaned)
		}()
		for finalized != nil || cleaned != nil {
			runtime.GC()
			select {
			case <-finalized:
				finalized = nil
			case <-cleaned:
				cleaned = nil
			default:
			}
		}
	}
	stop.Store(true)
	hogs.Wait()
	println("OK")
}

// ThreadLockerPing has goroutines of several threads talk to each other while
// the garbage collector runs and the world is stopped.
func ThreadLockerPing() {
	var wg sync.WaitGroup
	for range 3 {
		l := runtime.MakeThreadLocker()
		a, b := make(chan []byte), make(chan []byte)
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			for p := range a {
				b <- append(make([]byte, 0, 1000), p...)
			}
		})
		wg.Go(func() {
			l.Lock()
			defer l.Unlock()
			defer close(a)
			for i := range 300 {
				a <- []byte(fmt.Sprint(i))
				if s := string(<-b); s != fmt.Sprint(i) {
					tlFail("got", s, "want", i)
				}
			}
		})
	}
	for range 3 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
	}
	wg.Wait()
	println("OK")
}

// The programs that follow resume a coroutine with other holds than it was
// created with, each in its own way. Each must end with a fatal error.

func tlSeq(yield func(int) bool) {
	for i := range 3 {
		if !yield(i) {
			return
		}
	}
}

func ThreadLockerCoroLockAfterPull() {
	next, _ := iter.Pull(tlSeq)
	next()
	runtime.MakeThreadLocker().Lock()
	next()
}

func ThreadLockerCoroUnlockAfterPull() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	next, _ := iter.Pull(tlSeq)
	next()
	l.Unlock()
	next()
}

func ThreadLockerCoroNestAfterPull() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	next, _ := iter.Pull(tlSeq)
	next()
	l.Lock()
	next()
}

func ThreadLockerCoroLockOSThreadAfterPull() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	next, _ := iter.Pull(tlSeq)
	next()
	runtime.LockOSThread()
	next()
}

func ThreadLockerCoroBodyLocks() {
	l := runtime.MakeThreadLocker()
	next, _ := iter.Pull(func(yield func(int) bool) {
		l.Lock()
		yield(1)
	})
	next()
}

func ThreadLockerCoroBodyUnlocks() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	next, _ := iter.Pull(func(yield func(int) bool) {
		l.Unlock()
		yield(1)
	})
	next()
}

// The same locker, held once, but bound to another thread meanwhile.
func ThreadLockerCoroOtherThread() {
	l, l2 := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	l.Lock()
	next, _ := iter.Pull(tlSeq)
	next()
	l.Unlock()
	l2.Lock()
	next()
}

func ThreadLockerCoroJoinAfterPull() {
	ch := make(chan int)
	go func() {
		runtime.LockOSThread()
		<-ch
	}()
	next, _ := iter.Pull(tlSeq)
	next()
	runtime.LockToRecvOSThread(ch)
	next()
}

// ThreadLockerSynctestOutside uses a channel of a bubble from outside of it.
func ThreadLockerSynctestOutside() {
	chs := make(chan chan int, 1)
	never := make(chan int)
	go synctest.Run(func() {
		chs <- make(chan int)
		<-never
	})
	runtime.LockToRecvOSThread(<-chs)
	tlFail("LockToRecvOSThread returned")
}
