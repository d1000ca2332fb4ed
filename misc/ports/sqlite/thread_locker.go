//go:build goexperiment.threadlocker && !server

package sqlitethread

import (
	"runtime"
	"sync/atomic"
)

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	l      *runtime.ThreadLocker
	closed atomic.Bool
	stop   chan struct{}
	left   chan struct{}
}

func NewThread() *Thread {
	t := &Thread{l: runtime.MakeThreadLocker(), stop: make(chan struct{}), left: make(chan struct{})}
	bound := make(chan struct{})
	go t.keep(bound)
	<-bound
	return t
}

// keep holds the thread until Close.
func (t *Thread) keep(bound chan<- struct{}) {
	defer close(t.left)
	t.l.Lock()
	defer t.l.Unlock()
	close(bound)
	<-t.stop
}

// Do calls f on the thread, and returns when it has returned. It panics after Close.
func (t *Thread) Do(f func()) {
	t.check()
	t.l.Do(f)
}

// Stay lets the calling goroutine live on the thread until it calls leave. It panics
// after Close.
func (t *Thread) Stay() (leave func()) {
	t.l.Lock()
	if t.closed.Load() {
		t.l.Unlock() // of a new thread, perhaps
	}
	t.check()
	return t.l.Unlock
}

func (t *Thread) check() {
	if t.closed.Load() {
		panic("sqlitethread: the thread is closed")
	}
}

// Close lets nobody come to the thread any more. The thread ends when nobody lives there.
func (t *Thread) Close() {
	if t.closed.Swap(true) {
		t.check()
	}
	close(t.stop)
	<-t.left
}
