//go:build !goexperiment.threadlocker

package main

import "sync"

// A call is a function that the main thread is to call for another goroutine.
type call struct {
	f    func()
	done chan struct{}
}

var (
	calls = make(chan call)
	dones = sync.Pool{New: func() any { return make(chan struct{}, 1) }}
)

// withMainThread calls f, on a goroutine of its own, and has the main thread ready for
// others meanwhile. It must be called by main.
func withMainThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	wait(done)
}

// onMain calls f on the main thread.
func onMain(f func()) {
	done := dones.Get().(chan struct{})
	calls <- call{f, done}
	<-done
	dones.Put(done)
}

// stay does nothing: no other goroutine than main can be on the main thread.
func stay() (leave func()) {
	return func() {}
}

// batch makes the calls of OpenGL that are in f: main does.
func batch(f func()) {
	onMain(f)
}

// wait waits until done is ready. Main must wait by it, nowhere else: it is what
// serves the others.
func wait(done <-chan struct{}) {
	for {
		select {
		case c := <-calls:
			c.f()
			c.done <- struct{}{}
		case <-done:
			return
		}
	}
}
