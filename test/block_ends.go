// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// BlockOSThread can be left by a panic or Goexit, and by a goroutine that gives up its
// last hold meanwhile. The thread goes on with the others, and nobody is woken any more.

package main

import (
	"runtime"
	"strings"
	"syscall"
)

func main() {
	p := newPipe()
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	waits := func() {
		// Another goroutine of the thread has a turn.
		c := make(chan bool)
		l.Go(func() { c <- true })
		<-c
		runtime.Gosched() // let it end
		// If somebody were still woken, this would be the time.
		done := make(chan bool)
		go func() {
			go func() {
				l.Do(func() {})
				close(done)
			}()
			waitFor("runnable, locked to thread")
			p.write()
		}()
		p.read()
		<-done
	}
	bad := func() { panic("wake is called") }
	for _, wake := range []bool{false, true} {
		block, wakes := func() {}, bad
		if wake {
			block, wakes = p.read, p.write
		}
		come := func() {
			if wake {
				go l.Do(func() {})
			}
		}
		func() {
			defer func() {
				if recover() != 1 {
					panic("bad panic")
				}
			}()
			come()
			runtime.BlockOSThread(func() { block(); panic(1) }, wakes)
		}()
		waits()
		ended := make(chan bool)
		l.Go(func() {
			defer close(ended)
			come()
			runtime.BlockOSThread(func() { block(); runtime.Goexit() }, wakes)
		})
		<-ended
		runtime.Gosched()
		waits()

		// Nested, by the same goroutine. The panic goes through both.
		func() {
			defer func() { recover() }()
			come()
			runtime.BlockOSThread(func() {
				runtime.BlockOSThread(func() { block(); panic(1) }, wakes)
			}, func() {}) // it may be woken before the inner one begins
		}()
		waits()

		// The last hold is dropped inside.
		for _, hold := range []struct{ lock, unlock func() }{
			{l.Lock, l.Unlock},
			{func() {
				c := make(chan bool)
				l.Go(func() { <-c })
				runtime.LockToRecvOSThread(c)
				c <- true
				runtime.Gosched()
			}, runtime.UnlockOSThread},
		} {
			ended := make(chan bool)
			go func() {
				hold.lock()
				come()
				runtime.BlockOSThread(func() {
					block()
					hold.unlock()
					if syscall.Gettid() != tid {
						panic("has left before the end of BlockOSThread")
					}
				}, wakes)
				if syscall.Gettid() == tid || l.Held() {
					panic("has not left at the end of BlockOSThread")
				}
				close(ended)
			}()
			<-ended
			waits()
		}
	}

	// The last goroutine of the thread leaves so. The thread exits, and with it what
	// calls wake.
	runtime.BlockOSThread(l.Unlock, bad)
	waitForNot("BlockOSThread waker")
}

// waitFor returns when a goroutine waits for the given reason.
func waitFor(reason string) {
	buf := make([]byte, 1<<20)
	for !strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}

// waitForNot returns when no goroutine waits for the given reason.
func waitForNot(reason string) {
	buf := make([]byte, 1<<20)
	for strings.Contains(string(buf[:runtime.Stack(buf, true)]), " ["+reason) {
		runtime.Gosched()
	}
}

// A pipe blocks who reads from it until somebody writes to it.
type pipe [2]int

func newPipe() *pipe {
	p := new(pipe)
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	return p
}

func (p *pipe) read() {
	for {
		n, err := syscall.Read(p[0], make([]byte, 1))
		if n == 1 {
			return
		}
		if err != syscall.EINTR {
			panic(err)
		}
	}
}

func (p *pipe) write() {
	if n, _ := syscall.Write(p[1], []byte("x")); n != 1 {
		panic("cannot write")
	}
}
