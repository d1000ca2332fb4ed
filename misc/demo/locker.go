//go:build goexperiment.threadlocker

package main

import "runtime"

var withThreadLocker = func(client func(pair)) {
	tl := runtime.MakeThreadLocker()
	p := newPair()
	done := make(chan bool)
	// The client holds the locker before the server asks for it, so that
	// the two are on one thread from the start.
	go func() {
		defer close(done)
		tl.Lock()
		defer tl.Unlock()
		ready := make(chan bool)
		go func() {
			tl.Lock()
			defer tl.Unlock()
			close(ready)
			p.serve()
		}()
		<-ready
		client(p)
	}()
	<-done
}

var withLockToRecv = func(client func(pair)) {
	p := newPair()
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		p.serve()
	}()
	go func() {
		defer close(done)
		runtime.LockToRecvOSThread(p.req)
		defer runtime.UnlockOSThread()
		client(p)
	}()
	<-done
}
