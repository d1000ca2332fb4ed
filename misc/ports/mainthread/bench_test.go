package mainthread_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/faiface/mainthread"
)

// Calls of nothing, by goroutines that do nothing else, while Run is on a locked thread.
func BenchmarkGoroutines(b *testing.B) {
	nothing := func() {}
	for _, c := range []struct {
		name string
		call func()
	}{
		{"Call", func() { mainthread.Call(nothing) }},
		{"CallVal", func() { mainthread.CallVal(func() interface{} { return 42 }) }},
		{"CallNonBlock", func() { mainthread.CallNonBlock(nothing) }},
	} {
		for _, n := range []int{1, 4, 16} {
			call, n := c.call, n
			b.Run(fmt.Sprintf("%s/goroutines=%d", c.name, n), func(b *testing.B) {
				benchmarkGoroutines(b, n, call)
			})
		}
	}
}

func benchmarkGoroutines(b *testing.B, n int, call func()) {
	runtime.LockOSThread() // as main is
	defer runtime.UnlockOSThread()
	mainthread.Run(func() {
		mainthread.Call(func() {})
		var wg sync.WaitGroup
		wg.Add(n)
		b.ResetTimer()
		for i := 0; i < n; i++ {
			calls := (b.N + i) / n // b.N altogether
			go func() {
				defer wg.Done()
				for j := 0; j < calls; j++ {
					call()
				}
			}()
		}
		wg.Wait()
		mainthread.Call(func() {}) // after those that CallNonBlock has queued
		b.StopTimer()
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
