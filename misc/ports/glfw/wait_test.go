//go:build goexperiment.threadlocker

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// waits are the functions that wait for events, as long as it takes.
var waits = map[string]func(){
	"WaitEvents":        glfw.WaitEvents,
	"WaitEventsTimeout": func() { glfw.WaitEventsTimeout(3600) },
}

// resident starts a goroutine that lives on the window's thread.
func resident(wg *sync.WaitGroup, f func()) {
	wg.Go(func() {
		defer stay()()
		f()
	})
}

// waitFor waits for events until wg is done. The last resident ends on the thread, so that
// wait returns after that.
func waitFor(wg *sync.WaitGroup, wait func()) (returns int) {
	done := false
	go func() {
		wg.Wait()
		defer stay()()
		done = true
	}()
	for !done {
		wait()
		returns++
	}
	return returns
}

// Goroutines that live on the window's thread wait for timers, a connection, goroutines of
// other threads and each other, and draw, while the thread waits for events in C.
func TestWaitEvents(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go io.Copy(conn, conn)
		}
	}()
	for name, wait := range waits {
		onWindow(t, 320, 240, 4, 2, func(w *window) error {
			const rounds = 100
			var wg sync.WaitGroup
			errs := make(chan error, 100)
			start := time.Now()
			for i := range 4 {
				resident(&wg, func() {
					tick := time.NewTicker(5 * time.Millisecond)
					defer tick.Stop()
					for range rounds {
						<-tick.C
						batch(func() { w.tiles[i].drawPart(0) })
					}
				})
				resident(&wg, func() {
					conn, err := net.Dial("tcp", ln.Addr().String())
					if err != nil {
						errs <- err
						return
					}
					defer conn.Close()
					r := bufio.NewReader(conn)
					for j := range rounds {
						want := fmt.Sprintf("%d of %d\n", j, i)
						io.WriteString(conn, want)
						if got, err := r.ReadString('\n'); got != want || err != nil {
							errs <- fmt.Errorf("%q comes back as %q: %v", want, got, err)
							return
						}
					}
				})
				// One of each pair lives elsewhere, or both are here.
				ping, pong := make(chan int), make(chan int)
				serve := func() {
					for n := range ping {
						pong <- n
					}
				}
				if i%2 == 0 {
					resident(&wg, serve)
				} else {
					wg.Go(serve)
				}
				resident(&wg, func() {
					defer close(ping)
					for j := range rounds {
						ping <- j
						if n := <-pong; n != j {
							errs <- fmt.Errorf("%d comes back as %d", j, n)
						}
					}
				})
				wg.Go(func() { // comes and goes
					for range rounds {
						onMain(func() { batch(func() { w.tiles[i].drawPart(1) }) })
					}
				})
			}
			returns := waitFor(&wg, wait)
			t.Logf("%s: %v, has returned %d times", name, time.Since(start).Round(time.Millisecond), returns)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%s: the goroutines took %v", name, took)
			}
			close(errs)
			return <-errs
		})
	}
}

// Events come in as ever, and callbacks have other goroutines of the thread draw.
func TestWaitEventsInput(t *testing.T) {
	for name, wait := range waits {
		onWindow(t, 320, 240, 4, 2, func(w *window) error {
			for !focused(w) {
				wait()
			}
			w.draw()
			w.show()
			m := w.tiles[1].middle()
			go exec.Command("xdotool",
				"mousemove", "--window", window11(w), fmt.Sprint(m.X), fmt.Sprint(m.Y), "click", "1",
				"key", "space", "key", "Escape").Run()
			for !w.ShouldClose() {
				wait()
			}
			if want := 1 + 4; w.events.turns != want {
				t.Errorf("%s: %d tiles were turned, want %d", name, w.events.turns, want)
			}
			return nil
		})
	}
}

// While nothing happens, a thread with goroutines costs nothing.
func TestWaitEventsIdle(t *testing.T) {
	onWindow(t, 320, 240, 4, 2, func(w *window) error {
		for !focused(w) {
			glfw.WaitEvents()
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		for i := range 16 {
			resident(&wg, func() {
				if i == 0 {
					ln.Accept()
					return
				}
				time.Sleep(3 * time.Second)
			})
		}
		time.AfterFunc(3*time.Second, func() { ln.Close() })
		glfw.WaitEventsTimeout(0.5) // they wait now
		begin, start := cpu(), time.Now()
		returns := 0
		for time.Since(start) < 2*time.Second {
			glfw.WaitEventsTimeout(2)
			returns++
		}
		used := cpu() - begin
		t.Logf("%v of CPU in %v, has returned %d times", used, time.Since(start).Round(time.Millisecond), returns)
		if used > 20*time.Millisecond { // 1 %
			t.Errorf("the program took %v of CPU in %v while nothing happened", used, time.Since(start))
		}
		waitFor(&wg, glfw.WaitEvents)
		return nil
	})
}
