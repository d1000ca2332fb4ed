// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// With GOMAXPROCS=1, goroutines of one thread that always have work
// keep nothing else from making progress.

package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	runtime.GOMAXPROCS(1)
	l := runtime.MakeThreadLocker()
	var stop atomic.Bool
	var wg sync.WaitGroup
	c := make(chan int)
	wg.Go(func() {
		l.Lock()
		defer l.Unlock()
		for !stop.Load() {
			c <- 1
		}
		close(c)
	})
	wg.Go(func() {
		l.Lock()
		defer l.Unlock()
		for range c {
		}
	})
	for range 3 {
		ordinary := make(chan bool)
		go func() { ordinary <- true }()
		<-ordinary

		time.Sleep(time.Millisecond)
		<-time.After(time.Millisecond)

		r, w, err := os.Pipe()
		if err != nil {
			panic(err)
		}
		go w.Write([]byte("x"))
		if _, err := r.Read(make([]byte, 1)); err != nil {
			panic(err)
		}
		r.Close()
		w.Close()

		cleaned := make(chan bool)
		func() {
			type T struct{ p [100]*T }
			runtime.AddCleanup(new(T), func(bool) { close(cleaned) }, true)
		}()
		for cleaned != nil {
			runtime.GC()
			select {
			case <-cleaned:
				cleaned = nil
			default:
			}
		}
	}
	stop.Store(true)
	wg.Wait()
}
