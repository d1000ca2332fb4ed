// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && goexperiment.threadlocker

package main

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A room is a ThreadLocker with what goroutines need to talk to each other.
type room struct {
	id    int
	l     *runtime.ThreadLocker
	ping  chan int
	serve chan int // a server receives from it most of the time
	mu    sync.Mutex

	// What follows is read and written in guarded.

	// holders counts goroutines that certainly hold l, as each counts itself
	// after Lock and before Unlock. While there are any, l is bound to tid.
	holders int
	tid     int
	// servers are the threads of all servers up to now, in order.
	servers []int
}

func newRoom(id int) *room {
	return &room{id: id, l: runtime.MakeThreadLocker(), ping: make(chan int), serve: make(chan int)}
}

// threads is what the actors know about threads.
//
// It is read and written by one goroutine, which is not locked. A mutex would not do:
// whoever waits for one in an exclusive section may let others run.
var threads struct {
	requests chan func()
	// locked counts the goroutines that are certainly locked to a thread.
	locked  map[int]int
	changes int // counts changes of locked
	// sections are the actors that are in exclusive sections, by thread.
	sections map[int]*actor
	// doomed are the last threads that must exit in the end.
	doomed []int
}

// guarded has the goroutine that guards threads call f.
func guarded(f func()) {
	done := make(chan bool)
	threads.requests <- func() {
		f()
		close(done)
	}
	<-done
}

// doom says that thread tid must exit. It is called by guarded's f.
func doom(tid int) {
	if tid == os.Getpid() || slices.Contains(threads.doomed, tid) {
		return // the main thread cannot exit
	}
	threads.doomed = append(threads.doomed, tid)
	// Of long ago, the number may be another thread's by now.
	if n := len(threads.doomed); n > 50 {
		threads.doomed = threads.doomed[n-50:]
	}
}

// An actor is a goroutine that does things at random. If it ends early, another
// takes its place. Both are known by the same id.
type actor struct {
	id   int
	gen  int // counts the goroutines
	rng  *rand.Rand
	wg   *sync.WaitGroup
	body func(*actor)

	// tid is the thread that the goroutine is locked to, or 0.
	tid int
	// in is the room whose locker it holds, or nil.
	in *room
	// ext is how many LockOSThread holds it has.
	ext int
	// callbacks is how many callbacks from C it is in.
	callbacks int
	// calls are the functions that C is to call back.
	calls []func()
	// section is how many exclusive sections it is in. There it must not wait for a
	// goroutine of its thread.
	section int
	// waits says that it may wait for a mutex in an exclusive section. Then others of its
	// thread may run, but not begin sections.
	waits bool

	// log is what it has done lately.
	log  [20]atomic.Uint64
	nlog atomic.Uint64
}

// all has all actors, from before the first one starts.
var all struct {
	actors []*actor
}

func newActor(id int, wg *sync.WaitGroup) *actor {
	a := &actor{id: id, wg: wg}
	all.actors = append(all.actors, a)
	return a
}

// start starts the next goroutine of a.
func (a *actor) start() {
	a.wg.Add(1)
	a.rng = rand.New(rand.NewPCG(*seed, uint64(a.id)<<20+uint64(a.gen)))
	a.gen++
	go func() {
		ended := true
		defer func() {
			if e := recover(); e != nil {
				fail(a, "panic: %v", e)
			}
			if ended && !stop.Load() {
				a.start()
			}
			a.wg.Done()
		}()
		for !stop.Load() {
			if !a.live() {
				return
			}
		}
		ended = false
	}()
}

// An op is what an actor logs: the number of a name in opNames, and a number.
type op int

const (
	opLock op = iota
	opUnlock
	opLockOSThread
	opUnlockOSThread
	opJoin
	opJoined
	opJoinPanicked
	opServe
	opReturn
	opGoexit
	opGosched
	opPing
	opRequest
	opSleep
	opRead
	opReadNow
	opPull
	opSpawn
	opSpin
	opMutex
	opGarbage
	opGrow
	opBadLock
	opBadUnlock
	opBadJoin
	opTryLock
	opC
	opCallback
	opUnlockInCallback
	opPoll
	opTimer
	opExec
	opCleanup
	opDo
	opGo
	opYield
	opInherit
	opBlock
	opBlocked
	numOps
)

