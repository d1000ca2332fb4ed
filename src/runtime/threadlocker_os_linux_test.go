// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package runtime_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"internal/profile"
	"internal/testenv"
	itrace "internal/trace"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// These are tests of how dedicated threads get on with what else the runtime and
// the operating system do: timers, signals, processes, profiles, and state that
// a thread cannot get rid of.

// tlPing has two goroutines of a thread switch to and fro until stop is set.
var tlPing = hogs[0].run

// TestDedicatedThreadTimer tests that timers are run while goroutines of a thread
// switch to and fro, and not only at the end of their time slice. It counts the
// ends by what an ordinary goroutine gets to do, which is one thing each time.
func TestDedicatedThreadTimer(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	_, ws := tlGroup(t, runtime.MakeThreadLocker(), 3)
	for _, timer := range []struct {
		name string
		n    int64
		wait func()
	}{
		{"Sleep", 50, func() { time.Sleep(time.Microsecond) }},
		{"After", 50, func() { <-time.After(time.Microsecond) }},
		{"AfterFunc", 3, func() {
			// The function runs on an ordinary goroutine, which does take the
			// end of a time slice.
			fired := make(chan bool)
			time.AfterFunc(time.Microsecond, func() { close(fired) })
			<-fired
		}},
	} {
		t.Run(timer.name, func(t *testing.T) {
			var got []int64
			// The machine can take away its processor at any time, and sysmon
			// then finds that the slice was long.
			for range 5 {
				var stop, done atomic.Bool
				var turns, slices atomic.Int64
				tlPing(ws, &stop, &turns)
				var wg sync.WaitGroup
				wg.Go(func() {
					for !done.Load() {
						slices.Add(1)
						runtime.Gosched()
					}
				})
				ends := int64(0)
				ws[2].start(func() {
					defer done.Store(true)
					for turns.Load() == 0 {
						runtime.Gosched()
					}
					before := slices.Load()
					for range timer.n {
						timer.wait()
					}
					ends = slices.Load() - before
				})
				ws[2].wait()
				stop.Store(true)
				wg.Wait()
				ws[0].wait()
				ws[1].wait()
				if timer.name == "AfterFunc" || ends < timer.n/2 {
					return
				}
				got = append(got, ends)
			}
			t.Errorf("it took the ends of %d time slices to wait %d times for a timer", got, timer.n)
		})
	}
}

// tlStates are kinds of state that a thread keeps, and that a goroutine which has
// given it to its thread may never get rid of.
var tlThreadStates = []struct {
	name string
	set  func() error
	// isSet reports whether the thread of the caller has the state.
	isSet func() bool
}{
	{"Name", func() error {
		return tlPrctl(syscall.PR_SET_NAME, uintptr(unsafe.Pointer(&tlStrangeName)))
	}, func() bool {
		comm, err := os.ReadFile("/proc/thread-self/comm")
		return err != nil || strings.HasPrefix(string(comm), "strange")
	}},
	{"TimerSlack", func() error {
		return tlPrctl(syscall.PR_SET_TIMERSLACK, 123457)
	}, func() bool {
		n, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_GET_TIMERSLACK, 0, 0)
		return n == 123457
	}},
	{"NoNewPrivileges", func() error {
		const PR_SET_NO_NEW_PRIVS = 38
		return tlPrctl(PR_SET_NO_NEW_PRIVS, 1)
	}, func() bool {
		return tlStatus("NoNewPrivs") != tlNoNewPrivs
	}},
	{"Directory", func() error {
		if err := syscall.Unshare(syscall.CLONE_FS); err != nil {
			return err
		}
		return syscall.Chdir("/proc")
	}, func() bool {
		buf := make([]byte, 4096)
		n, err := syscall.Getcwd(buf)
		return err != nil || string(buf[:n-1]) == "/proc"
	}},
	{"NetworkNamespace", func() error {
		return syscall.Unshare(syscall.CLONE_NEWNET)
	}, func() bool {
		ns, err := os.Readlink("/proc/thread-self/ns/net")
		return err != nil || ns != tlNetNS
	}},
	{"Nice", func() error {
		return syscall.Setpriority(syscall.PRIO_PROCESS, 0, tlNice+1)
	}, func() bool {
		return tlGetNice() != tlNice
	}},
	{"Capability", tlDropCapability, func() bool {
		return tlStatus("CapEff") != tlCapEff
	}},
}

