// run

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// With GOMAXPROCS=1, goroutines under LockOSThread that ready each other, or
// an ordinary goroutine, all the time keep nothing else from making progress.

package main

import (
	"runtime"
	"sync"
	"time"
)

func main() {
	runtime.GOMAXPROCS(1)
	for _, lock := range [][2]bool{{true, false}, {false, true}, {true, true}} {
		request, answer := make(chan int), make(chan int)
		stop := make(chan bool)
		var wg sync.WaitGroup
		wg.Go(func() {
			if lock[0] {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			defer close(request)
			for {
				request <- 1
				<-answer
				select {
				case <-stop:
					return
				default:
				}
			}
		})
		wg.Go(func() {
			if lock[1] {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			for range request {
				answer <- 1
			}
		})
		for range 100 {
			time.Sleep(time.Millisecond)
			ordinary := make(chan bool)
			go func() {
				runtime.Gosched()
				ordinary <- true
			}()
			<-ordinary
		}
		close(stop)
		wg.Wait()
	}
}