var opNames = [numOps]string{
	"Lock", "Unlock", "LockOSThread", "UnlockOSThread", "LockToRecvOSThread", "joined", "join panicked",
	"serve", "return", "Goexit", "Gosched", "ping", "request", "sleep", "read", "read at once", "iter.Pull",
	"spawn", "spin", "mutex", "garbage", "grow", "bad Lock", "bad Unlock", "bad LockToRecvOSThread",
	"try Lock", "C", "callback", "Unlock in callback", "poll", "timer", "exec", "cleanup",
	"Do", "Go", "Yield", "Inherit", "BlockOSThread", "blocked",
}

// note logs an operation that a is about to begin.
func (a *actor) note(o op, arg int) {
	n := a.nlog.Add(1)
	a.log[n%uint64(len(a.log))].Store(uint64(o)<<32 | uint64(uint32(arg)))
	steps.Add(1)
}

func (a *actor) String() string {
	n := a.nlog.Load()
	var s strings.Builder
	fmt.Fprintf(&s, "actor %d:", a.id)
	for i := max(0, int64(n)-int64(len(a.log))+1); i <= int64(n); i++ {
		if i > 0 {
			e := a.log[i%int64(len(a.log))].Load()
			fmt.Fprintf(&s, " %s(%d)", opNames[e>>32], uint32(e))
		}
	}
	return s.String()
}

// fail says what a, if not nil, found, and ends the program.
func fail(a *actor, format string, args ...any) {
	var s strings.Builder
	fmt.Fprintf(&s, "stress: seed %d: ", *seed)
	if a != nil {
		fmt.Fprintf(&s, "actor %d, which must be on thread %d, is on %d: ", a.id, a.tid, syscall.Gettid())
	}
	fmt.Fprintf(&s, format+"\n", args...)
	for _, a := range all.actors {
		fmt.Fprintln(&s, a)
	}
	failing.Lock() // for good: one report will do
	os.Stderr.WriteString(s.String())
	buf := make([]byte, 10<<20)
	os.Stderr.Write(buf[:runtime.Stack(buf, true)])
	os.Exit(2)
}

var failing sync.Mutex

// check checks that a runs on the thread that it is locked to,
// or on none that others are locked to.
func (a *actor) check(where string) {
	if a.tid != 0 {
		if syscall.Gettid() != a.tid {
			fail(a, "after %s", where)
		}
		var by *actor
		guarded(func() {
			if by = threads.sections[a.tid]; by != nil && by.waits {
				by = nil
			}
		})
		if by != nil && by != a {
			fail(a, "after %s: in the exclusive section of actor %d", where, by.id)
		}
		return
	}
	if a.callbacks == 0 {
		checkFree(a, where)
	}
}

// checkFree checks that the calling goroutine, which is not locked,
// runs on no thread that others are locked to.
func checkFree(a *actor, where string) {
	var tid, n, changes, again int
	for {
		tid = syscall.Gettid()
		guarded(func() { n, changes = threads.locked[tid], threads.changes })
		if n == 0 {
			return
		}
		// Have those been locked to the thread while the goroutine was there?
		here := syscall.Gettid() == tid
		guarded(func() { again = threads.changes })
		if here && again == changes {
			break
		}
	}
	if n != 0 {
		fail(a, "after %s: an unlocked goroutine on thread %d, which %d others are locked to", where, tid, n)
	}
}

// locked counts a among the goroutines that are locked to this thread,
// if it is not so counted yet. It is called by guarded's f.
func (a *actor) locked(tid int) {
	if a.tid == 0 {
		a.tid = tid
		if threads.locked == nil {
			threads.locked = make(map[int]int)
		}
		threads.locked[a.tid]++
		threads.changes++
	}
}

// unlocked is to be called before a's last hold goes. It is called by guarded's f.
func (a *actor) unlocked() {
	threads.changes++
	if threads.locked[a.tid]--; threads.locked[a.tid] == 0 {
		delete(threads.locked, a.tid)
	}
	a.tid = 0
}

// enter makes a, which now holds the locker of r, count as a holder.
func (a *actor) enter(r *room) {
	tid := syscall.Gettid()
	guarded(func() {
		a.locked(tid)
		if r.holders == 0 {
			r.tid = a.tid
			doom(r.tid)
		} else if r.tid != a.tid {
			fail(a, "Lock: room %d is on thread %d", r.id, r.tid)
		}
		r.holders++
		a.in = r
	})
}

