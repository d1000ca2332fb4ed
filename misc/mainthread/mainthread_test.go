//go:build linux && goexperiment.threadlocker

package mainthread_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mainthread"
)

// Programs of testdata, whose init functions lock main.main to the main thread or not.
func TestPrograms(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "apps")
	build := exec.Command("go", "build", "-o", exe, ".")
	build.Dir = "testdata"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// What says that main.main, which waits, keeps the thread from a goroutine in Do.
	const deadlock = "all goroutines are asleep - deadlock!"
	for _, p := range []struct{ app, free, locked string }{
		{"waits", "ok", deadlock},
		{"computes", "ok", ""},
		{"yields", "ok", "ok"},
		{"blocks", "ok", "ok"},
		{"unlocks", "ok", "ok"},
		{"yields in Do", "ok", "ok"},
		{"exits", "no goroutine holds the ThreadLocker", "no goroutine holds the ThreadLocker"},
	} {
		for _, lock := range []struct{ before, after string }{{}, {"1", ""}, {"11", ""}, {"", "1"}, {"1", "11"}} {
			want := p.free
			if lock.before+lock.after != "" {
				want = p.locked
			}
			if want == "" {
				continue // nobody else ever draws
			}
			for _, procs := range []string{"1", "2", "4"} {
				cmd := exec.Command(exe, p.app, lock.before+lock.after)
				cmd.Env = append(os.Environ(), "LOCK_BEFORE="+lock.before, "LOCK_AFTER="+lock.after, "GOMAXPROCS="+procs)
				var out strings.Builder
				cmd.Stdout, cmd.Stderr = &out, &out
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				late := time.AfterFunc(20*time.Second, func() { cmd.Process.Signal(syscall.SIGQUIT) })
				cmd.Wait()
				late.Stop()
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s, %+v, GOMAXPROCS=%s: want %s, got\n%s", p.app, lock, procs, want, &out)
				}
				if want == deadlock && !strings.Contains(out.String(), "behind goroutine 1 (exclusive") {
					t.Errorf("%s, %+v: the dump does not say what Do waits for\n%s", p.app, lock, &out)
				}
			}
		}
	}
}

func onMain() bool { return syscall.Gettid() == syscall.Getpid() }

// Tests are not on the main thread, and go there and back.
func TestDo(t *testing.T) {
	var wg sync.WaitGroup
	inside := 0
	for i := range 16 {
		wg.Go(func() {
			locked := i%2 == 0
			if locked {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			own := syscall.Gettid()
			for j := range 100 {
				called := false
				mainthread.Do(func() {
					inside++
					if j%10 == 0 {
						time.Sleep(time.Microsecond)
					} else {
						runtime.Gosched()
					}
					if inside != 1 || !onMain() {
						t.Errorf("%d functions at once, on the main thread: %v", inside, onMain())
					}
					inside--
					called = true
				})
				if !called || onMain() || locked && syscall.Gettid() != own {
					t.Errorf("called: %v, and back on thread %d; from thread %d", called, syscall.Gettid(), own)
				}
			}
		})
	}
	wg.Wait()
}

func TestNested(t *testing.T) {
	for _, locked := range []bool{false, true} {
		done := make(chan bool)
		go func() {
			defer close(done)
			if locked {
				runtime.LockOSThread()
			}
			depth := 0
			var f func()
			f = func() {
				if depth++; depth < 5 {
					mainthread.Do(f)
				}
			}
			mainthread.Do(f)
			if depth != 5 {
				t.Errorf("depth %d, want 5", depth)
			}
		}()
		<-done
	}
}

func TestPanic(t *testing.T) {
	for _, locked := range []bool{false, true} {
		exited := make(chan bool)
		go func() {
			defer close(exited)
			if locked {
				runtime.LockOSThread()
			}
			func() {
				defer func() {
					if v := recover(); v != "foo" {
						t.Errorf("panic %v, want foo", v)
					}
				}()
				mainthread.Do(func() { panic("foo") })
			}()
			mainthread.Do(runtime.Goexit)
			t.Error("Do returns after Goexit")
		}()
		<-exited
		called := false
		mainthread.Do(func() { called = true })
		if !called {
			t.Error("nothing is called after a panic")
		}
	}
}

// As by olahol/mainthread and golang-nuts: a goroutine calls Do, and main runs until it says so.
func TestMainWaits(t *testing.T) {
	quit := make(chan bool)
	n := 0
	go func() {
		for range 100 {
			mainthread.Do(func() { n++ })
		}
		close(quit)
	}()
	mainthread.Do(func() {
		for {
			select {
			case <-quit:
				return
			default:
				mainthread.Yield()
			}
		}
	})
	if n != 100 {
		t.Errorf("%d functions were called, want 100", n)
	}
}

// Functions of one goroutine are called in order, and what they write can be read.
func TestOrder(t *testing.T) {
	var order []int
	for i := range 100 {
		done := make(chan bool)
		go func() {
			mainthread.Do(func() { order = append(order, i) })
			close(done)
		}()
		<-done
	}
	for i, n := range order {
		if i != n {
			t.Fatalf("order %v", order)
		}
	}
}

func BenchmarkDo(b *testing.B) {
	n := 0
	b.Run("goroutine", func(b *testing.B) {
		for b.Loop() {
			mainthread.Do(func() { n++ })
		}
	})
	b.Run("locked", func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for b.Loop() {
			mainthread.Do(func() { n++ })
		}
	})
	b.Run("nested", func(b *testing.B) {
		mainthread.Do(func() {
			for b.Loop() {
				mainthread.Do(func() { n++ })
			}
		})
	})
}
