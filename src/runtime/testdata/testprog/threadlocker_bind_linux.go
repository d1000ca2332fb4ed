// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// These programs bind lockers on goroutines that are not locked. A locker then
// gets a thread that is new, and that exits with the last holder. No other
// thread exits, and what the kernel keeps for one stays as it is.

func init() {
	for name, f := range map[string]func(){
		"ThreadLockerPdeathsig":  ThreadLockerPdeathsig,
		"ThreadLockerIOUring":    ThreadLockerIOUring,
		"ThreadLockerPosixTimer": ThreadLockerPosixTimer,
	} {
		// Keep the main thread, which cannot exit, away from the others.
		registerInit(name, runtime.LockOSThread)
		register(name, f)
	}
	register("ThreadLockerEcho", ThreadLockerEcho)

	registerInit("ThreadLockerMainNetNS", runtime.LockOSThread)
	register("ThreadLockerMainNetNS", ThreadLockerMainNetNS)
	register("ThreadLockerExits", ThreadLockerExits)
	register("ThreadLockerNewThread", ThreadLockerNewThread)
	register("ThreadLockerManyBinds", ThreadLockerManyBinds)

	register("ThreadLockerMaxThreadsMain", func() { tlAtMaxThreads(tlBindOne) })
	register("ThreadLockerMaxThreadsBusy", func() { tlAtMaxThreads(tlBindBusy) })
	register("ThreadLockerMaxThreadsLocked", func() { tlAtMaxThreads(tlBindFromLocked) })
	register("ThreadLockerNprocMain", func() { tlAtNproc(tlBindOne) })
	register("ThreadLockerNprocBusy", func() { tlAtNproc(tlBindBusy) })
	register("ThreadLockerNprocLocked", func() { tlAtNproc(tlBindFromLocked) })
}

// tlSkip ends a program that cannot do its work here.
func tlSkip(args ...any) {
	fmt.Println(append([]any{"SKIP:"}, args...)...)
	os.Exit(0)
}

// tlPatience bounds how long a program waits for what must come.
const tlPatience = 2 * time.Minute

// tlPair binds a locker and unlocks it, and waits until its thread has exited.
func tlPair() {
	l := runtime.MakeThreadLocker()
	before := gettid()
	l.Lock()
	tid := gettid()
	l.Unlock()
	tlNotOn(tid)
	tlWaitExit(tid)
	if exists, _, err := tidExists(before); err == nil && !exists {
		tlFail("thread", before, "has exited, which is no locker's")
	}
}

// A tlNeighbor has something in the kernel that belongs to a thread.
type tlNeighbor interface {
	check()  // that it is still there
	finish() // use it, and check that it works
}

// tlNeighbors has goroutines each call start, and then lock and unlock. Other
// goroutines do so as well.
func tlNeighbors(start func(i int) tlNeighbor) {
	const n = 8
	var started, own, done sync.WaitGroup
	others := make(chan bool)
	started.Add(n)
	for i := range n {
		own.Add(1)
		done.Go(func() {
			x := start(i)
			// Most likely it is still on the thread that x belongs to.
			tlPair()
			x.check()
			started.Done()
			started.Wait()
			for range 5 {
				tlPair()
				x.check()
			}
			own.Done()
			<-others
			x.check()
			x.finish()
		})
	}
	own.Wait()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				tlPair()
			}
		})
	}
	wg.Wait()
	close(others)
	done.Wait()
	println("OK")
}

// ThreadLockerPdeathsig starts processes that die when the thread exits that has
// started them.
func ThreadLockerPdeathsig() {
	tlNeighbors(func(int) tlNeighbor {
		inR, inW, err := os.Pipe()
		if err != nil {
			tlFail(err)
		}
		outR, outW, err := os.Pipe()
		if err != nil {
			tlFail(err)
		}
		p, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], "ThreadLockerEcho"}, &os.ProcAttr{
			Files: []*os.File{inR, outW, os.Stderr},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
		})
		if err != nil {
			tlFail("start:", err)
		}
		inR.Close()
		outW.Close()
		return &tlChild{p, inW, outR}
	})
}

