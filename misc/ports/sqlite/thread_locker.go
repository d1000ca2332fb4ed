//go:build goexperiment.threadlocker && !server

package sqlitethread

import (
	"runtime"
	"sync"
)

// A Thread calls functions on one thread, one at a time.
type Thread struct {
	l     *runtime.ThreadLocker
	mu    sync.Mutex // a function is not interrupted by another
	close chan struct{}
}

func NewThread() *Thread {
	t := &Thread{l: runtime.MakeThreadLocker(), close: make(chan struct{})}
	bound := make(chan struct{})
	go func() {
		t.l.Lock()
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
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// Stay lets the calling goroutine live on the thread until it calls leave.
func (t *Thread) Stay() (leave func()) {
	t.l.Lock()
	return t.l.Unlock
}

// Close ends the thread, when nobody lives there any more.
func (t *Thread) Close() { close(t.close) }