// What these are when the program starts.
var (
	tlStrangeName = [16]byte{'s', 't', 'r', 'a', 'n', 'g', 'e'}
	tlNoNewPrivs  = tlStatus("NoNewPrivs")
	tlCapEff      = tlStatus("CapEff")
	tlNetNS, _    = os.Readlink("/proc/self/ns/net")
	tlNice        = tlGetNice()
)

// tlGetNice returns the nice value of the caller's thread.
func tlGetNice() int {
	n, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	return 20 - n // the system call itself returns no negative numbers
}

func tlPrctl(option int, arg uintptr) error {
	if _, _, e := syscall.RawSyscall6(syscall.SYS_PRCTL, uintptr(option), arg, 0, 0, 0, 0); e != 0 {
		return e
	}
	return nil
}

// tlStatus returns what the kernel says of the caller's thread.
func tlStatus(key string) string {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if k, v, ok := strings.Cut(line, ":"); ok && k == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// tlDropCapability drops a capability of the thread, if it has one.
func tlDropCapability() error {
	const CAP_SYS_CHROOT, version = 18, 0x20080522
	type data struct{ effective, permitted, inheritable uint32 }
	header := struct {
		version uint32
		pid     int32
	}{version: version}
	var caps [2]data
	if _, _, e := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&caps[0])), 0); e != 0 {
		return e
	}
	if caps[0].effective&(1<<CAP_SYS_CHROOT) == 0 {
		return syscall.EPERM
	}
	caps[0].effective &^= 1 << CAP_SYS_CHROOT
	caps[0].permitted &^= 1 << CAP_SYS_CHROOT
	if _, _, e := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&caps[0])), 0); e != 0 {
		return e
	}
	return nil
}

// TestDedicatedThreadStateStays tests that no other goroutine ever runs on a
// thread with the state that a locked goroutine has given its own, neither while
// that thread is in use nor when it was released.
func TestDedicatedThreadStateStays(t *testing.T) {
	leaves := []struct {
		name  string
		leave func(w *tlWorker, l *runtime.ThreadLocker)
	}{
		{"Unlock", func(w *tlWorker, l *runtime.ThreadLocker) { w.do(l.Unlock) }},
		{"UnlockOSThread", func(w *tlWorker, l *runtime.ThreadLocker) {
			w.do(runtime.LockOSThread)
			w.do(l.Unlock)
			w.do(runtime.UnlockOSThread)
		}},
		{"Return", func(w *tlWorker, l *runtime.ThreadLocker) {
			w.end()
			w.gone()
		}},
		{"Goexit", func(w *tlWorker, l *runtime.ThreadLocker) {
			w.do(runtime.Goexit)
			w.gone()
		}},
		{"Taint", func(w *tlWorker, l *runtime.ThreadLocker) {
			w.do(runtime.LockOSThread)
			w.do(l.Unlock)
			w.end()
			w.gone()
		}},
	}
	// spread uses all the threads that there are for ordinary goroutines, and
	// some new ones.
	spread := func(t *testing.T, what string, isSet func() bool) {
		t.Helper()
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Error(err)
			return
		}
		n := len(tasks) + 3
		var wg sync.WaitGroup
		var bad atomic.Int32
		all := make(chan bool)
		var here atomic.Int32
		for range n {
			wg.Go(func() {
				// No thread serves two of these. It exits then, so that
				// there are not more of them each time.
				runtime.LockOSThread()
				if isSet() {
					bad.Add(1)
				}
				if here.Add(1) == int32(n) {
					close(all)
				}
				<-all
			})
		}
		wg.Wait()
		if bad := bad.Load(); bad != 0 {
			t.Errorf("%s: %d of %d threads of other goroutines have the state", what, bad, n)
		}
	}
	// bind has others bind lockers of their own.
	bind := func(t *testing.T, what string, isSet func() bool) {
		t.Helper()
		const n = 3
		var bad atomic.Int32
		tlBindAll(n, func() {
			if isSet() {
				bad.Add(1)
			}
		})
		if bad := bad.Load(); bad != 0 {
			t.Errorf("%s: %d of %d threads of other lockers have the state", what, bad, n)
		}
	}
	for _, state := range tlThreadStates {
		for _, leave := range leaves {
			t.Run(state.name+"/"+leave.name, func(t *testing.T) {
				l := runtime.MakeThreadLocker()
				tid, ws := tlGroup(t, l, 2)
				var err error
				ws[0].do(func() { err = state.set() })
				if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOSPC) {
					t.Skipf("this process may not do that: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				// It is the thread's, not the goroutine's.
				ws[1].do(func() {
					if !state.isSet() {
						t.Error("a goroutine of the thread does not see its state")
					}
				})
				spread(t, "in use", state.isSet)
				bind(t, "in use", state.isSet)
				// From here on new threads are started by goroutines of this one.
				ws[0].do(func() {
					spread(t, "in use, from there", state.isSet)
					bind(t, "in use, from there", state.isSet)
				})
				for i, w := range ws {
					leave.leave(w, l)
					if !w.ended && leave.name != "Goexit" {
						w.do(func() {
							if state.isSet() {
								t.Errorf("goroutine %d still has the state of the thread that it has left", i)
							}
						})
					}
					spread(t, "left", state.isSet)
					bind(t, "left", state.isSet)
				}
				waitThreadExit(t, tid)
				spread(t, "gone", state.isSet)
				bind(t, "gone", state.isSet)
				// The locker binds a thread without it.
				w := newTLWorker(t)
				w.do(l.Lock)
				w.do(func() {
					if state.isSet() {
						t.Error("the locker binds a thread that has the state")
					}
				})
				w.do(l.Unlock)
			})
		}
	}
}