type tlChild struct {
	p       *os.Process
	in, out *os.File
}

func (c *tlChild) check() {
	buf := []byte("x")
	if _, err := c.in.Write(buf); err != nil {
		tlFail("the child process has gone: write:", err)
	}
	if n, err := c.out.Read(buf); n != 1 {
		tlFail("the child process has gone: read:", err)
	}
}

func (c *tlChild) finish() {
	c.in.Close()
	if state, err := c.p.Wait(); err != nil || !state.Success() {
		tlFail("the child process has ended:", state, err)
	}
}

// ThreadLockerEcho writes what it reads.
func ThreadLockerEcho() {
	var buf [1]byte
	for {
		if n, err := os.Stdin.Read(buf[:]); n != 1 || err != nil {
			return
		}
		if _, err := os.Stdout.Write(buf[:]); err != nil {
			return
		}
	}
}

// ThreadLockerIOUring has requests of io_uring pending, which end with ECANCELED
// when the thread exits that has made them.
func ThreadLockerIOUring() {
	tlNeighbors(func(int) tlNeighbor { return newTLRing() })
}

type tlRing struct {
	fd        int
	r, w      int // a pipe
	buf       *[1]byte
	cqHead    *uint32
	cqTail    *uint32
	cqMask    uint32
	completed *[1 << 10]tlRingCompletion
}

type tlRingCompletion struct {
	user  uint64
	res   int32
	flags uint32
}

type tlRingRequest struct {
	opcode, flags uint8
	ioprio        uint16
	fd            int32
	off, addr     uint64
	len           uint32
	rwFlags       uint32
	user          uint64
	_             [24]byte
}

