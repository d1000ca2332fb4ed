package sdl

import (
	"fmt"
	"sync"
	"testing"
)

// Calls of nothing, by goroutines that do nothing else.
func BenchmarkDo(b *testing.B) {
	for _, n := range []int{1, 16} {
		goroutines := n
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			var wg sync.WaitGroup
			for i := 0; i < goroutines; i++ {
				calls := (b.N + i) / goroutines // b.N altogether
				wg.Add(1)
				go func() {
					defer wg.Done()
					for j := 0; j < calls; j++ {
						Do(func() {})
					}
				}()
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}