// leave is to be called before a lets go of the locker.
func (a *actor) leave() {
	guarded(func() {
		a.in.holders--
		a.in = nil
		if a.ext == 0 {
			a.unlocked()
		}
	})
}

func (a *actor) lock(r *room) {
	a.note(opLock, r.id)
	r.l.Lock()
	a.enter(r)
	a.check("Lock")
}

func (a *actor) unlock() {
	r, tid := a.in, a.tid
	a.note(opUnlock, r.id)
	a.leave()
	r.l.Unlock()
	a.left("Unlock", tid)
}

// left checks that a, if not locked any more, is no longer on thread tid.
func (a *actor) left(how string, tid int) {
	if a.tid == 0 && a.callbacks == 0 && syscall.Gettid() == tid {
		fail(a, "still on thread %d after %s", tid, how)
	}
	a.check(how)
}

// unlockInCallback drops the last hold of a in a callback from C,
// which takes effect when the C call is over.
func (a *actor) unlockInCallback() {
	r, tid := a.in, a.tid
	a.note(opC, 0)
	a.callC(func() {
		a.callbacks++
		a.note(opUnlockInCallback, r.id)
		a.leave()
		r.l.Unlock()
		for range 3 {
			if got := syscall.Gettid(); got != tid {
				fail(a, "on thread %d after Unlock in a callback on thread %d", got, tid)
			}
			runtime.Gosched()
		}
		a.callbacks--
	})
	a.left("Unlock in a callback", tid)
}

func (a *actor) lockOSThread() {
	a.note(opLockOSThread, a.ext)
	runtime.LockOSThread()
	tid := syscall.Gettid()
	guarded(func() {
		a.locked(tid)
		a.ext++
	})
	a.check("LockOSThread")
}

// enterSection notes that the goroutine, a's or one that calls a function for it, is in
// an exclusive section. It reports whether it was in none before.
func (a *actor) enterSection() (outermost bool) {
	tid := syscall.Gettid()
	guarded(func() {
		by := threads.sections[tid]
		if by != nil && by != a {
			fail(a, "in the exclusive section of actor %d", by.id)
		}
		if threads.sections == nil {
			threads.sections = make(map[int]*actor)
		}
		threads.sections[tid] = a
		outermost = by == nil
	})
	return outermost
}

// leaveSection is to be called before the outermost section ends, or is interrupted. It
// reports whether a was known to be in one.
func (a *actor) leaveSection() (known bool) {
	tid := syscall.Gettid()
	guarded(func() {
		known = threads.sections[tid] == a
		if known {
			delete(threads.sections, tid)
		}
	})
	return known
}

// inSection calls f, which runs in an exclusive section.
func (a *actor) inSection(f func()) {
	if a.enterSection() {
		defer a.leaveSection()
	}
	a.section++
	defer func() { a.section-- }()
	f()
}

// do calls a function by r's Do. If a is locked elsewhere, another goroutine does.
func (a *actor) do(r *room, depth int) {
	a.note(opDo, r.id)
	moves := a.tid == 0
	panics(a, "ThreadLocker.Do", func() {
		r.l.Do(func() {
			if !r.l.Held() && (a.tid == 0 || syscall.Gettid() != a.tid) {
				fail(a, "Do: the function does not hold the ThreadLocker of room %d", r.id)
			}
			tid := syscall.Gettid()
			if moves {
				a.enter(r)
			}
			a.inSection(func() {
				if a.tid == tid && depth < 2 {
					a.step(depth + 1)
				} else {
					time.Sleep(time.Microsecond)
					runtime.Gosched()
				}
				if got := syscall.Gettid(); got != tid {
					fail(a, "Do began on thread %d and is on %d now", tid, got)
				}
			})
			if moves {
				a.leave()
			}
		})
	})
	a.check("Do")
}

// goes starts goroutines by r's Go.
func (a *actor) goes(r *room) {
	a.note(opGo, r.id)
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		if !panics(a, "ThreadLocker.Go", func() {
			r.l.Go(func() {
				defer wg.Done()
				tid := syscall.Gettid()
				for range 2 {
					if !r.l.Held() || syscall.Gettid() != tid {
						fail(a, "Go: on thread %d, was on %d, holds %v", syscall.Gettid(), tid, r.l.Held())
					}
					runtime.Gosched()
				}
			})
		}) {
			wg.Done()
		}
	}
	if a.section == 0 && a.callbacks == 0 {
		wg.Wait()
	}
}