type tlRingParams struct {
	sqEntries, cqEntries, flags, sqCPU, sqIdle, features, wqFD uint32
	_                                                          [3]uint32
	sq                                                         struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

// newTLRing returns a ring with a request to read from a pipe that is empty.
func newTLRing() *tlRing {
	const (
		IORING_OP_READ        = 22
		IORING_OFF_SQ_RING    = 0
		IORING_OFF_CQ_RING    = 0x8000000
		IORING_OFF_SQES       = 0x10000000
		entries               = 4
		offNone               = ^uint64(0)
		sizeRequest           = unsafe.Sizeof(tlRingRequest{})
		sizeCompletion        = unsafe.Sizeof(tlRingCompletion{})
		protection, mapShared = syscall.PROT_READ | syscall.PROT_WRITE, syscall.MAP_SHARED | syscall.MAP_POPULATE
	)
	var p tlRingParams
	if unsafe.Sizeof(p) != 120 || sizeRequest != 64 || sizeCompletion != 16 {
		tlFail("sizes are wrong")
	}
	fd, _, e := syscall.Syscall(tlSysIOUring, entries, uintptr(unsafe.Pointer(&p)), 0)
	switch e {
	case 0:
	case syscall.ENOSYS, syscall.EPERM, syscall.EACCES, syscall.ENOMEM:
		tlSkip("io_uring_setup:", e)
	default:
		tlFail("io_uring_setup:", e)
	}
	mmap := func(off int64, n uint32) unsafe.Pointer {
		b, err := syscall.Mmap(int(fd), off, int(n), protection, mapShared)
		if err != nil {
			tlFail("mmap:", err)
		}
		return unsafe.Pointer(&b[0])
	}
	sq := mmap(IORING_OFF_SQ_RING, p.sq.array+4*p.sqEntries)
	cq := mmap(IORING_OFF_CQ_RING, p.cq.cqes+uint32(sizeCompletion)*p.cqEntries)
	requests := (*[entries]tlRingRequest)(mmap(IORING_OFF_SQES, uint32(sizeRequest)*p.sqEntries))
	field := func(ring unsafe.Pointer, off uint32) *uint32 { return (*uint32)(unsafe.Add(ring, off)) }

	x := &tlRing{
		fd:        int(fd),
		buf:       new([1]byte),
		cqHead:    field(cq, p.cq.head),
		cqTail:    field(cq, p.cq.tail),
		cqMask:    *field(cq, p.cq.mask),
		completed: (*[1 << 10]tlRingCompletion)(unsafe.Add(cq, p.cq.cqes)),
	}
	var err error
	if x.r, x.w, err = pipe(); err != nil {
		tlFail("pipe:", err)
	}
	requests[0] = tlRingRequest{
		opcode: IORING_OP_READ,
		fd:     int32(x.r),
		off:    offNone,
		addr:   uint64(uintptr(unsafe.Pointer(x.buf))),
		len:    1,
		user:   12345,
	}
	tail := field(sq, p.sq.tail)
	*field(sq, p.sq.array+4*(*tail&*field(sq, p.sq.mask))) = 0
	atomic.AddUint32(tail, 1)
	if n := x.enter(1, 0, 0); n != 1 {
		tlFail("io_uring_enter took", n, "requests")
	}
	x.check()
	return x
}

func (x *tlRing) enter(submit, wait, flags uintptr) int {
	for {
		n, _, e := syscall.Syscall6(tlSysIOUring+1, uintptr(x.fd), submit, wait, flags, 0, 0)
		if e == 0 {
			return int(n)
		}
		if e != syscall.EINTR {
			tlFail("io_uring_enter:", e)
		}
	}
}

// result returns the result of the request, if it is complete.
func (x *tlRing) result() (res int32, ok bool) {
	head := atomic.LoadUint32(x.cqHead)
	if head == atomic.LoadUint32(x.cqTail) {
		return 0, false
	}
	c := &x.completed[head&x.cqMask]
	if c.user != 12345 {
		tlFail("unknown completion", *c)
	}
	return c.res, true
}

func (x *tlRing) check() {
	if res, ok := x.result(); ok {
		tlFail("a read of an empty pipe is complete, with", res)
	}
}

func (x *tlRing) finish() {
	const IORING_ENTER_GETEVENTS = 1
	if _, err := syscall.Write(x.w, []byte("y")); err != nil {
		tlFail("write:", err)
	}
	x.enter(0, 1, IORING_ENTER_GETEVENTS)
	res, ok := x.result()
	if res < 0 {
		tlFail("the read has failed:", syscall.Errno(-res))
	}
	if !ok || res != 1 || x.buf[0] != 'y' {
		tlFail("the read has returned", res, ok, x.buf[0])
	}
}

// tlSysIOUring is the number of io_uring_setup, which io_uring_enter follows.
var tlSysIOUring = func() uintptr {
	// New system calls have the same number everywhere, counted from where those
	// of the ABI begin.
	switch {
	case strings.HasPrefix(runtime.GOARCH, "mips64"):
		return 5425
	case strings.HasPrefix(runtime.GOARCH, "mips"):
		return 4425
	}
	return 425
}()

// ThreadLockerPosixTimer has timers that send signals to a thread, and send none
// when it has exited.
func ThreadLockerPosixTimer() {
	tlNeighbors(func(i int) tlNeighbor { return newTLTimer(i) })
}

type tlTimer struct {
	tid int
	id  int32
	sig syscall.Signal
	c   chan os.Signal
}

func newTLTimer(i int) *tlTimer {
	const CLOCK_MONOTONIC, SIGEV_THREAD_ID = 1, 4
	x := &tlTimer{
		sig: syscall.Signal(40 + i), // one that nothing else is for
		c:   make(chan os.Signal, 1),
	}
	signal.Notify(x.c, x.sig)
	x.tid = gettid()
	event := struct {
		value              uintptr
		signo, notify, tid int32
		_                  [64]byte
	}{signo: int32(x.sig), notify: SIGEV_THREAD_ID, tid: int32(x.tid)}
	if _, _, e := syscall.RawSyscall(syscall.SYS_TIMER_CREATE, CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&x.id))); e != 0 {
		tlFail("timer_create:", e)
	}
	return x
}

