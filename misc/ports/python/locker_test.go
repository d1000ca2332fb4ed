//go:build goexperiment.threadlocker

package pythonthread

import (
	"runtime"
	"testing"
)

// Goroutines that share a thread, which is one thread of Python's, too. LockOSThread keeps its
// promise: nobody else runs on the thread between the error and the call that asks for it.
func TestSharedThread(t *testing.T) {
	l := runtime.MakeThreadLocker()
	hold(l, func() {
		for name, f := range between {
			wait = f
			if n := tryAll(l.Go, Eval); n != 0 {
				t.Errorf("%s: %d answers were another goroutine's", name, n)
			}
			// Some live there, and others come for each call, by Do or Lock.
			start := func(f func()) { go f() }
			if n := tryAll(start, func(code string) (n int64, err error) {
				l.Do(func() { n, err = eval(code) })
				return
			}); n != 0 {
				t.Errorf("%s, by Do: %d answers were another goroutine's", name, n)
			}
			if n := tryAll(start, func(code string) (int64, error) {
				l.Lock()
				defer l.Unlock()
				return Eval(code)
			}); n != 0 {
				t.Errorf("%s, by Lock: %d answers were another goroutine's", name, n)
			}
		}
	})
}

// Two threads, each of which some goroutines share, and goroutines with threads of their own.
func TestMixed(t *testing.T) {
	wait = runtime.Gosched
	l, m := runtime.MakeThreadLocker(), runtime.MakeThreadLocker()
	hold(l, func() {
		hold(m, func() {
			starts := []func(func()){l.Go, m.Go, func(f func()) { go f() }}
			i := 0
			if n := tryAll(func(f func()) { i++; starts[i%3](f) }, Eval); n != 0 {
				t.Errorf("%d answers were another goroutine's", n)
			}
		})
	})
}

// hold calls f while a goroutine holds l.
func hold(l *runtime.ThreadLocker, f func()) {
	held, done := make(chan bool), make(chan bool)
	go func() {
		l.Lock()
		close(held)
		<-done
	}()
	<-held
	f()
	close(done)
}
