// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime

import (
	"internal/cpu"
	"internal/goarch"
	"internal/runtime/atomic"
	"internal/runtime/sys"
	"unsafe"
)

// LockToRecvOSThread locks the calling goroutine to the operating system
// thread of the goroutine that is receiving from ch, which must itself be
// locked to a thread by [LockOSThread], by LockToRecvOSThread, or by a
// [ThreadLocker]. When LockToRecvOSThread returns, the caller runs on that
// thread, which it shares with all other goroutines that are locked to it: one
// of them runs at a time. A goroutine that blocks in a system call or in C
// keeps the others from running.
//
// If several goroutines are blocked receiving from ch, the one that has waited
// longest decides. If none is, LockToRecvOSThread waits until one is, or until
// one has received without blocking. It takes no value from ch.
//
// The caller is locked as if by LockOSThread: [UnlockOSThread] undoes it. If
// other goroutines remain locked to the thread then, UnlockOSThread returns on
// another thread.
//
// LockToRecvOSThread panics if ch is nil, if ch is closed or is closed while it
// waits, if the caller is locked to a thread already, if the receiving
// goroutine is not locked to a thread, and if either of them runs on a thread
// that Go did not create.
func LockToRecvOSThread[T any](ch <-chan T) {
	lockToRecv(*(**hchan)(unsafe.Pointer(&ch)))
}

// A ThreadLocker locks any number of goroutines to one operating system
// thread, for operating system services and C libraries that insist that
// all calls come from the same thread. It must be created by
// [MakeThreadLocker] and must not be copied.
//
// A ThreadLocker is bound to a thread while at least one goroutine holds it.
// The thread runs only goroutines that are locked to it, one at a time. They
// communicate with each other as fast as goroutines on an ordinary thread do. A
// goroutine that blocks in a system call or in C keeps the others from running.
// Goroutines that a locked goroutine starts are not locked.
//
// A ThreadLocker satisfies sync.Locker, but it excludes nobody: any number of
// goroutines can hold it at the same time, and neither Lock nor Unlock
// synchronizes memory.
//
// While a goroutine is in a callback from C, other goroutines of its thread may
// run, call C, and be called back. A callback returns to C only when no C call
// that began on the thread after it is still in progress, and waits otherwise.
// A goroutine in a callback does not leave its thread before its outermost C
// call is over. C state such as errno is not kept across a callback.
type ThreadLocker struct {
	state threadLocker
	self  *ThreadLocker // detects copies and the zero value
	_     [cpu.CacheLinePadSize - unsafe.Sizeof(threadLocker{}) - goarch.PtrSize]byte
}

// MakeThreadLocker returns a new ThreadLocker, which is not bound to a thread.
func MakeThreadLocker() *ThreadLocker {
	l := new(ThreadLocker)
	l.self = l
	return l
}

// Lock locks the calling goroutine to l's thread.
//
// If no goroutine holds l, Lock binds l to a new thread and moves the caller there.
// No other goroutine has run on that thread before, and it is never the main thread.
// If the caller is locked by [LockOSThread] or [LockToRecvOSThread], Lock binds l to
// the caller's thread instead. So to get a ThreadLocker for the main thread, call
// LockOSThread in an init function and Lock in main.main. (On Plan 9, where the
// runtime does not end threads, Lock binds l to the caller's thread in any case.)
//
// If another goroutine holds l, Lock moves the caller to the thread that l is bound to,
// and returns when its turn there has come. A caller that is locked to that thread
// already, by LockOSThread or LockToRecvOSThread, becomes a holder of l as well.
//
// A goroutine that holds l may call Lock again. It takes as many calls of
// [ThreadLocker.Unlock] to undo.
//
// Lock panics if the caller is locked to another thread, if it holds another
// ThreadLocker, if l is unbound and the caller is locked only by the runtime
// (in an init function, or in a callback from C), if it runs on a thread that Go
// did not create, and if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Lock() {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Lock: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	if r := getg().locks; r != nil && r.locker == &l.state {
		r.nlock++
		if r.nlock == 0 {
			r.nlock--
			panic(plainError("runtime.ThreadLocker.Lock: nesting overflow; call Unlock as often as Lock"))
		}
		return
	}
	l.state.lock(false)
}