func (x *tlTimer) check() {
	if err := syscall.Tgkill(os.Getpid(), x.tid, 0); err != nil {
		tlFail("thread", x.tid, "of the timer:", err)
	}
}

func (x *tlTimer) finish() {
	setting := struct{ interval, value syscall.Timespec }{value: syscall.Timespec{Nsec: 1}}
	if _, _, e := syscall.RawSyscall6(syscall.SYS_TIMER_SETTIME, uintptr(x.id), 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0); e != 0 {
		tlFail("timer_settime:", e)
	}
	select {
	case <-x.c:
	case <-time.After(tlPatience):
		tlFail("the signal of the timer has not come")
	}
	x.check()
}

// ThreadLockerMainNetNS gives the threads of lockers network namespaces of their
// own. The process shows that of its main thread, which none of them may be.
func ThreadLockerMainNetNS() {
	const self, thread = "/proc/self/ns/net", "/proc/thread-self/ns/net"
	pid := os.Getpid()
	netNS := func(name string) string {
		ns, err := os.Readlink(name)
		if err != nil {
			tlFail(err)
		}
		return ns
	}
	old := netNS(self)
	l := runtime.MakeThreadLocker()
	var unshared atomic.Pointer[error]
	bind := func(l *runtime.ThreadLocker) {
		l.Lock()
		tid := gettid()
		if tid == pid {
			tlFail("a locker is bound to the main thread")
		}
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		unshared.Store(&err)
		if err == nil && netNS(thread) == old {
			tlFail("the thread has no namespace of its own")
		}
		if ns := netNS(self); ns != old {
			tlFail("the process is in", ns, "want", old)
		}
		l.Unlock()
		tlNotOn(tid)
		if ns := netNS(thread); ns != old {
			tlFail("who has left the locker's thread is in", ns, "want", old)
		}
		tlWaitExit(tid)
		if ns := netNS(self); ns != old {
			tlFail("the process is in", ns, "want", old)
		}
	}

	// The main goroutine is held on the main thread, and stays there, if nothing
	// moves it, until it has to go.
	if gettid() != pid {
		tlFail("LockOSThread in init has not kept main on the main thread")
	}
	runtime.UnlockOSThread()
	bind(l)
	for range 10 {
		bind(l)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 10 {
				bind(runtime.MakeThreadLocker())
			}
		})
	}
	wg.Wait()
	if err := *unshared.Load(); err != nil {
		// All but the namespace has been checked.
		tlSkip("unshare:", err)
	}
	println("OK")
}

