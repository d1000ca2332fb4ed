package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync/atomic"

	"github.com/go-gl/gl/v3.3-core/gl"
	"github.com/go-gl/glfw/v3.3/glfw"
)

// A window has tiles. Its methods are for the main thread, where the events enter, too.
type window struct {
	*glfw.Window
	size    image.Point // in pixels
	parts   int         // of each tile
	frame   int         // the one drawn last
	tiles   []*tile
	working atomic.Int32  // tiles that have something to do
	done    chan struct{} // the last one of them is done
	err     error         // the first thing that went wrong

	events struct{ turns, sizes, refreshes int }
}

// A tile is drawn by a goroutine of its own.
type tile struct {
	w     *window
	todo  chan task
	ended chan struct{}

	// Main writes these when the tile has nothing to do.
	bounds image.Rectangle
	hue    int // in degrees

	// Main reads this when the tile has nothing to do.
	shown color.RGBA
}

// A task says what a tile is to do.
type task int

const (
	drawTask  task = iota // draw a frame
	probeTask             // draw, and read back the color in the middle
)

// open opens a window of that size, in what the system counts in.
func open(width, height, tiles, parts int) (*window, error) {
	if err := glfw.Init(); err != nil {
		return nil, fmt.Errorf("GLFW does not start: %w", err)
	}
	glfw.WindowHint(glfw.ContextVersionMajor, 3)
	glfw.WindowHint(glfw.ContextVersionMinor, 3)
	glfw.WindowHint(glfw.OpenGLProfile, glfw.OpenGLCoreProfile)
	glfw.WindowHint(glfw.OpenGLForwardCompatible, glfw.True)
	glfw.WindowHint(glfw.ScaleToMonitor, glfw.False)
	gw, err := glfw.CreateWindow(width, height, "tiles", nil, nil)
	if err != nil {
		glfw.Terminate()
		return nil, fmt.Errorf("no window with OpenGL 3.3: %w", err)
	}
	gw.MakeContextCurrent()
	if err := gl.Init(); err != nil {
		glfw.Terminate()
		return nil, err
	}
	if err := useProgram(); err != nil {
		glfw.Terminate()
		return nil, err
	}

	w := &window{Window: gw, parts: parts, done: make(chan struct{}, 1)}
	for i := range tiles {
		t := &tile{w: w, todo: make(chan task, 1), ended: make(chan struct{}), hue: 360 * i / tiles}
		w.tiles = append(w.tiles, t)
		go t.run()
	}
	w.resize(gw.GetFramebufferSize())

	gw.SetFramebufferSizeCallback(func(_ *glfw.Window, width, height int) {
		w.events.sizes++
		w.resize(width, height)
	})
	// On some systems a window that is being moved or resized keeps its program
	// in PollEvents for long, and is drawn only by what this does.
	gw.SetRefreshCallback(func(*glfw.Window) {
		w.events.refreshes++
		w.do(drawTask, w.tiles...)
		w.SwapBuffers()
	})
	gw.SetMouseButtonCallback(func(_ *glfw.Window, _ glfw.MouseButton, action glfw.Action, _ glfw.ModifierKey) {
		if action != glfw.Press {
			return
		}
		x, y := gw.GetCursorPos()
		width, height := gw.GetSize() // pixels, or larger units
		at := image.Pt(int(x*float64(w.size.X)/float64(width)), int(y*float64(w.size.Y)/float64(height)))
		for _, t := range w.tiles {
			if at.In(t.bounds) {
				w.turn(t)
			}
		}
	})
	gw.SetKeyCallback(func(_ *glfw.Window, key glfw.Key, _ int, action glfw.Action, _ glfw.ModifierKey) {
		switch {
		case action != glfw.Press:
		case key == glfw.KeySpace:
			for _, t := range w.tiles {
				w.turn(t)
			}
		case key == glfw.KeyEscape:
			w.SetShouldClose(true)
		}
	})
	return w, nil
}

// close closes the window, when all that draw in it have ended.
func (w *window) close() {
	for _, t := range w.tiles {
		close(t.todo)
		wait(t.ended)
	}
	glfw.Terminate()
}

// resize divides a window of that size among the tiles.
func (w *window) resize(width, height int) {
	w.size = image.Pt(width, height)
	gl.Viewport(0, 0, int32(width), int32(height))
	cols := int(math.Ceil(math.Sqrt(float64(len(w.tiles)))))
	rows := (len(w.tiles) + cols - 1) / cols
	for i, t := range w.tiles {
		x, y := i%cols, i/cols
		t.bounds = image.Rect(x*width/cols, y*height/rows, (x+1)*width/cols, (y+1)*height/rows)
	}
}

// draw has all tiles draw the next frame.
func (w *window) draw() {
	w.frame++
	w.do(drawTask, w.tiles...)
}