// Unlock undoes one call of [ThreadLocker.Lock] by the calling goroutine.
//
// If that was the last one, and the goroutine is not also locked by
// [LockOSThread], the goroutine leaves the thread: when Unlock returns, it runs
// on another one. When the last holder has left, l is no longer bound. The
// thread exits as soon as no goroutine is locked to it any more; if it is the
// main thread, it stays parked instead.
//
// A goroutine that ends is unlocked as if by Unlock.
//
// Unlock panics if the caller does not hold l, and if l was not made by
// [MakeThreadLocker].
func (l *ThreadLocker) Unlock() {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Unlock: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	r := getg().locks
	if r == nil || r.locker != &l.state {
		panic(plainError("runtime.ThreadLocker.Unlock: the calling goroutine does not hold this ThreadLocker; call Lock on the same goroutine first"))
	}
	r.nlock--
	if r.nlock == 0 {
		l.state.unlock()
	}
}

// Do calls f on l's thread, in an exclusive section: no other goroutine runs on the
// thread until f returns, even if f waits. It is what a library that keeps a thread
// for itself needs, for callers that can be anywhere.
//
// If the caller is not locked to a thread, it moves to l's thread, calls f, and moves
// back. If it holds l, or is locked to the same thread otherwise, Do calls f at once.
// In f, Do can be called again.
//
// If the caller cannot move, another goroutine, which holds l, calls f, and the caller
// waits. That is so if the caller is locked to another thread, by LockOSThread, by
// another ThreadLocker, in an init function, or in a callback from C, and if it runs
// on a thread that Go did not create. If f panics or calls [Goexit], so does Do.
//
// A function that l's Do calls happens before the next one. What it does before a Yield
// happens before those that are called during the Yield.
//
// An exclusive section ends while f calls [ThreadLocker.Yield] or [BlockOSThread]. A
// function f that waits for another goroutine of the thread in any other way waits
// forever, except for a mutex: see [LockOSThread].
//
// Do panics if no goroutine holds l, since what f did to the thread would be lost with
// it, and if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Do(f func()) {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Do: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	gp := getg()
	s := &l.state
	if r := gp.locks; r != nil && r.locker == s || s.boundHere(gp) {
		s.doHere(f)
		return
	}
	if !s.hold() {
		panic(plainError("runtime.ThreadLocker.Do: no goroutine holds the ThreadLocker; start one that calls Lock and stays while others call Do"))
	}
	if gp.canVisit() {
		s.doVisit(f)
	} else {
		s.doElsewhere(f, sys.GetCallerPC())
	}
}

// Go starts a goroutine that calls f and holds l from the start: it never runs on
// another thread. When f returns, the goroutine ends, and is unlocked. Goroutines that
// one goroutine starts by Go begin to run in that order.
//
// Go panics if no goroutine holds l, and if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Go(f func()) {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Go: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	if !l.state.hold() {
		panic(plainError("runtime.ThreadLocker.Go: no goroutine holds the ThreadLocker; call Lock first, in this goroutine or in another one that stays"))
	}
	lockedGo(&l.state, *(**funcval)(unsafe.Pointer(&f)), sys.GetCallerPC(), 0)
}

// Held reports whether the calling goroutine holds l.
//
// Held panics if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Held() bool {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Held: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	r := getg().locks
	return r != nil && r.locker == &l.state
}

// Inherit says whether goroutines that a holder of l starts are holders from the start.
// After Inherit(true) they are, and so are those that they start, whatever library
// does that. So all of them stay on the thread, with what the kernel keeps for it, such
// as a network namespace. After Inherit(false), goroutines that are started later are
// not. What timers start, and goroutines of the runtime and of os/signal, never are.
//
// Inherit panics if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Inherit(on bool) {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Inherit: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	l.state.inherit.Store(on)
}

