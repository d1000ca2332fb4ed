// Bench measures what a frame costs a small game of Ebitengine, for some ways to
// use a frame, and prints it in the format of Go's benchmarks.
package main

import (
	"errors"
	"flag"
	"fmt"
	"image/color"
	"os"
	"runtime"
	"syscall"
	"time"

	"github.com/hajimehoshi/ebiten/v2"
)

// The window is small: what counts is not how fast pixels are drawn.
const width, height = 64, 48

// A use is a way to use a frame.
type use struct {
	name   string
	update func(g *game) error
	draw   func(g *game, screen *ebiten.Image)
}

var uses = []use{
	// The window is asked nothing, and nothing has to be ready before the end of
	// the frame: Ebitengine itself changes threads.
	{"sprites", nil, drawSprites},
	// It is asked things that only the main thread knows.
	{"state", askState, drawSprites},
	// It is asked things that only the X server knows.
	{"window", askWindow, drawSprites},
	// What has been drawn is read back, which the render thread does.
	{"readback", readBack, drawSprites},
}

func drawSprites(g *game, screen *ebiten.Image) {
	for i := range 50 {
		var op ebiten.DrawImageOptions
		op.GeoM.Translate(float64((g.frame+7*i)%width), float64((g.frame+11*i)%height))
		screen.DrawImage(g.sprite, &op)
	}
}

func askState(*game) error {
	for range 8 {
		if ebiten.IsFullscreen() || ebiten.CursorMode() != ebiten.CursorModeVisible {
			return errNotAsOpened
		}
	}
	return nil
}

func askWindow(*game) error {
	for range 8 {
		if ebiten.IsWindowMaximized() || ebiten.IsWindowMinimized() {
			return errNotAsOpened
		}
	}
	return nil
}

var errNotAsOpened = errors.New("the window is not as it was opened")

func readBack(g *game) error {
	for i, m := range g.canvases {
		c := color.RGBA{uint8(g.frame), uint8(i), 0, 255}
		m.Fill(c)
		if got := m.At(1, 1); got != c {
			return fmt.Errorf("a canvas has color %v, want %v", got, c)
		}
	}
	return nil
}

type game struct {
	benchtime time.Duration
	sprite    *ebiten.Image
	canvases  []*ebiten.Image
	uses      []use // those to be measured, the first of them now

	frame    int
	frames   int // of this use so far; negative while it warms up
	start    time.Time
	startCPU time.Duration
}

const warmup = 50

func newGame(benchtime time.Duration) *game {
	g := &game{benchtime: benchtime, sprite: ebiten.NewImage(8, 8), uses: uses, frames: -warmup}
	g.sprite.Fill(color.RGBA{200, 100, 50, 255})
	for range 8 {
		g.canvases = append(g.canvases, ebiten.NewImageWithOptions(g.sprite.Bounds(), &ebiten.NewImageOptions{Unmanaged: true}))
	}
	return g
}

// Update begins a frame.
func (g *game) Update() error {
	g.frame++
	// Without the focus, Ebitengine takes its time.
	if g.frames == -warmup && !ebiten.IsFocused() {
		if g.frame > 300 {
			return errors.New("the window does not get the focus")
		}
		return nil
	}
	g.frames++
	if g.frames == 0 {
		g.start, g.startCPU = time.Now(), cpu()
	} else if d := time.Since(g.start); g.frames > 0 && d >= g.benchtime {
		g.report(d, cpu()-g.startCPU)
		g.uses, g.frames = g.uses[1:], -warmup
		if len(g.uses) == 0 {
			return ebiten.Termination
		}
	}
	if u := g.uses[0]; u.update != nil {
		return u.update(g)
	}
	return nil
}

func (g *game) Draw(screen *ebiten.Image) {
	if len(g.uses) > 0 {
		g.uses[0].draw(g, screen)
	}
}

func (*game) Layout(int, int) (int, int) { return width, height }

func (g *game) report(d, cpu time.Duration) {
	procs := ""
	if n := runtime.GOMAXPROCS(0); n > 1 {
		procs = fmt.Sprintf("-%d", n)
	}
	n := float64(g.frames)
	fmt.Printf("BenchmarkFrame/%s%s\t%d\t%.0f ns/op\t%.0f cpu-ns/op\t%.1f frames/s\n",
		g.uses[0].name, procs, g.frames, float64(d)/n, float64(cpu)/n, n/d.Seconds())
}

// cpu is the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func main() {
	benchtime := flag.Duration("benchtime", time.Second, "measure each way for so long")
	flag.Parse()
	ebiten.SetWindowSize(width, height)
	ebiten.SetVsyncEnabled(false)
	ebiten.SetTPS(ebiten.SyncWithFPS)
	if err := ebiten.RunGame(newGame(*benchtime)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
