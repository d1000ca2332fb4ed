// run

//go:build goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Many goroutines talk over unbuffered channels to one that is locked to its
// thread. This is what issue 21827 is about: it was right, but slow.
// It must stay right, also with the clients on the server's thread.

package main

import (
	"fmt"
	"runtime"
	"sync"
)

type request struct {
	n     int
	reply chan int
}

// serve answers requests until there are no more.
func serve(requests chan request) {
	for r := range requests {
		r.reply <- r.n * r.n
	}
}

// client sends n requests and checks the answers.
func client(id, n int, requests chan request) {
	reply := make(chan int)
	for i := range n {
		v := id*n + i
		requests <- request{v, reply}
		if got := <-reply; got != v*v {
			panic(fmt.Sprintf("client %d: the square of %d is %d, got %d", id, v, v*v, got))
		}
	}
}

func main() {
	const clients, n = 20, 50
	nop := func() {}
	run := func(serverLock, serverUnlock func(), clientLock func(chan request), clientUnlock func()) {
		requests := make(chan request)
		var server, wg sync.WaitGroup
		server.Go(func() {
			serverLock()
			defer serverUnlock()
			serve(requests)
		})
		for id := range clients {
			wg.Go(func() {
				clientLock(requests)
				defer clientUnlock()
				client(id, n, requests)
			})
		}
		wg.Wait()
		close(requests)
		server.Wait()
	}
	l := runtime.MakeThreadLocker()
	for _, procs := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(procs)
		free := func(chan request) {}
		run(nop, nop, free, nop)
		run(runtime.LockOSThread, runtime.UnlockOSThread, free, nop)
		run(l.Lock, l.Unlock, free, nop)
		run(l.Lock, l.Unlock, func(chan request) { l.Lock() }, l.Unlock)
		run(runtime.LockOSThread, runtime.UnlockOSThread,
			func(c chan request) { runtime.LockToRecvOSThread(c) }, runtime.UnlockOSThread)
		// Every client on a thread of its own.
		run(runtime.LockOSThread, runtime.UnlockOSThread,
			func(chan request) { runtime.LockOSThread() }, runtime.UnlockOSThread)
	}
}
