// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"flag"
	"runtime"
	"testing"
	"time"
)

var idleTime = flag.Duration("idle", 10*time.Second, "how long BenchmarkIdle watches")

// parkLocked parks a goroutine on a thread of its own until stop is closed.
func parkLocked(stop <-chan struct{}) (ready func()) {
	held := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		held <- struct{}{}
		<-stop
	}()
	return func() { <-held }
}

// parkShared parks two goroutines on one thread.
var parkShared func(stop <-chan struct{}) (ready func())

// BenchmarkIdle measures what a process takes per second while nothing runs on
// its 100 dedicated threads. It looks once, for the time that -idle names.
func BenchmarkIdle(b *testing.B) {
	idle := func(name string, park func(<-chan struct{}) func()) {
		if park == nil {
			return
		}
		b.Run(name, func(b *testing.B) {
			stop := make(chan struct{})
			defer close(stop)
			for range 100 {
				park(stop)()
			}
			time.Sleep(*idleTime / 20)
			before, ok := readUsage()
			if !ok {
				b.Skip("the CPU time of a process cannot be had here")
			}
			time.Sleep(*idleTime)
			after, _ := readUsage()
			s := idleTime.Seconds()
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(after.cpu-before.cpu)/s, "cpu-ns/s")
			b.ReportMetric(float64(after.switches-before.switches)/s, "csw/s")
		})
	}
	idle("none", func(<-chan struct{}) func() { return func() {} })
	idle("locked", parkLocked)
	idle("colocated", parkShared)
}