// inherit has goroutines start goroutines on a thread of their own.
func (a *actor) inherit() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	l.Inherit(true)
	var wg sync.WaitGroup
	var grow func(depth int)
	grow = func(depth int) {
		defer wg.Done()
		if !l.Held() || syscall.Gettid() != tid {
			fail(a, "Inherit: on thread %d, want %d, holds %v", syscall.Gettid(), tid, l.Held())
		}
		if depth < 3 {
			wg.Add(2)
			go grow(depth + 1)
			go grow(depth + 1)
		}
	}
	wg.Add(1)
	go grow(0)
	l.Unlock()
	wg.Wait()
}

// block blocks in a system call by BlockOSThread, until another goroutine comes to the
// thread.
func (a *actor) block(depth int) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		fail(a, "pipe: %v", err)
	}
	wake := func() { syscall.Write(p[1], []byte("x")) }
	come := func() {
		// wake must not be called after BlockOSThread, so this is another one.
		syscall.Write(p[1], []byte("y"))
	}
	var here atomic.Bool // the other goroutine has been on the thread
	if a.in != nil {
		l := a.in.l
		come = func() {
			l.Lock() // a keeps it bound
			here.Store(true)
			l.Unlock()
		}
	}
	// Who is the last to write closes p[1]. Otherwise a file of another might be written to.
	var writers atomic.Int32
	writers.Store(2)
	written := func() {
		if writers.Add(-1) == 0 {
			syscall.Close(p[1])
		}
	}
	came := make(chan bool)
	go func() {
		come()
		written()
		close(came)
	}()
	n, known := a.section, a.leaveSection()
	a.section = 0
	ended := false
	runtime.BlockOSThread(func() {
		if depth < 2 && a.rng.IntN(4) == 0 {
			a.step(depth + 1)
		}
		read := func() {
			a.note(opBlocked, p[0])
			for !here.Load() {
				if _, err := syscall.Read(p[0], make([]byte, 1)); err != syscall.EINTR {
					break
				}
			}
		}
		if haveC && a.rng.IntN(4) == 0 {
			a.callC(func() {
				a.callbacks++
				if depth < 2 {
					a.step(depth + 1)
				}
				a.callbacks--
			})
		}
		read()
	}, func() {
		checkFree(nil, "wake")
		if ended {
			fail(a, "wake is called after BlockOSThread")
		}
		wake()
	})
	ended = true
	written()
	a.section = n
	if known {
		a.enterSection()
	}
	if n == 0 {
		<-came
	}
	syscall.Close(p[0])
}

func (a *actor) unlockOSThread() {
	a.note(opUnlockOSThread, a.ext)
	guarded(func() {
		a.ext--
		if a.ext == 0 && a.in == nil {
			a.unlocked()
		}
	})
	runtime.UnlockOSThread()
	a.check("UnlockOSThread")
}

// join locks a to the thread of r's server. If the server is not locked at
// this time, that panics.
func (a *actor) join(r *room) (ok bool) {
	first := 0
	guarded(func() { first = max(0, len(r.servers)-1) })
	a.note(opJoin, r.id)
	if !panics(a, "LockToRecvOSThread", func() { runtime.LockToRecvOSThread(r.serve) }) {
		a.note(opJoinPanicked, r.id)
		a.check("LockToRecvOSThread panicked")
		return false
	}
	a.note(opJoined, r.id)
	var servers []int
	tid := syscall.Gettid()
	guarded(func() {
		a.locked(tid)
		a.ext = 1
		servers = r.servers[first:]
	})
	if !slices.Contains(servers, a.tid) {
		fail(a, "LockToRecvOSThread: on thread %d, servers of room %d are on %d", a.tid, r.id, servers)
	}
	return true
}

// panics calls f, and reports whether it did not panic.
// A panic must be one of the named function.
func panics(a *actor, name string, f func()) (ok bool) {
	defer func() {
		if e := recover(); e != nil {
			ok = false
			// fmt has a mutex, see waits.
			if err, isError := e.(error); !isError || !strings.HasPrefix(err.Error(), "runtime."+name+": ") {
				fail(a, "panic: %v", e)
			}
		}
	}()
	f()
	return true
}

