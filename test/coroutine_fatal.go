// run

//go:build goexperiment.threadlocker && !wasip1

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A coroutine is resumed with the holds that its creator had when it called iter.Pull, or
// the program ends. Otherwise one goroutine would have the holds of the other. Where a
// program cannot start itself, it is given the name of each of the cases.

package main

import (
	"fmt"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

func seq(yield func(int) bool) {
	for i := range 2 {
		if !yield(i) {
			return
		}
	}
}

var cases = map[string]func(l *runtime.ThreadLocker){
	"the-body-locks": func(l *runtime.ThreadLocker) {
		next, _ := iter.Pull(func(yield func(int) bool) {
			l.Lock()
			yield(1)
			l.Unlock()
		})
		next()
		l.Unlock()
	},
	"the-body-ends-as-a-holder": func(l *runtime.ThreadLocker) {
		next, _ := iter.Pull(func(yield func(int) bool) { l.Lock() })
		next()
	},
	"the-creator-locks": func(l *runtime.ThreadLocker) {
		next, _ := iter.Pull(seq)
		next()
		l.Lock()
		next()
	},
	"the-creator-unlocks": func(l *runtime.ThreadLocker) {
		l.Lock()
		next, _ := iter.Pull(seq)
		next()
		l.Unlock()
		next()
	},
	"the-creator-joins": func(l *runtime.ThreadLocker) {
		next, _ := iter.Pull(seq)
		next()
		c := make(chan int)
		go func() {
			runtime.LockOSThread()
			for range c {
			}
		}()
		c <- 1 // it is locked
		runtime.LockToRecvOSThread(c)
		next()
	},
}

const want = "fatal error: coro: OS thread locking must match locking at coroutine creation\n"

func main() {
	if len(os.Args) > 1 {
		cases[os.Args[1]](runtime.MakeThreadLocker())
		return
	}
	if runtime.GOOS == "js" {
		for name := range cases {
			fmt.Println(name)
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	for name := range cases {
		out, err := exec.Command(exe, name).CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			panic(fmt.Sprintf("%s: %v\n%s", name, err, out))
		}
	}
}
