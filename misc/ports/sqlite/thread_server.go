//go:build !goexperiment.threadlocker || server

package sqlitethread

import (
	"runtime"
	"sync"
)

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	calls chan call
}

// A call is a function that the thread is to call for another goroutine.
type call struct {
	f    func()
	done chan struct{}
}

var dones = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

func NewThread() *Thread {
	t := &Thread{make(chan call)}
	go func() {
		runtime.LockOSThread()
		for c := range t.calls {
			c.f()
			c.done <- struct{}{}
		}
		// The goroutine ends locked, and so does its thread.
	}()
	return t
}

// Do calls f on the thread, and returns when it has returned. It panics after Close.
func (t *Thread) Do(f func()) {
	done := dones.Get().(chan struct{})
	t.calls <- call{f, done}
	<-done
	dones.Put(done)
}

// Stay does nothing: no other goroutine than the server can be on the thread.
func (t *Thread) Stay() (leave func()) { return func() {} }

// Close ends the thread.
func (t *Thread) Close() { close(t.calls) }