func (a *actor) mustPanic(name string, f func()) {
	if panics(a, name, f) {
		fail(a, "%s did not panic", name)
	}
	a.check(name + " panicked")
}

// live is one episode of an actor's life, which begins and ends unlocked. It
// returns false if the goroutine is to end, with all its holds.
func (a *actor) live() bool {
	r := rooms[a.rng.IntN(len(rooms))]
	switch a.rng.IntN(8) {
	case 0:
		for range a.rng.IntN(5) {
			a.step(0)
		}
	case 1:
		a.lockOSThread()
		a.steps()
	case 2, 3, 4:
		if !a.join(r) {
			return true
		}
		a.steps()
	default:
		a.lock(r)
		a.steps()
	}
	return a.letGo()
}

// steps makes a, which is locked, do several steps.
func (a *actor) steps() {
	for range a.rng.IntN(12) {
		a.step(0)
	}
}

// letGo drops all holds of a. It returns false if a is to end instead,
// which does the same.
func (a *actor) letGo() bool {
	if a.rng.IntN(8) == 0 {
		guarded(func() {
			if a.in != nil {
				a.in.holders--
				a.in = nil
			}
			if a.tid != 0 {
				if a.ext > 0 {
					doom(a.tid)
					a.ext = 0
				}
				a.unlocked()
			}
		})
		if a.rng.IntN(2) == 0 {
			a.note(opGoexit, 0)
			runtime.Goexit()
		}
		a.note(opReturn, 0)
		return false
	}
	for a.tid != 0 {
		if a.in != nil && a.ext == 0 && haveC && a.rng.IntN(8) == 0 {
			a.unlockInCallback()
		} else if a.in != nil && (a.ext == 0 || a.rng.IntN(2) == 0) {
			a.unlock()
		} else {
			a.unlockOSThread()
		}
	}
	return true
}

var (
	mutex   sync.Mutex
	counter int
	sink    atomic.Pointer[[]byte]
)