// ThreadLockerExits has the last holder of a locker leave in each way that there
// is. The thread always exits.
func ThreadLockerExits() {
	tids := make(chan int, 1)
	lock := func() *runtime.ThreadLocker {
		l := runtime.MakeThreadLocker()
		l.Lock()
		tid := gettid()
		if tid == os.Getpid() {
			tlFail("a locker is bound to the main thread")
		}
		tids <- tid
		return l
	}
	// join returns when another goroutine is locked to the thread of the
	// caller by LockToRecvOSThread. It calls f when the caller has left.
	join := func(tid int, f func()) (left func()) {
		ch := make(chan bool)
		go func() {
			runtime.LockToRecvOSThread(ch)
			tlOn(tid)
			ch <- true
			<-ch
			tlOn(tid)
			f()
			ch <- true
		}()
		<-ch
		return func() {
			ch <- true
			<-ch
		}
	}
	ways := []struct {
		name string
		ends bool // the goroutine
		f    func()
	}{
		{"Unlock", false, func() { lock().Unlock() }},
		{"nested", false, func() {
			l := lock()
			l.Lock()
			l.Unlock()
			l.Unlock()
		}},
		{"return", true, func() { lock() }},
		{"Goexit", true, func() {
			lock()
			runtime.Goexit()
		}},
		{"Goexit, deferred Unlock", true, func() {
			defer lock().Unlock()
			runtime.Goexit()
		}},
		{"panic", false, func() {
			defer func() { recover() }()
			defer lock().Unlock()
			panic("one that is recovered")
		}},
		{"panic, no Unlock", true, func() {
			defer func() { recover() }()
			lock()
			panic("one that is recovered")
		}},
		{"LockOSThread inside", false, func() {
			l := lock()
			runtime.LockOSThread()
			runtime.UnlockOSThread()
			l.Unlock()
		}},
		{"LockOSThread outlives", false, func() {
			l := lock()
			runtime.LockOSThread()
			l.Unlock()
			tid := gettid()
			tlUse(tid)
			tlOn(tid)
			runtime.UnlockOSThread()
			tlNotOn(tid)
		}},
		{"LockOSThread remains", true, func() {
			l := lock()
			runtime.LockOSThread()
			l.Unlock()
		}},
		{"joined outlives", false, func() {
			l := lock()
			tid := gettid()
			left := join(tid, func() {
				tlUse(tid)
				tlOn(tid)
				runtime.UnlockOSThread()
				tlNotOn(tid)
			})
			l.Unlock()
			tlNotOn(tid)
			left()
		}},
		{"joined ends", true, func() {
			l := lock()
			tid := gettid()
			left := join(tid, func() {})
			l.Unlock()
			left()
		}},
		{"another locker", false, func() {
			// A second one gets bound to the same thread, and remains.
			l := lock()
			tid := gettid()
			left := join(tid, func() {
				l := runtime.MakeThreadLocker()
				l.Lock()
				runtime.UnlockOSThread()
				tlOn(tid)
				tlGo(func() {
					l.Lock()
					tlOn(tid)
				})
				l.Unlock()
				tlNotOn(tid)
			})
			l.Unlock()
			left()
		}},
		{"bound under LockOSThread", false, func() {
			runtime.LockOSThread()
			tid := gettid()
			l := runtime.MakeThreadLocker()
			l.Lock()
			tlOn(tid)
			l.Unlock()
			tlOn(tid)
			runtime.UnlockOSThread()
			tlNotOn(tid)
			tids <- tid
		}},
	}
	for range 3 {
		for _, way := range ways {
			tlGo(way.f)
			tid := <-tids
			tlWaitExit(tid)
			// The main goroutine is like any other.
			if way.ends || strings.HasPrefix(way.name, "bound under") {
				continue
			}
			way.f()
			tid = <-tids
			tlWaitExit(tid)
		}
	}
	println("OK")
}