// Yield lets others run. In an exclusive section, which LockOSThread on a shared thread
// or [ThreadLocker.Do] has begun, each runnable goroutine of the thread gets one turn,
// goroutines that have just come to it included. Then the section goes on. Outside of
// such sections Yield does what [Gosched] does. Gosched does not end a section.
//
// Yield panics if l was not made by MakeThreadLocker.
func (l *ThreadLocker) Yield() {
	if l == nil || l.self != l {
		panic(plainError("runtime.ThreadLocker.Yield: zero or copied ThreadLocker; use the pointer that MakeThreadLocker returned"))
	}
	gp := getg()
	if r := gp.record(); r != nil && r.exclusive() && r.critical != 0 {
		exclusiveYield(gp, r)
		return
	}
	Gosched()
}

// BlockOSThread calls block, which blocks the calling goroutine's thread in C or in a
// system call, as the main loop of a graphical toolkit does. If meanwhile another
// goroutine of the thread can run, BlockOSThread has wake called, on another thread.
//
// wake must make block return, or make C call a Go function on this thread that calls
// [Gosched] or [ThreadLocker.Yield]. It must work also when block is only about to wait.
// For poll that is a write to a pipe, for GLFW glfwPostEmptyEvent, for SDL an event of
// the user's, for GTK g_idle_add at default priority. wake is called once for all
// goroutines that can run, until the thread has been back in Go. It is called by a
// goroutine that is not locked to a thread, one call at a time for each thread. It must
// not wait for the thread. If it panics, the program ends.
//
// When block has returned, wake is not called any more, and no call of it is in progress.
// Then each runnable goroutine of the thread gets one turn, before BlockOSThread returns.
// An exclusive section around BlockOSThread ends for that time, as by Yield. If the
// caller's last hold on the thread is dropped in block, the caller leaves the thread at
// the end of BlockOSThread.
//
// Calls can nest, in callbacks and by several goroutines of the thread. The wake function
// of the innermost call counts.
//
// The call of BlockOSThread happens before each call of wake, and its return happens
// before BlockOSThread returns.
//
// If the caller is not locked to a thread, or on a thread that Go did not create, and on
// js/wasm and wasip1/wasm, BlockOSThread only calls block.
func BlockOSThread(block, wake func()) {
	if block == nil || wake == nil {
		panic(plainError("runtime.BlockOSThread: nil function; pass one that blocks and one that ends that"))
	}
	gp := getg()
	if GOARCH == "wasm" || gp.lockflags&gLockThread == 0 || gp.m.isextra {
		block()
		return
	}
	lockedBlockOSThread(block, wake)
}

