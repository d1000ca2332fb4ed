//go:build goexperiment.threadlocker

package main

import "runtime"

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	l    *runtime.ThreadLocker
	stop chan struct{}
	left chan struct{}
}

func NewThread() *Thread {
	t := &Thread{l: runtime.MakeThreadLocker(), stop: make(chan struct{}), left: make(chan struct{})}
	bound := make(chan struct{})
	go func() {
		defer close(t.left)
		t.l.Lock() // keeps the thread, and its state, between calls
		defer t.l.Unlock()
		close(bound)
		<-t.stop
	}()
	<-bound
	return t
}

// Do calls f on the thread, and returns when it has returned. It panics after Close.
func (t *Thread) Do(f func()) { t.l.Do(f) }

// Close ends the thread.
func (t *Thread) Close() {
	close(t.stop)
	<-t.left
}
