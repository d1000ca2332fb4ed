// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A ThreadLocker that MakeThreadLocker did not make,
// or that is a copy, panics when used.

package main

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

func main() {
	var zero runtime.ThreadLocker
	mustPanic("runtime.ThreadLocker.Lock", func() { zero.Lock() })
	mustPanic("runtime.ThreadLocker.Unlock", func() { zero.Unlock() })

	l := runtime.MakeThreadLocker()
	for range 2 {
		// Once unbound, once bound. A plain copy would annoy vet.
		v := reflect.New(reflect.TypeFor[runtime.ThreadLocker]())
		v.Elem().Set(reflect.ValueOf(l).Elem())
		dup := v.Interface().(*runtime.ThreadLocker)
		mustPanic("runtime.ThreadLocker.Lock", dup.Lock)
		mustPanic("runtime.ThreadLocker.Unlock", dup.Unlock)
		l.Lock()
	}
	l.Unlock()
	l.Unlock()
}

// mustPanic runs f, which must panic with a message
// that begins with name and says what to do.
func mustPanic(name string, f func()) {
	defer func() {
		msg := fmt.Sprint(recover())
		if !strings.HasPrefix(msg, name+": ") || !strings.Contains(msg, "; ") {
			panic(fmt.Sprintf("got %q, want a panic of %s", msg, name))
		}
	}()
	f()
}
