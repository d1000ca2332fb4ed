//go:build goexperiment.threadlocker

// Package mainthread lets any goroutine call functions on the main thread, which some C
// libraries insist on, mostly graphical ones. It is what golang.org/issue/64777 and
// golang.org/issue/70089 propose for the standard library, by a [runtime.ThreadLocker].
//
// A library can use it with no help from the program. The package takes the main thread
// in its init function. From then on main.main, too, is on the main thread and holds it.
// When main.main waits, by a channel, a mutex, time.Sleep or anything else that Go knows
// of, other goroutines run their functions there.
//
// What a program has to know:
//
//   - A main.main that computes delays [Do] by up to a time slice, 10 ms.
//   - A main.main that blocks in C or in a system call delays Do until it is back. An
//     event loop in C waits by [runtime.BlockOSThread], best in the library that binds
//     it. Reads from network connections and pipes are waits that Go knows of.
//   - If an init function calls [runtime.LockOSThread], main.main has the main thread to
//     itself, as if Do had called it, whether that init function runs before this
//     package's or after it. Do waits until main.main calls [Yield],
//     runtime.BlockOSThread or [runtime.UnlockOSThread]. Nothing is lost by calling
//     UnlockOSThread first thing in main.main: it stays on the main thread.
//   - If main.main ends by [runtime.Goexit], nobody holds the main thread any more, and Do
//     panics.
//   - What main.main sends to goroutines on other threads and gets from them takes two
//     switches of threads, as always under LockOSThread.
//
// In a c-shared library or a c-archive the main thread is C's. There Do uses the thread
// of Go's init functions. On Linux, it panics.
package mainthread

import "runtime"

// thread is bound to the main thread. The main goroutine holds it.
var thread = runtime.MakeThreadLocker()

func init() {
	// The main goroutine is on the main thread now. A ThreadLocker is bound to the
	// thread of a goroutine only if that has called LockOSThread. The locker keeps
	// the goroutine there when LockOSThread is undone.
	earlier := 0
	for ; lockedOSThread(); earlier++ {
		runtime.UnlockOSThread()
	}
	runtime.LockOSThread()
	thread.Lock()
	runtime.UnlockOSThread()
	// What was locked before the locker was there would not keep others from the thread.
	for range earlier {
		runtime.LockOSThread()
	}
}

// lockedOSThread reports whether the calling goroutine, which runs init functions and
// holds no ThreadLocker, has called LockOSThread. If not, Lock panics.
func lockedOSThread() (locked bool) {
	defer func() { locked = recover() == nil }()
	l := runtime.MakeThreadLocker()
	l.Lock()
	l.Unlock()
	return
}

// Do calls f on the main thread. Nothing else runs there until f returns, even if f
// waits, unless f calls [Yield] or [runtime.BlockOSThread].
//
// The calling goroutine goes to the main thread and comes back. If it is there already,
// in f for instance, Do calls f at once. If it is locked to another thread, another
// goroutine calls f, and Do waits. In any case a panic of f is a panic of Do.
func Do(f func()) {
	check()
	thread.Do(f)
}

// Yield lets calls of [Do] that wait for the main thread run, each until it returns or
// waits. It is for long functions of Do, and for a main.main that has the thread to
// itself. Elsewhere it is [runtime.Gosched].
func Yield() { thread.Yield() }
