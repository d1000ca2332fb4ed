// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package threadlock

import (
	"os"
	"runtime"
	"sync"
)

var global = runtime.MakeThreadLocker()

type server struct {
	l  *runtime.ThreadLocker
	mu sync.Mutex
}

func work() error { return nil }

func use(*runtime.ThreadLocker) {}

func earlyReturn() error {
	global.Lock() // ERROR "global is not unlocked on all paths"
	if err := work(); err != nil {
		return err // ERROR "this return statement may be reached without unlocking global, which is locked on line \d+"
	}
	global.Unlock()
	return nil
}

func (s *server) earlyReturn() error {
	s.l.Lock() // ERROR "s.l is not unlocked on all paths"
	if err := work(); err != nil {
		return err // ERROR "this return statement may be reached without unlocking s.l"
	}
	s.l.Unlock()
	return nil
}

func (s *server) endOfBody(n int) {
	s.l.Lock() // ERROR "s.l is not unlocked on all paths"
	switch n {
	case 1:
		s.l.Unlock()
	case 2:
		defer s.l.Unlock()
	}
} // ERROR "this return statement may be reached"

func localOnly() {
	l := runtime.MakeThreadLocker()
	l.Lock() // ERROR "l is not unlocked on all paths"
	work()
} // ERROR "this return statement may be reached"

func inLiteral() func() error {
	return func() error {
		global.Lock() // ERROR "global is not unlocked on all paths"
		if err := work(); err != nil {
			return err // ERROR "this return statement may be reached"
		}
		global.Unlock()
		return nil
	}
}

func relockedInLoop(n int) {
	for range n {
		global.Lock() // ERROR "global is not unlocked on all paths"
		if work() != nil {
			continue
		}
		global.Unlock()
	}
} // ERROR "this return statement may be reached"

// What follows is fine.

func deferred() error {
	global.Lock()
	defer global.Unlock()
	return work()
}

func deferredLiteral() error {
	global.Lock()
	defer func() {
		global.Unlock()
	}()
	return work()
}

func deferredBefore() error {
	defer global.Unlock()
	global.Lock()
	return work()
}

func allPaths() error {
	global.Lock()
	if err := work(); err != nil {
		global.Unlock()
		return err
	}
	global.Unlock()
	return nil
}

func exits() {
	global.Lock()
	if work() != nil {
		os.Exit(1)
	}
	if work() != nil {
		panic("work")
	}
	global.Unlock()
}

func forever() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	for {
		work()
	}
}

func conditional(shared bool) {
	if shared {
		global.Lock()
	}
	work()
	if shared {
		global.Unlock()
	}
}

func conditionalElse(alone bool) {
	if alone {
		work()
	} else {
		global.Lock()
	}
	if !alone {
		work()
	}
	if alone {
		return
	}
	global.Unlock()
}

// Goroutines are unlocked when they end.

func spawns() {
	go func() {
		global.Lock()
		if work() != nil {
			return
		}
		global.Unlock()
	}()
	var wg sync.WaitGroup
	wg.Go(func() {
		global.Lock()
		if work() != nil {
			return
		}
		global.Unlock()
	})
	wg.Wait()
	go spawned()
	go new(server).spawned()
}

func spawned() {
	global.Lock()
	if work() != nil {
		return
	}
	global.Unlock()
}

func (s *server) spawned() {
	s.l.Lock()
	if work() != nil {
		return
	}
	s.l.Unlock()
}

// These give up a hold of their caller's for a while, and nest.

func unlocked() error {
	global.Unlock()
	err := work()
	global.Lock()
	return err
}

func nests(n int) {
	for range n {
		global.Lock()
	}
	for range n {
		global.Unlock()
	}
}

// Others unlock these.

func (s *server) start() { s.l.Lock() }

func (s *server) stop() { s.l.Unlock() }

func escapes() *runtime.ThreadLocker {
	l := runtime.MakeThreadLocker()
	l.Lock()
	return l
}

func passes() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	use(l)
}

func (s *server) handsOver() error {
	s.l.Lock()
	if work() != nil {
		s.stop()
		return nil
	}
	s.l.Unlock()
	return nil
}

func returnsUnlock() func() {
	global.Lock()
	return global.Unlock
}

func (s *server) mutex() error {
	s.mu.Lock()
	if err := work(); err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}
