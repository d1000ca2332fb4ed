package main

import (
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"
)

func TestMain(m *testing.M) {
	code := 0
	withMainThread(func() { code = m.Run() })
	os.Exit(code)
}

// onWindow calls f with a window, on the main thread.
func onWindow(t testing.TB, width, height, tiles, parts int, f func(w *window) error) {
	t.Helper()
	var err error
	onMain(func() {
		var w *window
		if w, err = open(width, height, tiles, parts); err != nil {
			return
		}
		defer w.close()
		glfw.SwapInterval(0)
		if err = f(w); err == nil {
			err = w.err
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// window11 is what xdotool calls the window.
func window11(w *window) string { return strconv.FormatUint(uint64(w.GetX11Window()), 10) }

// focused reports whether the window gets what keys are pressed.
func focused(w *window) bool { return w.GetAttrib(glfw.Focused) == glfw.True }

// All pixels of every frame are what the tiles should have drawn.
func TestPixels(t *testing.T) {
	for _, tiles := range []int{1, 2, 7, 16} {
		onWindow(t, 320, 240, tiles, 5, func(w *window) error {
			for range 40 {
				w.draw()
				w.check()
				w.show()
			}
			return nil
		})
	}
}

// A frame is the same as it was in the documentation. The program writes window.png by
//
//	go run . -frames 30 -png window.png
func TestScreenshot(t *testing.T) {
	f, err := os.Open("window.png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	onWindow(t, 320, 240, 16, 8, func(w *window) error {
		for range 30 {
			w.draw()
		}
		w.check()
		got, want := w.pixels(), image.NewRGBA(m.Bounds())
		draw.Draw(want, want.Rect, m, m.Bounds().Min, draw.Src)
		if got.Rect != want.Rect || string(got.Pix) != string(want.Pix) {
			return fmt.Errorf("the frame differs from window.png")
		}
		return nil
	})
}

// Events come in while the tiles draw, and the callbacks have tiles draw as well.
func TestEvents(t *testing.T) {
	const tiles, rounds = 16, 5
	onWindow(t, 320, 240, tiles, 5, func(w *window) error {
		hues := make([]int, tiles)
		turn := func(i int) { hues[i] = (hues[i] + 150) % 360 }
		args := []string{"mousemove", "--window", window11(w), "1", "1"}
		for i, tile := range w.tiles {
			hues[i] = tile.hue
			m := tile.middle()
			args = append(args, "mousemove", "--window", window11(w), strconv.Itoa(m.X), strconv.Itoa(m.Y))
			for range i % 3 {
				args = append(args, "click", "1")
				turn(i)
			}
		}
		for range rounds {
			args = append(args, "key", "space")
			for i := range tiles {
				turn(i)
			}
		}
		args = append(args, "windowsize", window11(w), "400", "300", "key", "Escape")

		// The window is there, and has the keys, before any is pressed.
		for !(w.events.refreshes > 0 && focused(w)) {
			w.draw()
			w.check()
			w.show()
		}
		refreshes := w.events.refreshes
		cmd := exec.Command("xdotool", args...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("%v; install xdotool", err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()

		for !w.ShouldClose() && w.err == nil {
			w.draw()
			w.check()
			w.show()
			select {
			case err := <-ended:
				if err != nil {
					return fmt.Errorf("xdotool: %v: %s", err, &said)
				}
				ended = nil
			default:
			}
		}
		for i, tile := range w.tiles {
			if tile.hue != hues[i] {
				return fmt.Errorf("tile %d has hue %d, want %d", i, tile.hue, hues[i])
			}
		}
		if w.size != image.Pt(400, 300) {
			return fmt.Errorf("the window has size %v, want 400x300", w.size)
		}
		if w.events.refreshes == refreshes {
			return fmt.Errorf("there was no refresh after the window grew")
		}
		t.Logf("%d frames, %+v", w.frame, w.events)
		return nil
	})
}

// What a frame costs, with tiles that each draw something in some batches. Most of
// the first is what it takes to show a frame.
func BenchmarkFrame(b *testing.B) {
	for _, tiles := range []int{1, 4, 16} {
		for _, parts := range []int{1, 8} {
			b.Run(fmt.Sprintf("goroutines=%d/batches=%d", tiles, parts), func(b *testing.B) {
				onWindow(b, 128, 128, tiles, parts, func(w *window) error {
					for range 10 {
						w.draw()
						w.show()
					}
					start := cpu()
					for b.Loop() {
						w.draw()
						w.show()
					}
					b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
					return nil
				})
			})
		}
	}
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
