// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// ThreadLocker.Do and Go panic if no goroutine holds the locker: what the function did to
// the thread would be lost with it. So they do when the last holder has left. The methods
// panic on the zero value and on a copy.

package main

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

func main() {
	l := runtime.MakeThreadLocker()
	f := func() { panic("called") }
	unbound := func() {
		mustPanic("runtime.ThreadLocker.Do: no goroutine holds ", func() { l.Do(f) })
		mustPanic("runtime.ThreadLocker.Go: no goroutine holds ", func() { l.Go(f) })
		if l.Held() {
			panic("held")
		}
	}
	unbound()
	runtime.LockOSThread()
	unbound()
	runtime.UnlockOSThread()
	other := runtime.MakeThreadLocker()
	other.Lock()
	unbound()
	other.Do(unbound)
	other.Unlock()

	l.Lock()
	l.Do(func() {})
	l.Unlock()
	unbound()

	// Another goroutine keeps it.
	stay, bound := make(chan bool), make(chan bool)
	ended := make(chan bool)
	go func() {
		l.Lock()
		bound <- true
		<-stay
		l.Unlock()
		close(ended)
	}()
	<-bound
	l.Do(func() {})
	done := make(chan bool)
	l.Go(func() { close(done) })
	<-done
	close(stay)
	<-ended
	for {
		// The goroutine that Go has started may not have ended.
		ok := func() (ok bool) {
			defer func() { recover() }()
			l.Do(func() {})
			return true
		}()
		if !ok {
			break
		}
		runtime.Gosched()
	}
	unbound()

	l.Lock()
	defer l.Unlock()
	v := reflect.New(reflect.TypeFor[runtime.ThreadLocker]())
	v.Elem().Set(reflect.ValueOf(l).Elem()) // vet would report a plain copy
	dup := v.Interface().(*runtime.ThreadLocker)
	for _, bad := range []*runtime.ThreadLocker{nil, new(runtime.ThreadLocker), dup} {
		mustPanic("runtime.ThreadLocker.Do: ", func() { bad.Do(f) })
		mustPanic("runtime.ThreadLocker.Go: ", func() { bad.Go(f) })
		mustPanic("runtime.ThreadLocker.Held: ", func() { bad.Held() })
		mustPanic("runtime.ThreadLocker.Inherit: ", func() { bad.Inherit(true) })
		mustPanic("runtime.ThreadLocker.Yield: ", bad.Yield)
	}
	mustPanic("runtime.BlockOSThread: ", func() { runtime.BlockOSThread(nil, f) })
	mustPanic("runtime.BlockOSThread: ", func() { runtime.BlockOSThread(f, nil) })
	if !l.Held() {
		panic("not held")
	}
}

// mustPanic runs f, which must panic with a message
// that begins with prefix and says what to do.
func mustPanic(prefix string, f func()) {
	defer func() {
		msg := fmt.Sprint(recover())
		if !strings.HasPrefix(msg, prefix) || !strings.Contains(msg, "; ") {
			panic(fmt.Sprintf("got %q, want a panic that begins with %q", msg, prefix))
		}
	}()
	f()
}