// TestDedicatedThreadSignal sends signals to a dedicated thread in each of the
// states that it can be in.
func TestDedicatedThreadSignal(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		tid, ws := tlGroup(t, runtime.MakeThreadLocker(), 3)
		c := make(chan os.Signal, 1)
		signal.Notify(c, syscall.SIGUSR1)
		defer signal.Stop(c)
		kill := func(t *testing.T) {
			t.Helper()
			if err := syscall.Tgkill(os.Getpid(), tid, syscall.SIGUSR1); err != nil {
				t.Fatal(err)
			}
		}
		wait := func(t *testing.T) {
			t.Helper()
			select {
			case <-c:
			case <-time.After(tlPatience):
				t.Fatal("the signal did not arrive")
			}
		}
		const signals = 10
		t.Run("Parked", func(t *testing.T) {
			for range signals {
				for _, w := range ws {
					w.idle()
				}
				kill(t)
				wait(t)
			}
		})
		t.Run("InSystemCall", func(t *testing.T) {
			release := ws[0].stall()
			for range signals {
				kill(t)
				wait(t)
			}
			release()
		})
		t.Run("Busy", func(t *testing.T) {
			var stop atomic.Bool
			var turns atomic.Int64
			tlPing(ws, &stop, &turns)
			for range signals {
				kill(t)
				wait(t)
			}
			stop.Store(true)
			tlWaitAll(ws[:2]...)
		})
		t.Run("ToItself", func(t *testing.T) {
			// One of the thread's goroutines waits, another one sends.
			ws[0].start(func() {
				for range signals {
					<-c
					tlCheckTID(t, "after a signal", tid)
					ws[1].do(func() { kill(t) })
				}
				<-c
			})
			kill(t)
			ws[0].wait()
		})
		t.Run("Fault", func(t *testing.T) {
			// A signal that becomes a panic, with the others of the thread about.
			var stop atomic.Bool
			var turns atomic.Int64
			tlPing(ws, &stop, &turns)
			ws[2].do(func() {
				for range signals {
					func() {
						defer func() {
							if _, ok := recover().(runtime.Error); !ok {
								t.Error("no panic")
							}
							tlCheckTID(t, "after a fault", tid)
						}()
						var p *struct{ n [100]int }
						p.n[tid%100]++
					}()
					runtime.Gosched()
				}
			})
			stop.Store(true)
			tlWaitAll(ws[:2]...)
		})
		for _, w := range ws {
			w.checkOn(tid)
		}
	})
}

