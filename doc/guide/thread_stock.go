//go:build !goexperiment.threadlocker

package main

import "runtime"

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	calls chan func()
}

func NewThread() *Thread {
	t := &Thread{make(chan func())}
	go func() {
		runtime.LockOSThread()
		for f := range t.calls {
			f()
		}
		// The goroutine ends locked, and so does its thread.
	}()
	return t
}

// Do calls f on the thread, and returns when it has returned.
func (t *Thread) Do(f func()) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		f()
	}
	<-done
}

// Close ends the thread.
func (t *Thread) Close() { close(t.calls) }