// ThreadLockerNewThread binds lockers while ordinary goroutines use many threads.
// No locker gets one of those, and none of those exits.
func ThreadLockerNewThread() {
	var (
		ordinary sync.Map // threads on which ordinary goroutines have run
		bound    sync.Map // threads of lockers that are held
		stop     atomic.Bool
		work, wg sync.WaitGroup
	)
	r, w, err := pipe()
	if err != nil {
		tlFail("pipe:", err)
	}
	look := func() {
		tid := gettid()
		ordinary.Store(tid, true)
		if _, ok := bound.Load(tid); ok {
			tlFail("an ordinary goroutine runs on thread", tid, "of a locker")
		}
	}
	for i := range 12 {
		work.Go(func() {
			for !stop.Load() {
				look()
				switch i % 4 {
				case 0:
					runtime.Gosched()
				case 1:
					time.Sleep(time.Microsecond)
				case 2:
					// A system call that blocks takes a thread.
					if _, err := syscall.Read(r, make([]byte, 1)); err != nil && err != syscall.EINTR {
						tlFail("read:", err)
					}
				case 3:
					runtime.LockOSThread()
					look()
					runtime.Gosched()
					runtime.UnlockOSThread()
				}
			}
		})
	}
	work.Go(func() {
		for !stop.Load() {
			look()
			syscall.Write(w, []byte("xx"))
			runtime.Gosched()
		}
		syscall.Write(w, make([]byte, 100))
	})
	for range 3 {
		wg.Go(func() {
			for range 25 {
				look()
				l := runtime.MakeThreadLocker()
				l.Lock()
				tid := gettid()
				if tid == os.Getpid() {
					tlFail("a locker is bound to the main thread")
				}
				if _, ok := ordinary.Load(tid); ok {
					tlFail("a locker is bound to thread", tid, "on which ordinary goroutines have run")
				}
				bound.Store(tid, true)
				runtime.Gosched()
				tlOn(tid)
				bound.Delete(tid)
				l.Unlock()
				tlNotOn(tid)
				look()
				tlWaitExit(tid)
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	work.Wait()
	for tid := range ordinary.Range {
		if exists, supported, err := tidExists(tid.(int)); err != nil || supported && !exists {
			tlFail("thread", tid, "of ordinary goroutines has exited", err)
		}
	}
	println("OK")
}

// ThreadLockerManyBinds binds ten thousand threads, some at the same time. They
// take neither threads nor memory along.
func ThreadLockerManyBinds() {
	const (
		n           = 10_000
		slack       = 16 // threads that the runtime may start for other things
		memorySlack = 32 << 20
	)
	tasks := func() int {
		names, err := os.ReadDir("/proc/self/task")
		if err != nil {
			tlFail(err)
		}
		return len(names)
	}
	memory := func() uint64 {
		debug.FreeOSMemory()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.Sys - stats.HeapReleased
	}
	binds := func(n int) {
		shared := runtime.MakeThreadLocker()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range n / 4 {
					l := shared
					if i != 0 {
						l = runtime.MakeThreadLocker()
					}
					switch (i + j) % 3 {
					case 0:
						l.Lock()
						l.Unlock()
					case 1:
						tlGo(l.Lock)
					case 2:
						// Two holders.
						l.Lock()
						tlGo(l.Lock)
						l.Unlock()
					}
				}
			})
		}
		wg.Wait()
	}
	binds(n / 10)
	threads, bytes := tasks(), memory()
	binds(n)
	for deadline := time.Now().Add(tlPatience); tasks() > threads+slack; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			tlFail(tasks(), "threads are left, there were", threads)
		}
	}
	if now := memory(); now > bytes+memorySlack {
		tlFail(now, "bytes are in use,", bytes, "were before")
	}
	println("OK")
}

// tlReady gets all threads started that are not those of a locker.
func tlReady() {
	tlPair() // the template thread
	for range 3 {
		tlUse(0)
		runtime.GC()
	}
}

// tlAtMaxThreads calls bind when there may be no more threads than there are.
func tlAtMaxThreads(bind func()) {
	tlReady()
	m := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	metrics.Read(m)
	debug.SetMaxThreads(int(m[0].Value.Uint64()))
	bind()
	tlFail("there are more threads than there may be")
}

// tlAtNproc calls bind when the kernel makes no more threads.
func tlAtNproc(bind func()) {
	const RLIMIT_NPROC = 6
	tlReady()
	if err := syscall.Setrlimit(RLIMIT_NPROC, &syscall.Rlimit{Cur: 1, Max: 1}); err != nil {
		tlFail("setrlimit:", err)
	}
	if os.Getuid() == 0 {
		// There is no limit for the superuser.
		if err := syscall.Setuid(65534); err != nil {
			tlFail("setuid:", err)
		}
	}
	bind()
	tlFail("there is no limit")
}

func tlBindOne() {
	runtime.MakeThreadLocker().Lock()
}

// tlBindBusy binds while all processors are busy.
func tlBindBusy() {
	var n atomic.Int32
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for n.Add(1); ; {
				tlSpin()
			}
		}()
	}
	for int(n.Load()) < runtime.GOMAXPROCS(0) {
		runtime.Gosched()
	}
	tlBindOne()
}

// tlBindFromLocked binds while the thread that has just run is one from which no
// other may be cloned.
func tlBindFromLocked() {
	runtime.LockOSThread()
	tlGo(tlBindOne)
}