// step makes a do one thing, and checks that it is where it was afterwards.
// In a callback from C, it must not wait for goroutines that could be in
// callbacks themselves. Depth is how many steps this is part of.
func (a *actor) step(depth int) {
	tid := a.tid
	r := rooms[a.rng.IntN(len(rooms))]
	if a.in != nil && a.rng.IntN(4) > 0 {
		r = a.in
	}
	n := a.rng.IntN(100)
	what := ""
	switch k := a.rng.IntN(30); {
	case k == 24 && a.section == 0 && a.callbacks == 0:
		what = "Do"
		a.do(r, depth)
	case k == 25:
		what = "Go"
		a.goes(r)
	case k == 26 && a.tid == 0 && a.callbacks == 0:
		what = "Inherit"
		a.note(opInherit, 0)
		a.inherit()
	case k == 27 && (a.section == 0 || a.callbacks == 0):
		// In a callback in a section, others may begin callbacks, which a waits for
		// when its own returns: so they run then.
		what = "Yield"
		a.note(opYield, 0)
		known := a.leaveSection()
		r.l.Yield()
		if known {
			a.enterSection()
		}
	case k >= 28 && a.tid != 0 && a.callbacks == 0:
		what = "BlockOSThread"
		a.note(opBlock, depth)
		a.block(depth)
	case k < 2:
		what = "Gosched"
		a.note(opGosched, 0)
		runtime.Gosched()
	case k < 5 && a.callbacks == 0:
		what = "ping"
		a.note(opPing, r.id)
		timer := time.NewTimer(time.Duration(n) * time.Microsecond)
		select {
		case r.ping <- n:
		case <-r.ping:
		case <-timer.C:
		}
		timer.Stop()
	case k < 6 && a.callbacks == 0:
		what = "request"
		a.note(opRequest, r.id)
		select {
		case r.serve <- n:
		case <-time.After(time.Duration(n) * time.Microsecond):
		}
	case k == 6:
		what = "sleep"
		a.note(opSleep, n)
		time.Sleep(time.Duration(n) * time.Microsecond)
	case k == 7:
		what = "read"
		a.note(opRead, n)
		a.read(func(w int) {
			go func() {
				if n%2 == 0 {
					time.Sleep(time.Duration(n) * time.Microsecond)
				}
				syscall.Write(w, []byte("x"))
			}()
		})
	case k == 8:
		what = "read at once"
		a.note(opReadNow, 0)
		a.read(func(w int) { syscall.Write(w, []byte("x")) })
	case k == 9 && depth < 2 && (a.callbacks == 0 || !tracing()):
		what = "iter.Pull"
		a.note(opPull, n)
		a.pull(n, depth)
	case k == 10:
		what = "spawn"
		a.note(opSpawn, 0)
		done := make(chan bool)
		go func() {
			checkFree(nil, "start")
			runtime.Gosched()
			checkFree(nil, "Gosched")
			close(done)
		}()
		<-done
	case k == 11:
		what = "spin"
		// Rarely for longer than a time slice.
		n *= 100
		if n == 0 {
			n = 10_000_000
		}
		a.note(opSpin, n)
		for range n {
			spin()
		}
	case k == 12 && a.callbacks == 0:
		what = "mutex"
		a.note(opMutex, a.section)
		if a.section > 0 {
			guarded(func() { a.waits = true })
		}
		mutex.Lock()
		if a.section > 0 {
			guarded(func() { a.waits = false })
		}
		counter++
		if n%4 == 0 {
			runtime.Gosched()
		}
		mutex.Unlock()
	case k == 13:
		what = "garbage"
		a.note(opGarbage, n)
		for range n {
			b := make([]byte, 100*n)
			sink.Store(&b)
		}
	case k == 14:
		what = "grow"
		a.note(opGrow, n)
		grow(n)
	case k == 15 && a.in != nil:
		what = "nested Lock"
		for range n % 4 {
			a.note(opLock, a.in.id)
			a.in.l.Lock()
		}
		if depth < 2 {
			a.step(depth + 1)
		}
		for range n % 4 {
			a.note(opUnlock, a.in.id)
			a.in.l.Unlock()
		}
	case k == 16 && a.tid != 0:
		what = "nested LockOSThread"
		exclusive := a.in != nil // or else only if others are on the thread
		a.lockOSThread()
		if depth < 2 {
			if exclusive {
				a.inSection(func() { a.step(depth + 1) })
			} else {
				a.section++
				a.step(depth + 1)
				a.section--
			}
		}
		a.unlockOSThread()
	case k == 17 && a.tid != 0:
		what = "a panic"
		a.note(opBadJoin, r.id)
		a.mustPanic("LockToRecvOSThread", func() { runtime.LockToRecvOSThread(r.serve) })
		if a.in != r {
			a.note(opBadUnlock, r.id)
			a.mustPanic("ThreadLocker.Unlock", r.l.Unlock)
		}
		if a.in != nil && a.in != r {
			a.note(opBadLock, r.id)
			a.mustPanic("ThreadLocker.Lock", r.l.Lock)
		}
	case k == 18 && a.tid != 0 && a.in == nil && a.callbacks == 0:
		what = "second hold"
		a.note(opTryLock, r.id)
		// It works unless r is bound to another thread.
		if panics(a, "ThreadLocker.Lock", r.l.Lock) {
			a.enter(r)
			a.check("Lock")
			if depth < 2 {
				a.step(depth + 1)
			}
			a.unlock()
		}
	case k == 21:
		what = "poll"
		a.note(opPoll, n)
		a.poll(n)
	case k == 22 && n >= 2:
		what = "timer"
		a.note(opTimer, n)
		fired := make(chan bool)
		time.AfterFunc(time.Duration(n)*time.Microsecond, func() {
			checkFree(nil, "AfterFunc")
			close(fired)
		})
		<-fired
	case k == 22 && a.section == 0:
		what = "exec"
		a.note(opExec, 0)
		cmd := exec.Command("/proc/self/exe", "-true")
		if err := cmd.Run(); err != nil {
			fail(a, "exec: %v", err)
		}
	case k == 23 && n < 10:
		what = "cleanup"
		a.note(opCleanup, 0)
		done := make(chan bool, 1)
		runtime.AddCleanup(new(*int), func(done chan bool) {
			checkFree(nil, "AddCleanup")
			done <- true
		}, done)
		<-done
	case k >= 19 && haveC && a.callbacks < 3 && depth < 2:
		what = "C"
		a.note(opC, a.callbacks)
		a.callC(func() {
			a.callbacks++
			a.note(opCallback, a.callbacks)
			a.check("callback")
			here := syscall.Gettid()
			for range a.rng.IntN(3) {
				a.step(depth + 1)
			}
			if tid == 0 {
				// The runtime's own hold is not good enough for a locker.
				a.mustPanic("ThreadLocker.Lock", r.l.Lock)
			}
			if got := syscall.Gettid(); got != here {
				fail(a, "callback began on thread %d and is on %d now", here, got)
			}
			a.callbacks--
		})
	default:
		a.note(opGosched, 1)
		runtime.Gosched()
	}
	if a.tid != tid {
		fail(a, "after %s: locked to %d, was %d", what, a.tid, tid)
	}
	a.check(what)
}