// TestDedicatedThreadExec starts processes from a dedicated thread.
func TestDedicatedThreadExec(t *testing.T) {
	testenv.MustHaveExec(t)
	for _, name := range []string{"cat", "pwd"} {
		testenv.MustHaveExecPath(t, name)
	}
	forProcs(t, func(t *testing.T) {
		t.Run("Many", func(t *testing.T) {
			tid, ws := tlGroup(t, runtime.MakeThreadLocker(), 4)
			for i, w := range ws {
				w.start(func() {
					for j := range 3 {
						cmd := exec.Command("cat")
						want := fmt.Sprintf("goroutine %d, process %d", i, j)
						cmd.Stdin = strings.NewReader(want)
						out, err := cmd.CombinedOutput()
						if err != nil || string(out) != want {
							t.Errorf("cat: %q, %v, want %q", out, err, want)
						}
						tlCheckTID(t, "after a process", tid)
					}
				})
			}
			tlWaitAll(ws...)
		})
		t.Run("Inherits", func(t *testing.T) {
			// A process gets what the thread has that it is started from.
			_, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			ws[0].do(func() {
				if err = syscall.Unshare(syscall.CLONE_FS); err == nil {
					err = syscall.Chdir(dir)
				}
			})
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
				t.Skipf("this process may not have a directory for one thread: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			pwd := func() string {
				out, err := exec.Command("pwd", "-P").CombinedOutput()
				if err != nil {
					t.Errorf("pwd: %v", err)
				}
				return strings.TrimSpace(string(out))
			}
			for _, w := range ws {
				w.do(func() {
					if got := pwd(); got != dir {
						t.Errorf("a process from the thread is in %s, want %s", got, dir)
					}
				})
			}
			if got := pwd(); got == dir {
				t.Errorf("a process from another thread is in %s, too", got)
			}
		})
		t.Run("Pdeathsig", func(t *testing.T) {
			// The kernel ends the process with the thread.
			l := runtime.MakeThreadLocker()
			tid, ws := tlGroup(t, l, 2)
			cmd := exec.Command("cat")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			ws[0].do(func() { err = cmd.Start() })
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(out)
			echo := func() {
				if _, err := io.WriteString(in, "hello\n"); err != nil {
					t.Errorf("write: %v", err)
				}
				if line, err := lines.ReadString('\n'); line != "hello\n" {
					t.Errorf("read %q, %v", line, err)
				}
			}
			ws[1].do(echo)
			checkNoGuests(t, tid)
			ws[0].checkLeaves(tid, l.Unlock)
			ws[0].do(echo)
			ws[1].do(echo)
			ws[1].checkLeaves(tid, l.Unlock)
			waitThreadExit(t, tid)
			err = cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Errorf("the process ended with %v, want killed", err)
			}
		})
		t.Run("Ptrace", func(t *testing.T) {
			// Any goroutine of the thread that traces a process can control it.
			l := runtime.MakeThreadLocker()
			tid, ws := tlGroup(t, l, 3)
			cmd := exec.Command("cat")
			cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
			var err error
			ws[0].do(func() { err = cmd.Start() })
			if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
				t.Skipf("this process may not trace another: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			pid := cmd.Process.Pid
			ws[1].do(func() {
				var status syscall.WaitStatus
				if _, err := syscall.Wait4(pid, &status, syscall.WALL, nil); err != nil || !status.Stopped() {
					t.Errorf("wait4: %v, %#x", err, status)
				}
			})
			err = syscall.PtraceSetOptions(pid, 0)
			if err != syscall.ESRCH {
				t.Errorf("ptrace from another thread: %v, want ESRCH", err)
			}
			for i, w := range ws {
				w.do(func() {
					if err := syscall.PtraceSetOptions(pid, 0); err != nil {
						t.Errorf("ptrace from goroutine %d of the thread: %v", i, err)
					}
				})
			}
			ws[0].checkLeaves(tid, l.Unlock)
			ws[0].do(func() {
				if err := syscall.PtraceSetOptions(pid, 0); err != syscall.ESRCH {
					t.Errorf("ptrace from a goroutine that has left the thread: %v, want ESRCH", err)
				}
			})
			ws[2].do(func() {
				if err := syscall.PtraceCont(pid, 0); err != nil {
					t.Errorf("ptrace: %v", err)
				}
			})
			if err := cmd.Wait(); err != nil {
				t.Errorf("cat: %v", err)
			}
		})
	})
}

