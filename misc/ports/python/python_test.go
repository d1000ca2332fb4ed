package pythonthread

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// try evaluates expressions that have values, and some that raise errors, and counts the
// answers that are not its own.
func try(i int, eval func(string) (int64, error)) (wrong int) {
	for j := range 50 {
		n := int64(1000*i + j)
		if got, err := eval(fmt.Sprintf("(go_yield(), %d)[1]", n)); got != n || err != nil {
			wrong++
		}
		want := fmt.Sprintf("name 'missing_%d' is not defined", n)
		if _, err := eval(fmt.Sprintf("(go_yield(), missing_%d)", n)); err == nil || err.Error() != want {
			wrong++
		}
	}
	return wrong
}

func tryAll(start func(f func()), eval func(string) (int64, error)) (wrong int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i := range 16 {
		wg.Add(1)
		start(func() {
			defer wg.Done()
			n := try(i, eval)
			mu.Lock()
			defer mu.Unlock()
			wrong += n
		})
	}
	wg.Wait()
	return wrong
}

// between are what a goroutine does between its error and the call that asks for it.
var between = map[string]func(){
	"nothing": func() {},
	"Gosched": runtime.Gosched,
	"Sleep":   func() { time.Sleep(10 * time.Microsecond) },
}

// Goroutines that each have a thread of their own meanwhile.
func TestThreads(t *testing.T) {
	for name, f := range between {
		wait = f
		if n := tryAll(func(f func()) { go f() }, Eval); n != 0 {
			t.Errorf("%s: %d answers were another goroutine's", name, n)
		}
	}
}