//go:noinline
func spin() { nothing() }

//go:noinline
func nothing() {}

//go:noinline
func grow(n int) byte {
	var buf [500]byte
	if n > 0 {
		buf[n] = grow(n - 1)
	}
	return buf[n/2]
}

// read reads a byte from a pipe, with a system call that blocks. It calls write
// with the other end to have the byte written.
func (a *actor) read(write func(w int)) {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		fail(a, "pipe: %v", err)
	}
	write(p[1])
	var buf [1]byte
	for {
		n, err := syscall.Read(p[0], buf[:])
		if err == syscall.EINTR {
			continue
		}
		if n != 1 || err != nil {
			fail(a, "read: %d, %v", n, err)
		}
		break
	}
	syscall.Close(p[0])
	syscall.Close(p[1])
}

// poll reads a byte from a pipe by way of the network poller.
func (a *actor) poll(n int) {
	r, w, err := os.Pipe()
	if err != nil {
		fail(a, "os.Pipe: %v", err)
	}
	defer r.Close()
	defer w.Close()
	if n%4 == 0 {
		r.SetReadDeadline(time.Now().Add(time.Duration(n) * time.Microsecond))
		if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			fail(a, "Read: %v", err)
		}
		return
	}
	go func() {
		time.Sleep(time.Duration(n) * time.Microsecond)
		w.Write([]byte("x"))
	}()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		fail(a, "Read: %v", err)
	}
}

// pull makes a work in a coroutine's body.
func (a *actor) pull(n, depth int) {
	values, want := n%5, n%7
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := range values {
			a.check("yield")
			if a.tid == 0 && a.callbacks == 0 && n%3 == 0 {
				// Not locked: it may be, in between.
				a.lock(rooms[n%len(rooms)])
				a.step(depth + 1)
				a.unlock()
			} else {
				a.step(depth + 1)
			}
			if !yield(i) {
				return
			}
		}
	})
	for i := range want {
		v, ok := next()
		a.check("next")
		if ok != (i < values) || ok && v != i {
			fail(a, "next: %d, %v", v, ok)
		}
	}
	stop()
}

// startServer starts an actor that others join: it is locked, in one way or the
// other, and receives from r.serve.
func (a *actor) startServer(r *room, stop *atomic.Bool) {
	a.wg.Add(1)
	a.rng = rand.New(rand.NewPCG(*seed, uint64(a.id)<<20+uint64(a.gen)))
	a.gen++
	go func() {
		defer func() {
			if e := recover(); e != nil {
				fail(a, "panic: %v", e)
			}
			if !stop.Load() {
				a.startServer(r, stop)
			}
			a.wg.Done()
		}()
		for !stop.Load() {
			if a.rng.IntN(2) == 0 {
				a.lock(r)
			} else {
				a.lockOSThread()
			}
			guarded(func() { r.servers = append(r.servers, a.tid) })
			for n := a.rng.IntN(100); n > 0 && !stop.Load(); n-- {
				a.receive(r)
				if n%10 == 0 {
					a.step(1)
				}
			}
			if !a.letGo() {
				return
			}
			if a.rng.IntN(4) == 0 {
				// Whoever wants to join now panics.
				a.receive(r)
			}
		}
	}()
}

// receive receives from r.serve, though not forever.
func (a *actor) receive(r *room) {
	a.note(opServe, r.id)
	timer := time.NewTimer(time.Millisecond)
	select {
	case <-r.serve:
	case <-timer.C:
	}
	timer.Stop()
	a.check("receive")
}
