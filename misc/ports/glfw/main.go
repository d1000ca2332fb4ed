// Glfwtiles shows a window of tiles. Each tile has a goroutine that draws it, on the
// main thread, since OpenGL and GLFW want that. A click on a tile gives it another
// color, the space bar all of them; Escape ends the program.
//
// The goroutines call OpenGL themselves if the toolchain has thread lockers
// (thread_locker.go). If not, they send main what it is to call for them
// (thread_stock.go).
package main

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"runtime"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// Main must be on the main thread.
func init() { runtime.LockOSThread() }

func main() {
	tiles := flag.Int("tiles", 16, "draw `n` tiles")
	parts := flag.Int("parts", 8, "draw each tile in `n` parts")
	frames := flag.Int("frames", 0, "end after `n` frames; 0 means never")
	file := flag.String("png", "", "write the last frame to a `file`")
	flag.Parse()
	if flag.NArg() > 0 || *tiles < 1 || *parts < 1 || *frames < 0 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	withMainThread(func() {
		onMain(func() { err = show(*tiles, *parts, *frames, *file) })
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "glfwtiles:", err)
		os.Exit(1)
	}
}

func show(tiles, parts, frames int, file string) error {
	w, err := open(320, 240, tiles, parts)
	if err != nil {
		return err
	}
	defer w.close()
	glfw.SwapInterval(1)
	var last image.Image
	for n := 1; !w.ShouldClose(); n++ {
		w.draw()
		if n == frames {
			w.SetShouldClose(true)
		}
		if file != "" && w.ShouldClose() {
			last = w.pixels()
		}
		w.show()
	}
	if w.err != nil || last == nil {
		return w.err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := png.Encode(f, last); err != nil {
		return err
	}
	return f.Close()
}
