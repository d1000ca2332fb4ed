//go:build ignore

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Two pairs of goroutines hand work to and fro, one pair on a thread of its own,
// which another goroutine visits now and then. The trace is written to trace.out.
package main

import (
	"log"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

var done sync.WaitGroup

func compute() {
	for start := time.Now(); time.Since(start) < 200*time.Microsecond; {
	}
}

func server(c chan bool) {
	defer done.Done()
	for range c {
		compute()
		c <- true
	}
}

func client(c chan bool) {
	defer done.Done()
	for range 10 {
		compute()
		c <- true
		<-c
	}
	close(c)
}

func lockedServer(l *runtime.ThreadLocker, c chan bool) {
	l.Lock()
	defer l.Unlock()
	server(c)
}

func lockedClient(l *runtime.ThreadLocker, c chan bool) {
	l.Lock()
	defer l.Unlock()
	go visitor(l)
	client(c)
}

func visitor(l *runtime.ThreadLocker) {
	defer done.Done()
	for range 3 {
		compute()
		l.Lock()
		compute()
		l.Unlock()
	}
}

func main() {
	f, err := os.Create("trace.out")
	if err != nil {
		log.Fatal(err)
	}
	if err := trace.Start(f); err != nil {
		log.Fatal(err)
	}
	c, locked := make(chan bool), make(chan bool)
	l := runtime.MakeThreadLocker()
	done.Add(5)
	go server(c)
	go client(c)
	go lockedServer(l, locked)
	go lockedClient(l, locked)
	done.Wait()
	trace.Stop()
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
