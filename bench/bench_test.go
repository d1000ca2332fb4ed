// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"os"
	"runtime"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(spinEnv) != "" {
		spinUntilEOF()
		return
	}
	if os.Getenv(tickEnv) != "" {
		tickUntilEOF()
		return
	}
	os.Exit(m.Run())
}

// A placement says on which threads a server and its clients run.
type placement struct {
	name string
	// make returns the functions by which one server and its clients take
	// their places. Each returns how to leave again. A client may join the
	// thread of whoever receives from the channel; the server does, once
	// it has its place.
	make func() (server, client func(<-chan struct{}) (leave func()))
}

func stay(<-chan struct{}) func() { return func() {} }

func lockThread(<-chan struct{}) func() {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

var (
	unlocked = placement{"unlocked", func() (_, _ func(<-chan struct{}) func()) {
		return stay, stay
	}}
	serverLocked = placement{"server-locked", func() (_, _ func(<-chan struct{}) func()) {
		return lockThread, stay
	}}
	bothLocked = placement{"both-locked", func() (_, _ func(<-chan struct{}) func()) {
		return lockThread, lockThread
	}}
)

// colocated are the placements of all on one thread, by ThreadLocker and by
// LockToRecvOSThread. Without thread lockers there are none.
var colocated []placement

// A team is a server and its clients, each in its place. Leaving it can take
// longer than what is measured, so that comes after done.
type team struct {
	begin chan struct{}
	done  sync.WaitGroup // the clients
	serve sync.WaitGroup // the server
	left  sync.WaitGroup // all
}

// newTeam starts serve and the clients, and returns when all of them have
// taken their places. The clients wait there for run.
func newTeam(p placement, serve func(), clients int, client func(i int)) *team {
	t := &team{begin: make(chan struct{})}
	enterServer, enterClient := p.make()
	join := make(chan struct{})
	locked := make(chan struct{})
	t.serve.Add(1)
	t.left.Go(func() {
		leave := enterServer(join)
		close(locked)
		<-join
		serve()
		t.serve.Done()
		leave()
	})
	<-locked
	var ready sync.WaitGroup
	ready.Add(clients)
	t.done.Add(clients)
	for i := range clients {
		t.left.Go(func() {
			leave := enterClient(join)
			ready.Done()
			<-t.begin
			client(i)
			t.done.Done()
			leave()
		})
	}
	ready.Wait()
	join <- struct{}{}
	return t
}

// run lets the clients go and waits until they are done.
func (t *team) run() {
	close(t.begin)
	t.done.Wait()
}

// measure times f and reports, beside time, what processors and context
// switches it took per operation.
func measure(b *testing.B, f func()) {
	b.ResetTimer()
	before, ok := readUsage()
	f()
	after, _ := readUsage()
	b.StopTimer()
	if ok {
		n := float64(b.N)
		b.ReportMetric(float64(after.cpu-before.cpu)/n, "cpu-ns/op")
		b.ReportMetric(float64(after.switches-before.switches)/n, "csw/op")
	}
}

// share returns the i-th of n nearly equal parts of total.
func share(total, n, i int) int {
	s := total / n
	if i < total%n {
		s++
	}
	return s
}
