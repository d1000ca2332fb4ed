package sqlitethread

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	clients  = 256
	accounts = 1000
)

var stay = flag.Bool("stay", false, "in benchmarks, let goroutines live on the thread")

func open(t testing.TB) *DB {
	t.Helper()
	db, err := Open(accounts)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// close closes db, if all calls of SQLite came from one thread, and the accounts add up.
func (db *DB) close(t testing.TB, changes int64) {
	t.Helper()
	balance, got, err := db.Total(0, accounts)
	if err != nil {
		t.Error(err)
	} else if balance != accounts*startBalance || got != changes {
		t.Errorf("the accounts have %d after %d changes, want %d after %d", balance, got, accounts*startBalance, changes)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// each calls f on n goroutines, of which some live on the thread.
func each(t testing.TB, db *DB, n int, lives func(i int) bool, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for i := range n {
		wg.Go(func() {
			if lives(i) {
				defer db.Stay()()
			}
			if err := f(i); err != nil {
				errs <- fmt.Errorf("client %d: %w", i, err)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		t.Fatal(err)
	default:
	}
}

func everyOther(i int) bool { return i%2 == 0 }
func nobody(int) bool       { return false }
func everybody(int) bool    { return true }

// Transactions of many goroutines do not get mixed up, and all calls come from one thread.
func TestTransfer(t *testing.T) {
	for _, lives := range []func(int) bool{nobody, everyOther, everybody} {
		const transfers = 50
		db := open(t)
		each(t, db, clients, lives, func(i int) error {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range transfers {
				if err := db.Transfer(r.Int64N(accounts), r.Int64N(accounts), r.Int64N(100)); err != nil {
					return err
				}
				if n, err := db.Echo(int64(i)); n != int64(i) || err != nil {
					return fmt.Errorf("SQLite echoes %d: %v", n, err)
				}
				if balance, _, err := db.Total(0, accounts); balance != accounts*startBalance || err != nil {
					return fmt.Errorf("inside a transfer: the accounts have %d, want %d: %v", balance, accounts*startBalance, err)
				}
			}
			return nil
		})
		db.close(t, 2*clients*transfers)
	}
}

// While a goroutine is in a callback from C, others run on its thread.
func TestCallback(t *testing.T) {
	for _, lives := range []func(int) bool{nobody, everyOther, everybody} {
		db := open(t)
		each(t, db, clients, lives, func(i int) error {
			for j := range int64(50) {
				if n, err := db.Callback(j); n != j+1 || err != nil {
					return fmt.Errorf("the callback returns %d for %d: %v", n, j, err)
				}
			}
			return nil
		})
		db.close(t, 0)
	}
}

// Calls of SQLite that come from another thread are noticed.
func TestWatch(t *testing.T) {
	db := open(t)
	var row [1]int64
	if err := query(db.echo, row[:], int64(1)); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err == nil || !strings.Contains(err.Error(), "another thread") {
		t.Errorf("a request was made on another thread, and Close says %v", err)
	}
}

// A thread that is closed says so, instead of leaving its callers waiting.
func TestClosed(t *testing.T) {
	th := NewThread()
	th.Do(func() {})
	stays := th.Stay()
	stays()
	th.Close()
	for name, f := range map[string]func(){
		"Do":    func() { th.Do(func() { t.Error("Do has called its function after Close") }) },
		"Close": th.Close,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s after Close does not panic", name)
				}
			}()
			f()
		}()
	}
}

// A function is not interrupted by another, even if it waits.
func TestOneAtATime(t *testing.T) {
	th := NewThread()
	defer th.Close()
	inside := 0
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if i%2 == 0 {
				defer th.Stay()()
			}
			for range 100 {
				th.Do(func() {
					inside++
					if runtime.Gosched(); inside != 1 {
						t.Errorf("%d functions are called at the same time", inside)
					}
					inside--
				})
			}
		})
	}
	wg.Wait()
}

// benchmark measures goroutines that make b.N rounds of requests in all.
func benchmark(b *testing.B, requests, changes int, client func(db *DB, rounds int) error) {
	for _, n := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("clients=%d", n), func(b *testing.B) {
			db := open(b)
			lives := nobody
			if *stay {
				lives = everybody
			}
			cpu := cpuTime()
			b.ResetTimer()
			each(b, db, n, lives, func(i int) error { return client(db, (b.N+i)/n) })
			b.StopTimer()
			b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N*requests), "cpu-ns/req")
			b.ReportMetric(float64(b.N*requests)/b.Elapsed().Seconds(), "req/s")
			db.close(b, int64(b.N*changes))
		})
	}
}

// cpuTime returns how long the process has computed, in nanoseconds.
func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func echo(db *DB, n int64) error {
	if got, err := db.Echo(n); got != n || err != nil {
		return fmt.Errorf("SQLite echoes %d for %d: %v", got, n, err)
	}
	return nil
}

// The smallest request.
func BenchmarkEcho(b *testing.B) {
	benchmark(b, 1, 0, func(db *DB, rounds int) error {
		for i := range rounds {
			if err := echo(db, int64(i)); err != nil {
				return err
			}
		}
		return nil
	})
}

// A transaction of four statements.
func BenchmarkTransfer(b *testing.B) {
	benchmark(b, 1, 2, func(db *DB, rounds int) error {
		for i := range rounds {
			if err := db.Transfer(int64(i%accounts), int64((i+1)%accounts), 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// Clients compute between requests, which they could do elsewhere at the same time.
func BenchmarkCompute(b *testing.B) {
	benchmark(b, 1, 0, func(db *DB, rounds int) error {
		var data [4096]byte
		for i := range rounds {
			if err := echo(db, int64(i)); err != nil {
				return err
			}
			sum := sha256.Sum256(data[:])
			copy(data[:], sum[:])
		}
		return nil
	})
}

// A client hands each result to another goroutine, which makes a request with it and answers.
func BenchmarkHandOver(b *testing.B) {
	benchmark(b, 2, 0, func(db *DB, rounds int) error {
		results, answers := make(chan int64), make(chan error)
		go func() {
			if *stay {
				defer db.Stay()()
			}
			for n := range results {
				answers <- echo(db, n)
			}
			close(answers)
		}()
		for i := range rounds {
			n, err := db.Echo(int64(i))
			if err == nil {
				results <- n
				err = <-answers
			}
			if err != nil {
				return err
			}
		}
		close(results)
		<-answers // the other goroutine leaves the thread
		return nil
	})
}
