// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If a function that ThreadLocker.Do calls panics or calls Goexit, so does Do, on
// whichever goroutine the function has run. All is as it was afterwards. If nobody
// recovers, the message has the value and the stacks of both goroutines.

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

type value struct{ n int }

var l = runtime.MakeThreadLocker()

// callers are the ways to call Do.
var callers = map[string]func(f func()){
	"visitor": func(f func()) { l.Do(f) },
	"holder": func(f func()) {
		l.Lock()
		defer l.Unlock()
		l.Do(f)
	},
	"locked": func(f func()) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		l.Do(f)
	},
	"nested": func(f func()) {
		other := runtime.MakeThreadLocker()
		other.Lock()
		defer other.Unlock()
		other.Do(func() { other.Do(func() { l.Do(func() { l.Do(f) }) }) })
	},
}

//go:noinline
func fails() { panic(fmt.Sprint("it ", "fails")) }

func main() {
	bound := make(chan bool)
	go func() {
		l.Lock()
		close(bound)
		for {
			runtime.Gosched()
		}
	}()
	<-bound
	if len(os.Args) > 1 {
		callers[os.Args[1]](fails)
	}

	var zero *int
	err := errors.New("error")
	for name, do := range callers {
		for _, want := range []any{1, "x", err, value{1}, &value{2}} {
			if got := catch(func() { do(func() { panic(want) }) }); got != want {
				panic(fmt.Sprintf("%s: recovered %v, want %v", name, got, want))
			}
		}
		if _, ok := catch(func() { do(func() { panic(nil) }) }).(*runtime.PanicNilError); !ok {
			panic(name + ": want a PanicNilError")
		}
		if _, ok := catch(func() { do(func() { *zero = 1 }) }).(runtime.Error); !ok {
			panic(name + ": want a runtime.Error")
		}
		// A panic in a deferred function takes the place of the first one.
		got := catch(func() {
			do(func() {
				defer func() { panic(2) }()
				panic(1)
			})
		})
		if got != 2 {
			panic(name + ": want the last panic")
		}
		// Recovered inside.
		do(func() {
			defer func() { recover() }()
			panic(1)
		})

		exited := make(chan bool)
		go func() {
			defer close(exited)
			defer func() {
				if recover() != nil {
					panic("recovered something in Goexit")
				}
			}()
			do(runtime.Goexit)
			panic("Do has returned after Goexit")
		}()
		<-exited
		exited = make(chan bool)
		go func() {
			defer close(exited)
			do(func() {
				defer runtime.Goexit()
				panic("overtaken by Goexit")
			})
			panic("Do has returned after Goexit")
		}()
		<-exited
	}

	for name := range callers {
		out, err := exec.Command("/proc/self/exe", name).CombinedOutput()
		if err == nil {
			panic("did not fail")
		}
		wants := []string{"panic: it fails", "main.fails(", "main.main()", "exit status 2"}
		if name == "locked" || name == "nested" {
			wants = append(wants, "\n\tin a function that ThreadLocker.Do called on another goroutine:\n\tgoroutine ")
		}
		for _, want := range wants {
			if !strings.Contains(string(out)+err.Error(), want) {
				panic(name + ": got:\n" + string(out) + err.Error() + "\nwant it to contain " + want)
			}
		}
	}
}

// catch returns what f panics with, and checks that nothing else has changed.
func catch(f func()) (v any) {
	func() {
		defer func() { v = recover() }()
		f()
	}()
	if l.Held() {
		panic("still holds the locker")
	}
	// The goroutine is not locked, or this would panic.
	other := runtime.MakeThreadLocker()
	other.Lock()
	other.Unlock()
	// No section goes on.
	tid := 0
	l.Do(func() { tid = syscall.Gettid() })
	if tid == syscall.Gettid() {
		panic("still on the thread")
	}
	return v
}