// show shows what has been drawn, and lets events in.
func (w *window) show() {
	w.SwapBuffers()
	glfw.PollEvents()
}

// do gives the tiles something to do, and waits until they have done it.
func (w *window) do(what task, tiles ...*tile) {
	w.working.Store(int32(len(tiles)))
	for _, t := range tiles {
		t.todo <- what
	}
	wait(w.done)
}

// turn turns a tile to another color, and looks whether that is what it shows. It is
// called in callbacks: while C waits for it to return, the tile calls C.
func (w *window) turn(t *tile) {
	w.events.turns++
	t.hue = (t.hue + 150) % 360
	w.do(probeTask, t)
	if want := w.expected().RGBAAt(t.middle().X, t.middle().Y); t.shown != want {
		w.fail(fmt.Errorf("a tile that was turned to hue %d shows %v, want %v", t.hue, t.shown, want))
	}
}

func (w *window) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// pixels reads back what has been drawn.
func (w *window) pixels() *image.RGBA {
	m := image.NewRGBA(image.Rectangle{Max: w.size})
	up := make([]byte, len(m.Pix))
	gl.ReadPixels(0, 0, int32(w.size.X), int32(w.size.Y), gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(up))
	for y := range w.size.Y {
		copy(m.Pix[y*m.Stride:], up[(w.size.Y-1-y)*m.Stride:][:m.Stride])
	}
	return m
}

// expected makes the picture that the tiles should have drawn.
func (w *window) expected() *image.RGBA {
	m := image.NewRGBA(image.Rectangle{Max: w.size})
	for _, t := range w.tiles {
		for i := range w.parts {
			r, c := t.part(i)
			draw.Draw(m, r, image.NewUniform(c), image.Point{}, draw.Src)
		}
	}
	return m
}

// check compares what has been drawn with what should have been.
func (w *window) check() {
	got, want := w.pixels(), w.expected()
	for y := range w.size.Y {
		for x := range w.size.X {
			if got.RGBAAt(x, y) != want.RGBAAt(x, y) {
				w.fail(fmt.Errorf("frame %d: pixel (%d, %d) is %v, want %v", w.frame, x, y, got.RGBAAt(x, y), want.RGBAAt(x, y)))
				return
			}
		}
	}
}

func (t *tile) run() {
	defer close(t.ended)
	defer stay()()
	for what := range t.todo {
		for i := range t.w.parts {
			batch(func() { t.drawPart(i) })
		}
		if what == probeTask {
			batch(t.probe)
		}
		if t.w.working.Add(-1) == 0 {
			t.w.done <- struct{}{}
		}
	}
}

func (t *tile) drawPart(i int) {
	r, c := t.part(i)
	w, h := float32(t.w.size.X), float32(t.w.size.Y)
	gl.VertexAttrib4f(rectAttrib, 2*float32(r.Min.X)/w-1, 1-2*float32(r.Min.Y)/h, 2*float32(r.Max.X)/w-1, 1-2*float32(r.Max.Y)/h)
	gl.VertexAttrib3f(colorAttrib, float32(c.R)/255, float32(c.G)/255, float32(c.B)/255)
	gl.DrawArrays(gl.TRIANGLE_STRIP, 0, 4)
}

func (t *tile) probe() {
	var p [4]byte
	m := t.middle()
	gl.ReadPixels(int32(m.X), int32(t.w.size.Y-1-m.Y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, gl.Ptr(&p[0]))
	t.shown = color.RGBA{p[0], p[1], p[2], p[3]}
}

func (t *tile) middle() image.Point { return t.bounds.Min.Add(t.bounds.Max).Div(2) }

// part is the i-th part of a tile: squares in squares, which swing from frame to frame.
func (t *tile) part(i int) (image.Rectangle, color.RGBA) {
	r := t.bounds
	if i > 0 {
		r = r.Inset(i * min(r.Dx(), r.Dy()) / (2*t.w.parts + 1))
		s, c := math.Sincos(float64(t.w.frame+2*i) / 8)
		swing := float64(t.bounds.Dx()) / 24
		r = r.Add(image.Pt(int(swing*c), int(swing*s))).Intersect(t.bounds)
	}
	return r, shade(t.hue, float64(i+1)/float64(t.w.parts+1))
}

// shade is a color of a hue, in degrees, from dark to pale.
func shade(hue int, light float64) color.RGBA {
	channel := func(shift int) uint8 {
		h := math.Abs(math.Mod(float64(hue+shift)/60, 6) - 3)
		full := min(max(h-1, 0), 1)
		return uint8(255 * min(1, light*(full+light*light)))
	}
	return color.RGBA{channel(0), channel(240), channel(120), 255}
}