// TestDedicatedThreadCPUProfile starts and stops CPU profiles while goroutines of
// a thread switch to and fro. Each profile counts them, with the labels of their own.
func TestDedicatedThreadCPUProfile(t *testing.T) {
	if testenv.CPUProfilingBroken() {
		t.Skip("CPU profiles are broken here")
	}
	_, ws := tlGroup(t, runtime.MakeThreadLocker(), 2)
	for range 2 {
		var stop atomic.Bool
		var turns atomic.Int64
		ch := make(chan int)
		ws[0].start(func() {
			defer close(ch)
			pprof.Do(t.Context(), pprof.Labels("work", "tlWorkA"), func(context.Context) {
				for !stop.Load() {
					ch <- tlWorkA(1000)
				}
			})
		})
		ws[1].start(func() {
			pprof.Do(t.Context(), pprof.Labels("work", "tlWorkB"), func(context.Context) {
				for n := range ch {
					tlWorkB(1000 + n&1)
					turns.Add(1)
				}
			})
		})
		seen := make(map[string]bool)
		tlPoll(t, "a profile to count both goroutines", func() bool {
			var buf bytes.Buffer
			if err := pprof.StartCPUProfile(&buf); err != nil {
				stop.Store(true)
				tlWaitAll(ws...)
				t.Skipf("another profile is on: %v", err)
			}
			end := turns.Load() + 10_000
			tlPoll(t, "the goroutines to work", func() bool { return turns.Load() >= end })
			pprof.StopCPUProfile()
			p, err := profile.Parse(&buf)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Sample {
				for _, loc := range s.Location {
					for _, line := range loc.Line {
						_, name, ok := strings.Cut(line.Function.Name, "runtime_test.tlWork")
						if !ok {
							continue
						}
						name = "tlWork" + name
						seen[name] = true
						if got := s.Label["work"]; !slices.Equal(got, []string{name}) {
							t.Errorf("%s has labels %q", name, got)
						}
					}
				}
			}
			return seen["tlWorkA"] && seen["tlWorkB"]
		})
		stop.Store(true)
		tlWaitAll(ws...)
	}
}

//go:noinline
func tlWorkA(n int) (sum int) {
	for i := range n {
		sum += i * i
	}
	return sum
}

//go:noinline
func tlWorkB(n int) (sum int) {
	for i := range n {
		sum += i ^ n
	}
	return sum
}

// TestDedicatedThreadGoroutineProfile takes goroutine profiles while goroutines of
// a thread hand on a token. A profile shows all goroutines as they were at one
// moment, so it cannot show the token in two places.
func TestDedicatedThreadGoroutineProfile(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		const n = 5
		_, ws := tlGroup(t, runtime.MakeThreadLocker(), n)
		var stop atomic.Bool
		var passed atomic.Int64
		var ring [n]chan bool
		for i := range ring {
			ring[i] = make(chan bool, 1)
		}
		for i, w := range ws {
			w.start(func() { tlPassToken(ring[i], ring[(i+1)%n], &stop, &passed) })
		}
		ring[0] <- true
		tlPoll(t, "the token to go round", func() bool { return passed.Load() > n })
		var p []runtime.StackRecord
		for range 300 {
			p = p[:cap(p)]
			for {
				got, ok := runtime.GoroutineProfile(p)
				if ok {
					p = p[:got]
					break
				}
				p = make([]runtime.StackRecord, got+10)
			}
			members, holders := 0, 0
			for i := range p {
				frames := runtime.CallersFrames(p[i].Stack())
				for more := true; more; {
					var f runtime.Frame
					f, more = frames.Next()
					if strings.HasSuffix(f.Function, "runtime_test.tlPassToken") {
						members++
					}
					if strings.HasSuffix(f.Function, "runtime_test.tlHoldToken") {
						holders++
					}
				}
			}
			if members != n || holders > 1 {
				t.Errorf("a profile shows %d goroutines of the thread, %d of them with the token, want %d, and 1 or 0", members, holders, n)
				break
			}
		}
		stop.Store(true)
		tlWaitAll(ws...)
	})
}

//go:noinline
func tlPassToken(in <-chan bool, out chan<- bool, stop *atomic.Bool, passed *atomic.Int64) {
	for more := true; more; {
		more = <-in && !stop.Load()
		tlHoldToken()
		passed.Add(1)
		out <- more
	}
}

