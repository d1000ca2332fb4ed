//go:build goexperiment.threadlocker

package main

import (
	"runtime"
	"sync"
)

// locker is bound to the main thread, and whoever works there holds it.
var locker = runtime.MakeThreadLocker()

// withMainThread calls f, and has the main thread ready for others meanwhile. It
// must be called by main.
func withMainThread(f func()) {
	locker.Lock()
	defer locker.Unlock()
	f()
}

// onMain calls f on the main thread.
func onMain(f func()) {
	locker.Lock()
	defer locker.Unlock()
	f()
}

// stay lets the calling goroutine live on the main thread until it calls leave.
func stay() (leave func()) {
	locker.Lock()
	return locker.Unlock
}

// A batch leaves the state of the OpenGL context to no other batch. The goroutines of
// a thread run one at a time, but one that has run for long gives way to the next.
var contextMu sync.Mutex

// batch makes the calls of OpenGL that are in f: here and now, the caller is on
// the main thread.
func batch(f func()) {
	contextMu.Lock()
	defer contextMu.Unlock()
	f()
}

// wait waits until done is ready. The goroutines of the main thread go on.
func wait(done <-chan struct{}) {
	<-done
}
