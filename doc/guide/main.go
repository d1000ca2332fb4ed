// Guide is the program of ../guide.md: a counter that is used on one thread only, as
// a C library may have to be. Stock Go builds it with a server goroutine, this Go
// with a ThreadLocker.
package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	t := NewThread()
	defer t.Close()

	const clients, calls = 4, 10_000
	counter := 0
	start := time.Now()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range calls {
				t.Do(func() { counter++ })
			}
		})
	}
	wg.Wait()
	fmt.Println(counter, "calls,", time.Since(start)/(clients*calls), "each")
}