//go:noinline
func tlHoldToken() {
	for range 10 {
		runtime.Gosched() // nobody else has anything to do
	}
}

// TestDedicatedThreadTraces starts and stops execution traces while goroutines of
// a thread switch to and fro, wait for all that there is to wait for, join, leave
// and end. Each trace is valid, and shows each of them on the thread that it is
// locked to.
func TestDedicatedThreadTraces(t *testing.T) {
	tlSlow(t)
	if trace.IsEnabled() {
		t.Skip("this run of the tests is traced")
	}
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 4)
		guest := newTLWorker(t)
		for i := range 3 {
			var stop, over atomic.Bool
			var turns atomic.Int64
			// In the second trace they begin when it does, in the others before.
			if i != 1 {
				tlPing(ws, &stop, &turns)
			}
			var buf bytes.Buffer
			if err := trace.Start(&buf); err != nil {
				t.Fatal(err)
			}
			if i == 1 {
				tlPing(ws, &stop, &turns)
			}
			ws[2].start(func() {
				for _, step := range tlSteps {
					step.f()
				}
				over.Store(true)
			})
			for range 3 {
				guest.checkJoins(tid, l.Lock)
				guest.checkLeaves(tid, l.Unlock)
				guest.checkJoins(tid, ws[3].join)
				guest.checkLeaves(tid, runtime.UnlockOSThread)
			}
			var ended []*tlWorker
			for _, how := range tlEnds {
				w := newTLWorker(t)
				w.do(l.Lock)
				how.end(w)
				w.gone()
				ended = append(ended, w)
			}
			release := ws[3].stall()
			release()
			if i == 1 {
				stop.Store(true)
				tlWaitAll(ws[:3]...)
			} else {
				end := turns.Load() + 100
				tlPoll(t, "turns to be traced", func() bool { return turns.Load() >= end && over.Load() })
			}
			trace.Stop()
			if i != 1 {
				stop.Store(true)
				tlWaitAll(ws[:3]...)
			}

			ran, stops := tlTraceThreads(t, &buf)
			// A joiner that waits for a receiver does not stop to move.
			if got := stops[guest.id]; got["unlock from thread"] != 6 || got["lock to thread"] < 3 || got["lock to thread"] > 6 {
				t.Fatalf("the trace shows that goroutine %s stopped because of %v", guest.id, got)
			}
			for _, w := range ws[:3] {
				if got := ran[w.id]; len(got) != 1 || !got[tid] {
					t.Fatalf("the trace shows goroutine %s on threads %v, want %d", w.id, got, tid)
				}
			}
			for _, w := range append(ended, guest) {
				if got := ran[w.id]; !got[tid] {
					t.Fatalf("the trace shows goroutine %s on threads %v, want %d, too", w.id, got, tid)
				}
			}
			if len(ran[guest.id]) < 2 {
				t.Fatalf("the trace shows goroutine %s on threads %v only", guest.id, ran[guest.id])
			}
		}
	})
}

// TestDedicatedThreadFlightRecorder has a flight recorder write what it has while
// goroutines of a thread switch to and fro and others come and go. Each snapshot is
// a valid trace and shows the goroutines on their thread.
func TestDedicatedThreadFlightRecorder(t *testing.T) {
	tlSlow(t)
	if trace.IsEnabled() {
		t.Skip("this run of the tests is traced")
	}
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 2)
		guest := newTLWorker(t)
		fr := trace.NewFlightRecorder(trace.FlightRecorderConfig{MaxBytes: 1 << 30}) // lose nothing
		if err := fr.Start(); err != nil {
			t.Fatal(err)
		}
		defer fr.Stop()
		var stop atomic.Bool
		var turns atomic.Int64
		tlPing(ws, &stop, &turns)
		for range 3 {
			// Each snapshot has what happens from here on, and may have more.
			end := turns.Load() + 100
			guest.checkJoins(tid, l.Lock)
			guest.checkLeaves(tid, l.Unlock)
			tlPoll(t, "turns to be traced", func() bool { return turns.Load() >= end })
			var buf bytes.Buffer
			if _, err := fr.WriteTo(&buf); err != nil {
				t.Fatal(err)
			}
			ran, stops := tlTraceThreads(t, &buf)
			if got := stops[guest.id]; got["lock to thread"] == 0 || got["unlock from thread"] == 0 {
				t.Errorf("the snapshot shows that goroutine %s stopped because of %v", guest.id, got)
			}
			if !ran[guest.id][tid] || len(ran[guest.id]) < 2 {
				t.Errorf("the snapshot shows goroutine %s on threads %v, want %d and others", guest.id, ran[guest.id], tid)
			}
			for _, w := range ws {
				if got := ran[w.id]; len(got) != 1 || !got[tid] {
					t.Errorf("the snapshot shows goroutine %s on threads %v, want %d", w.id, got, tid)
				}
			}
		}
		stop.Store(true)
		tlWaitAll(ws...)
	})
}

