//go:build goexperiment.threadlocker

package main

import (
	"runtime"
	"sync"
)

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	l     *runtime.ThreadLocker
	mu    sync.Mutex
	close chan struct{}
}

func NewThread() *Thread {
	t := &Thread{l: runtime.MakeThreadLocker(), close: make(chan struct{})}
	bound := make(chan struct{})
	go func() {
		t.l.Lock() // keeps the thread, and its state, between calls
		defer t.l.Unlock()
		close(bound)
		<-t.close
	}()
	<-bound
	return t
}

// Do calls f on the thread, and returns when it has returned.
func (t *Thread) Do(f func()) {
	t.l.Lock()
	defer t.l.Unlock()
	t.mu.Lock() // the thread alone would not keep f from being interrupted by another
	defer t.mu.Unlock()
	f()
}

// Close ends the thread.
func (t *Thread) Close() { close(t.close) }
