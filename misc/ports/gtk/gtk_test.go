//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Tests run while main is in gtk_main.
func TestMain(m *testing.M) {
	code := 1
	go func() {
		<-shown
		code = m.Run()
		thread.Do(quit)
	}()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// change sets the label and looks at it, on the main thread.
func change(t *testing.T, s string) {
	thread.Do(func() {
		if syscall.Gettid() != syscall.Getpid() {
			t.Errorf("on thread %d, which is not the main one", syscall.Gettid())
		}
		setLabel(s)
		if got := label(); got != s {
			t.Errorf("the label is %q, want %q", got, s)
		}
	})
}

// changeAll has goroutines of all kinds change the label.
func changeAll(t *testing.T) {
	const rounds = 100
	var wg sync.WaitGroup
	for i := range 12 {
		f := func() {
			defer wg.Done()
			for j := range rounds {
				change(t, fmt.Sprint(i, j))
				if i%2 == 0 {
					time.Sleep(100 * time.Microsecond)
				}
			}
		}
		wg.Add(1)
		switch i % 3 {
		case 0:
			go f()
		case 1:
			go func() {
				runtime.LockOSThread()
				f()
			}()
		case 2:
			thread.Go(f)
		}
	}
	wg.Wait()
}

func TestDo(t *testing.T) { changeAll(t) }

// While a callback has opened a dialog, with a main loop of its own, goroutines change
// widgets as before, and answer it. Dialogs nest.
func TestDialog(t *testing.T) {
	for depth := 1; depth <= 3; depth++ {
		var answered atomic.Int32
		var answers []bool
		asked = func(yes bool) {
			answers = append(answers, yes)
			answered.Add(1)
		}
		for i := range depth {
			go thread.Do(click) // returns when the dialog has been answered
			for open := false; !open; time.Sleep(time.Millisecond) {
				thread.Do(func() { open = dialogs() == i+1 })
			}
			changeAll(t)
		}
		for i := depth; i > 0; i-- {
			thread.Do(func() {
				if dialogs() != i {
					t.Errorf("%d dialogs are open, want %d", dialogs(), i)
				}
				answer(i%2 == 0)
			})
			for answered.Load() != int32(depth-i+1) {
				time.Sleep(time.Millisecond)
			}
			changeAll(t)
		}
		thread.Do(func() {
			for i, yes := range answers {
				if want := (depth-i)%2 == 0; yes != want {
					t.Errorf("answer %d of %d is %v, want %v", i, depth, yes, want)
				}
			}
		})
	}
}

// While nothing happens, goroutines that live on the thread cost nothing.
func TestIdle(t *testing.T) {
	release := make(chan bool)
	var wg sync.WaitGroup
	for range 16 {
		wg.Add(1)
		thread.Go(func() {
			defer wg.Done()
			<-release
		})
	}
	time.Sleep(500 * time.Millisecond)
	begin := cpu(t)
	time.Sleep(2 * time.Second)
	used := cpu(t) - begin
	t.Logf("%v of CPU in 2 s", used)
	if used > 20*time.Millisecond {
		t.Errorf("%v of CPU in 2 s while nothing happened", used)
	}
	close(release)
	wg.Wait()
}

func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