// tlTraceThreads returns on which threads the goroutines of a trace have run, and
// how often they have stopped for which reason.
func tlTraceThreads(t *testing.T, r io.Reader) (ran map[string]map[int]bool, stops map[string]map[string]int) {
	t.Helper()
	tr, err := itrace.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	ran = make(map[string]map[int]bool)
	stops = make(map[string]map[string]int)
	for {
		ev, err := tr.ReadEvent()
		if err == io.EOF {
			return ran, stops
		}
		if err != nil {
			t.Fatalf("the trace is not valid: %v", err)
		}
		if ev.Kind() != itrace.EventStateTransition {
			continue
		}
		st := ev.StateTransition()
		if st.Resource.Kind != itrace.ResourceGoroutine {
			continue
		}
		from, to := st.Goroutine()
		id := fmt.Sprint(st.Resource.Goroutine())
		if from == itrace.GoRunning {
			if stops[id] == nil {
				stops[id] = make(map[string]int)
			}
			stops[id][st.Reason]++
		}
		if to != itrace.GoRunning {
			continue
		}
		if ran[id] == nil {
			ran[id] = make(map[int]bool)
		}
		ran[id][int(ev.Thread())] = true
	}
}

// TestDedicatedThreadFinalizer has finalizers and cleanups lock themselves to a
// shared thread, and leave it, or not.
func TestDedicatedThreadFinalizer(t *testing.T) {
	forProcs(t, func(t *testing.T) {
		l := runtime.MakeThreadLocker()
		tid, ws := tlGroup(t, l, 1)
		type object struct{ p [100]*int }
		for _, kind := range []struct {
			name string
			add  func(f func())
		}{
			{"SetFinalizer", func(f func()) { runtime.SetFinalizer(new(object), func(*object) { f() }) }},
			{"AddCleanup", func(f func()) { runtime.AddCleanup(new(object), func(f func()) { f() }, f) }},
		} {
			t.Run(kind.name, func(t *testing.T) {
				collect := func(f func()) {
					done := make(chan bool, 1)
					kind.add(func() {
						f()
						done <- true
					})
					tlPoll(t, kind.name, func() bool {
						runtime.GC()
						return len(done) != 0
					})
				}
				for range 3 {
					collect(func() {
						if syscall.Gettid() == tid {
							t.Errorf("on thread %d, which is others'", tid)
						}
						l.Lock()
						tlCheckTID(t, "locked", tid)
						runtime.Gosched()
						tlCheckTID(t, "locked", tid)
						l.Unlock()
						if syscall.Gettid() == tid {
							t.Errorf("still on thread %d after Unlock", tid)
						}
					})
				}
				if kind.name != "SetFinalizer" {
					return // there are several goroutines for it
				}
				// The goroutine that runs finalizers is like any other: what one
				// leaves locked, the next one finds locked.
				collect(l.Lock)
				collect(func() { tlCheckTID(t, "locked by an earlier one", tid) })
				release := ws[0].stall()
				runtime.GC()
				release()
				collect(func() {
					tlCheckTID(t, "locked by an earlier one", tid)
					l.Unlock()
				})
				collect(func() {
					if syscall.Gettid() == tid {
						t.Errorf("still on thread %d after Unlock", tid)
					}
				})
			})
		}
	})
}

