// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// If a goroutine waits in an exclusive section for a mutex that another goroutine of the
// thread holds, that one runs until it has unlocked it. No other section begins meanwhile.
// If nobody can unlock it, that is a deadlock.

package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// A kind of mutex, and of section.
type kind struct {
	name           string
	lock1, unlock1 func() // by the goroutine that does not run in the section
	lock2, unlock2 func() // in the section
}

func kinds() []kind {
	var mu sync.Mutex
	var rw1, rw2 sync.RWMutex
	_, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	c, err := w.SyscallConn()
	if err != nil {
		panic(err)
	}
	// Of a file, as fmt.Println to os.Stdout has it.
	begun, end := make(chan bool), make(chan bool)
	hold := func() {
		go c.Write(func(uintptr) bool { // has the lock of a file
			begun <- true
			<-end
			return true
		})
		<-begun
	}
	return []kind{
		{"Mutex", mu.Lock, mu.Unlock, mu.Lock, mu.Unlock},
		{"RWMutex.Lock", rw1.RLock, rw1.RUnlock, rw1.Lock, rw1.Unlock},
		{"RWMutex.RLock", rw2.Lock, rw2.Unlock, rw2.RLock, rw2.RUnlock},
		{"file", hold, func() { end <- true }, func() { w.Write([]byte("x")) }, func() {}},
	}
}

func main() {
	if len(os.Args) > 1 {
		deadlock()
		return
	}
	for _, k := range kinds() {
		for _, do := range []bool{false, true} {
			test(k, do)
		}
	}
	block()
	out, err := exec.Command("/proc/self/exe", "deadlock").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "fatal error: all goroutines are asleep - deadlock!\n") {
		panic("no deadlock: " + string(out))
	}
}

func test(k kind, do bool) {
	l := runtime.MakeThreadLocker()
	l.Lock()
	defer l.Unlock()
	tid := syscall.Gettid()
	section := func(f func()) {
		if do {
			l.Do(f)
			return
		}
		runtime.LockOSThread()
		f()
		runtime.UnlockOSThread()
	}
	var inside, waits, over atomic.Bool
	var wg sync.WaitGroup
	held := make(chan bool)
	wg.Add(3)
	l.Go(func() {
		defer wg.Done()
		k.lock1()
		held <- true // and is not run before the section begins
		for !waits.Load() {
			runtime.Gosched()
		}
		k.unlock1()
	})
	<-held
	// Others of the thread want sections of their own.
	l.Go(func() {
		defer wg.Done()
		section(func() {
			if inside.Load() {
				panic(k.name + ": a section in a section")
			}
		})
	})
	go func() {
		defer wg.Done()
		l.Do(func() {
			if inside.Load() {
				panic(k.name + ": Do in a section")
			}
		})
	}()
	go func() {
		for !over.Load() {
			if lockWait() {
				waits.Store(true)
				return
			}
			runtime.Gosched()
		}
	}()
	section(func() {
		inside.Store(true)
		k.lock2()
		if syscall.Gettid() != tid {
			panic(k.name + ": moved")
		}
		k.unlock2()
		over.Store(true)
		inside.Store(false)
	})
	if !waits.Load() {
		panic(k.name + ": did not wait")
	}
	wg.Wait()
}

// block has a third goroutine of the thread go on with BlockOSThread while others run because
// the one in the section waits. It is woken for them.
func block() {
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	l := runtime.MakeThreadLocker()
	l.Lock()
	defer l.Unlock()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var blocks atomic.Bool
	begun, goOn, held := make(chan bool), make(chan bool), make(chan bool)
	wg.Add(2)
	l.Go(func() {
		defer wg.Done()
		runtime.BlockOSThread(func() {
			close(begun)
			<-goOn
			blocks.Store(true)
			syscall.Read(p[0], make([]byte, 1))
		}, func() {
			syscall.Write(p[1], []byte("x"))
		})
	})
	<-begun
	l.Go(func() {
		defer wg.Done()
		mu.Lock()
		close(held)
		for !blocks.Load() {
			runtime.Gosched()
		}
		mu.Unlock()
	})
	<-held
	l.Do(func() {
		close(goOn)
		mu.Lock()
		mu.Unlock()
	})
	wg.Wait()
}

// lockWait reports whether the goroutine in the section, which is the main one, waits for
// a mutex.
func lockWait() bool {
	buf := make([]byte, 1<<20)
	_, state, _ := strings.Cut(string(buf[:runtime.Stack(buf, true)]), "goroutine 1 [")
	return strings.HasPrefix(state, "sync.") || strings.HasPrefix(state, "semacquire")
}

// deadlock waits in a section for a mutex whose holder waits to begin one.
func deadlock() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	var mu sync.Mutex
	held, begun := make(chan bool), make(chan bool)
	l.Go(func() {
		mu.Lock()
		held <- true
		<-begun
		runtime.LockOSThread()
		panic("a section in a section")
	})
	<-held
	runtime.LockOSThread()
	close(begun)
	mu.Lock()
	panic("locked twice")
}