// lock makes the current goroutine, which does not hold l, a holder. If held is true,
// hold has been called for it, and it is not locked.
func (l *threadLocker) lock(held bool) {
	if GOARCH != "wasm" && GOOS != "plan9" && atomic.Load(&newmHandoff.haveTemplateThread) == 0 {
		startTemplateThread() // see LockOSThread
	}
	r := getg().ownRecord()
	if r.locker != nil {
		panic(plainError("runtime.ThreadLocker.Lock: the calling goroutine holds another ThreadLocker; call its Unlock first"))
	}
	if getg().m.isextra {
		panic(plainError("runtime.ThreadLocker.Lock: called on a thread that Go did not create; call it on a goroutine that Go code started"))
	}
	stack := r.stack // of LockToRecvOSThread, or nil
	if stack == nil {
		stack = lockedStack()
	}
	mp := acquirem()
	gp := mp.curg
	err := ""
	move := false
	for {
		w := l.word.Load()
		if held {
			r.g.set(gp)
			if GOARCH == "wasm" {
				gp.lockflags |= gLockUser
				break
			}
			lockedJoin(l.boundTo().ptr(), gp)
			move = true
			break
		}
		if w&lockerBinding != 0 {
			// Another goroutine makes l's thread just now.
			releasem(mp)
			Gosched()
			mp = acquirem()
			continue
		}
		bound := w&lockerHolders != 0
		if GOARCH == "wasm" {
			if !bound && wasmInit(gp) && gp.lockflags&gLockUser == 0 {
				err = threadLockerRuntimeHold
				break
			}
			r.g.set(gp)
			gp.lockflags |= gLockUser
			l.word.Store(w + 1)
			break
		}
		if !bound {
			if gp.lockedm != 0 && gp.lockflags&gLockUser == 0 {
				err = threadLockerRuntimeHold
				break
			}
			if !l.word.CompareAndSwap(w, w+lockerBinding) {
				continue
			}
			move = l.bind(w+lockerBinding, mp, gp, r)
			break
		}
		to := l.boundTo()
		if gp.lockedm != 0 && gp.lockedm != to {
			if l.word.Load() != w {
				continue
			}
			err = "runtime.ThreadLocker.Lock: the calling goroutine is locked to another thread than the ThreadLocker is bound to; unlock it from that thread first"
			break
		}
		if !l.word.CompareAndSwap(w, w+1) {
			continue
		}
		// gp holds l, so that the thread cannot exit.
		if gp.lockedm != 0 {
			lockedStay(mp, gp, r)
			break
		}
		r.g.set(gp)
		lockedJoin(to.ptr(), gp)
		move = true
		break
	}
	if err != "" {
		releasem(mp)
		panic(plainError(err))
	}
	r.locker = l
	r.nlock = 1
	r.stack = stack
	if move {
		lockedMove(mp)
		return
	}
	releasem(mp)
}

// bind binds l, which has set its word to w, to the thread of gp, the current
// goroutine, if that is locked to it, and else to a new one. It reports whether gp is to
// move there. gp must not be preempted before, so that those who want to lock l wait no
// longer than that takes.
func (l *threadLocker) bind(w uint64, mp *m, gp *g, r *gLocks) (move bool) {
	if gp.lockedm != 0 || GOOS == "plan9" {
		lockedStay(mp, gp, r)
		mp.lockbits |= mBound
		mp.lockedq.bound++
		l.publish(w, mp)
		return false
	}
	acquirem() // for newmStart
	mp = lockedNewm()
	r.g.set(gp)
	lockedJoin(mp, gp)
	l.publish(w, mp)
	newmStart(mp)
	return true
}

// lockedStay makes gp, the current goroutine, which is to hold a ThreadLocker bound to
// mp, the current m, a g of mp, with the record r. It may be one already.
func lockedStay(mp *m, gp *g, r *gLocks) {
	r.g.set(gp)
	if !r.here {
		lockedCount(mp, r)
	}
	gp.lockedm.set(mp)
	mp.lockedg.set(gp)
	gp.lockflags |= gLockThread | gLockUser
}

const threadLockerRuntimeHold = "runtime.ThreadLocker.Lock: the calling goroutine is locked to its thread only by the runtime, for package initialization or a callback from C; call LockOSThread first, or call Lock outside of it"

// unlock drops the hold of the current goroutine, a holder, on l.
func (l *threadLocker) unlock() {
	gp := getg()
	r := gp.locks
	r.locker = nil
	if !r.recv {
		r.stack = nil // what may hold it now is LockOSThread
	}
	mp := acquirem()
	l.drop(mp)
	releasem(mp)
	if GOARCH != "wasm" {
		unlockedHold()
	} else if r.ext == 0 {
		gp.freeRecord()
		gp.lockflags &^= gLockUser
	}
}

// doVisit is Do for the current goroutine, which is not locked. l has become bound to
// a thread, since the caller has called hold.
func (l *threadLocker) doVisit(f func()) {
	l.lock(true)
	defer l.doLeave()
	l.doHere(f)
}

// doLeave undoes the Lock of doVisit.
func (l *threadLocker) doLeave() {
	r := getg().record()
	if r == nil || r.locker != l {
		panic(plainError("runtime.ThreadLocker.Do: the function has called Unlock more often than Lock"))
	}
	r.nlock--
	if r.nlock == 0 {
		l.unlock()
	}
}