// TestThreadLockerThreadLimit tests that a program that needs more threads than it
// may have ends as ever, whether the limit is the runtime's or the kernel's, and
// that threads which have exited, and goroutines that share one, do not count.
func TestThreadLockerThreadLimit(t *testing.T) {
	tlSlow(t)
	maxThreads := []string{
		"runtime: program exceeds ",
		"-thread limit\nfatal error: thread exhaustion\n",
	}
	nproc := []string{
		"runtime: failed to create new OS thread (have ",
		"errno=11)\nruntime: may need to increase max user processes (ulimit -u)\nfatal error: newosproc\n",
	}
	nproccgo := []string{
		"runtime/cgo: pthread_create failed: ",
		"SIGABRT: abort\n",
	}
	for _, test := range []struct {
		prog, name string
		want       []string
	}{
		{"testprog", "ThreadLockerMaxThreads", append(maxThreads, "exceeds 40-thread limit\n")},
		{"testprog", "ThreadLockerNproc", nproc},
		{"testprogcgo", "ThreadLockerNproc", nproccgo},
		// In these the Lock of a goroutine that is not locked is what needs a thread.
		{"testprog", "ThreadLockerMaxThreadsMain", maxThreads},
		{"testprog", "ThreadLockerMaxThreadsBusy", maxThreads},
		{"testprog", "ThreadLockerMaxThreadsLocked", maxThreads},
		{"testprog", "ThreadLockerNprocMain", nproc},
		{"testprog", "ThreadLockerNprocBusy", nproc},
		{"testprog", "ThreadLockerNprocLocked", nproc},
		{"testprogcgo", "ThreadLockerNprocMain", nproccgo},
	} {
		for _, procs := range []string{"GOMAXPROCS=1", "GOMAXPROCS=2"} {
			t.Run(test.prog+"/"+test.name+","+procs, func(t *testing.T) {
				t.Parallel()
				if test.prog == "testprogcgo" {
					testenv.MustHaveCGO(t)
				} else if strings.HasPrefix(test.name, "ThreadLockerNproc") {
					// External linking brings in cgo, which starts threads in its own way.
					testenv.MustInternalLink(t, deadlockBuildTypes)
				}
				exe, err := buildTestProg(t, test.prog)
				if err != nil {
					t.Fatal(err)
				}
				output, err := runBuiltTestProgErr(t, exe, test.name, procs)
				if err == nil {
					t.Error("the program has ended without an error")
				}
				for _, want := range test.want {
					if !strings.Contains(output, want) {
						t.Errorf("output:\n%s\nwant it to contain %q", output, want)
					}
				}
			})
		}
	}
	t.Run("Kept", func(t *testing.T) {
		t.Parallel()
		output, err := runTestProgErr(t, "ThreadLockerMaxThreadsKept", "GOMAXPROCS=2")
		if err != nil || output != "OK\n" {
			t.Errorf("%v, output:\n%s\nwant OK", err, output)
		}
	})
}

// TestThreadLockerOSProgs runs programs that need a process of their own.
func TestThreadLockerOSProgs(t *testing.T) {
	tlSlow(t)
	for _, name := range []string{"ThreadLockerAllThreads", "ThreadLockerNoDeadlockSyscall"} {
		for _, procs := range []string{"GOMAXPROCS=1", "GOMAXPROCS=2"} {
			t.Run(name+","+procs, func(t *testing.T) {
				// With cgo there are neither AllThreadsSyscall nor deadlocks.
				testenv.MustInternalLink(t, deadlockBuildTypes)
				t.Parallel()
				output, err := runTestProgErr(t, name, procs)
				if err != nil || output != "OK\n" {
					t.Errorf("%v, output:\n%s\nwant OK", err, output)
				}
			})
		}
	}
}

// TestThreadLockerQuit tests that a program with dedicated threads in all states dies
// of a signal to one of them, and shows all goroutines.
func TestThreadLockerQuit(t *testing.T) {
	tlSlow(t)
	for _, level := range []string{"all", "crash"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			output, err := runTestProgErr(t, "ThreadLockerQuit", "GOTRACEBACK="+level)
			if err == nil {
				t.Error("the program has ended without an error")
			}
			if !strings.HasPrefix(output, "SIGQUIT: quit\n") {
				t.Errorf("output:\n%s\nwant it to begin with SIGQUIT", output)
			}
			// One of tlManyStates may not have come so far as to lock.
			if n := strings.Count(output, "locked to thread"); n < 8 {
				t.Errorf("output:\n%s\nwant it to show 8 or more locked goroutines, not %d", output, n)
			}
		})
	}
}
