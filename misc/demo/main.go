// Demo measures, in a few seconds, what a round trip to a server goroutine
// costs on this machine: a request sent on one unbuffered channel and its answer
// received on another. make.bash runs it at its end, ./make.bash -demo by itself.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

// A pair is how a client talks to its server, who answers on resp what it
// receives from req, until req is closed.
type pair struct {
	req, resp chan int
}

func newPair() pair { return pair{make(chan int), make(chan int)} }

func (p pair) serve() {
	for x := range p.req {
		p.resp <- x + 1
	}
	close(p.resp)
}

// call makes n round trips and checks every answer.
func (p pair) call(n int) {
	for i := range n {
		p.req <- i
		if got := <-p.resp; got != i+1 {
			fmt.Fprintf(os.Stderr, "demo: asked %d, got %d, want %d\n", i, got, i+1)
			os.Exit(1)
		}
	}
}

// A setting says on which threads client and server run: run starts a server,
// calls client with it, and returns when client has. It is nil where the toolchain
// cannot do it.
type setting struct {
	name string
	run  func(client func(pair))
}

var settings = []setting{
	{"server under LockOSThread, client unlocked", func(client func(pair)) {
		p := newPair()
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			p.serve()
		}()
		client(p)
	}},
	{"both on one thread, by ThreadLocker", withThreadLocker},
	{"both on one thread, by LockToRecvOSThread", withLockToRecv},
	{"both unlocked", func(client func(pair)) {
		p := newPair()
		go p.serve()
		client(p)
	}},
}

// measure reports the round trips made in about a second, and the time taken.
func measure(s setting) (n int, d time.Duration) {
	s.run(func(p pair) {
		defer func() {
			close(p.req)
			<-p.resp // closed once the server is done
		}()
		p.call(100)
		for batch := 100; d < time.Second; {
			start := time.Now()
			p.call(batch)
			t := time.Since(start)
			n += batch
			d += t
			if t < 50*time.Millisecond {
				batch *= 2
			}
		}
	})
	return n, d
}

func main() {
	fmt.Printf("Round trips over unbuffered channels, %s, GOMAXPROCS=%d:\n", runtime.Version(), runtime.GOMAXPROCS(0))
	const row = "  %-46s %11s %11s\n"
	fmt.Printf(row, "", "requests/s", "ns/request")
	for _, s := range settings {
		if s.run == nil {
			fmt.Printf(row, s.name, "-", "-")
			continue
		}
		n, d := measure(s)
		fmt.Printf(row, s.name, fmt.Sprintf("%.0f", float64(n)/d.Seconds()), fmt.Sprintf("%.0f", float64(d.Nanoseconds())/float64(n)))
	}
	if withThreadLocker == nil {
		fmt.Println("  -: not in this toolchain, or turned off by GOEXPERIMENT=nothreadlocker")
	}
}
