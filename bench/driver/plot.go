// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strconv"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	blue   = color.NRGBA{0x1f, 0x77, 0xb4, 0xff}
	orange = color.NRGBA{0xe6, 0x7e, 0x22, 0xff}
	gray   = color.NRGBA{0x8c, 0x8c, 0x8c, 0xff}
	green  = color.NRGBA{0x2c, 0xa0, 0x2c, 0xff}
)

// light is a paler c.
func light(c color.NRGBA) color.NRGBA {
	mix := func(x uint8) uint8 { return x/2 + 0x7f }
	return color.NRGBA{mix(c.R), mix(c.G), mix(c.B), c.A}
}

// A bar lies on a logarithmic axis, which plotter.BarChart cannot do.
type bar struct {
	y      float64 // of its middle
	half   float64 // half its height
	x      float64
	lo, hi float64 // the confidence interval
	color  color.Color
	label  string
}

type bars struct {
	bars []bar
	text text.Style
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, b1 := range b.bars {
		l, r := tx(p.X.Min), tx(b1.x)
		bottom, top := ty(b1.y-b1.half), ty(b1.y+b1.half)
		c.FillPolygon(b1.color, []vg.Point{{X: l, Y: bottom}, {X: r, Y: bottom}, {X: r, Y: top}, {X: l, Y: top}})
		mid := ty(b1.y)
		c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(0.7)}, tx(b1.lo), mid, tx(b1.hi), mid)
		c.FillText(b.text, vg.Point{X: max(r, tx(b1.hi)) + vg.Points(4), Y: mid}, b1.label)
	}
}

func (b bars) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, ymin, xmax, ymax = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, b := range b.bars {
		xmin, xmax = min(xmin, b.x), max(xmax, b.x)
		ymin, ymax = min(ymin, b.y-b.half), max(ymax, b.y+b.half)
	}
	return
}

// A swatch stands for a color in a legend.
type swatch struct{ color color.Color }

func (s swatch) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(s.color, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// newPlot returns a plot with a title and, below it, where it was measured.
func (r *results) newPlot(title string) *plot.Plot {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.BackgroundColor = color.White // also on a dark page
	p.Title.Text = fmt.Sprintf("%s\n%s, %s cores, %s/%s, %s", title, r.config["cpu"], r.config["cores"], r.config["goos"], r.config["goarch"], r.config["stock"])
	p.Title.TextStyle.Font.Size = vg.Points(11)
	p.Title.Padding = vg.Points(8)
	return p
}

// plots draws what the results are enough for, and returns the files' names.
func (r *results) plots(dir string) ([]string, error) {
	var files []string
	save := func(p *plot.Plot, name string, w, h vg.Length) error {
		for _, ext := range []string{".png", ".svg"} {
			f := filepath.Join(dir, name+ext)
			if err := p.Save(w, h, f); err != nil {
				return err
			}
			files = append(files, f)
		}
		return nil
	}
	if p, n := r.latencyPlot(); n > 0 {
		if err := save(p, "latency", 22*vg.Centimeter, vg.Length(n)*0.95*vg.Centimeter+3.5*vg.Centimeter); err != nil {
			return files, err
		}
	}
	p, n, err := r.ringPlot()
	if err == nil && n > 0 {
		err = save(p, "ring", 18*vg.Centimeter, 11*vg.Centimeter)
	}
	return files, err
}

// latencyPlot draws a round trip by system; n is how many there are.
func (r *results) latencyPlot() (p *plot.Plot, n int) {
	p = r.newPlot("One request and its answer")
	ps := r.allProcs()
	if len(ps) > 2 {
		ps = []string{ps[0], ps[len(ps)-1]}
	}
	b := bars{text: text.Style{
		Font: font.From(plot.DefaultFont, 9), YAlign: draw.YCenter, Handler: plot.DefaultTextHandler,
	}}
	var names []string
	for i := len(systems) - 1; i >= 0; i-- {
		s := systems[i]
		c, each := gray, []string{""}
		switch s.toolchain {
		case "stock":
			c, each = orange, ps
		case "fork":
			c, each = blue, ps
		}
		have := false
		for j, pr := range each {
			v := r.at(s.cell, pr, "sec/op")
			if len(v) == 0 {
				continue
			}
			have = true
			sum := benchmath.AssumeNothing.Summary(sample(v), 0.95)
			one := bar{y: float64(len(names)), half: 0.4, x: sum.Center * 1e9, lo: sum.Lo * 1e9, hi: sum.Hi * 1e9, color: c}
			if math.IsInf(one.lo, 0) || math.IsInf(one.hi, 0) || one.lo <= 0 {
				one.lo, one.hi = one.x, one.x
			}
			if len(each) > 1 {
				one.half = 0.2
				one.y += 0.2 - 0.4*float64(j)
				if j == 0 {
					one.color = light(c)
				}
			}
			one.label = nanos(sum.Center) + " ns"
			b.bars = append(b.bars, one)
		}
		if have {
			names = append(names, s.label)
		}
	}
	if len(names) == 0 {
		return nil, 0
	}
	p.Add(b)
	p.NominalY(names...)
	p.Y.Width = 0
	p.Y.Min, p.Y.Max = -0.6, float64(len(names))-0.4
	p.X.Label.Text = "ns, logarithmic: shorter is better"
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.LogTicks{Prec: -1}
	lo, hi, _, _ := b.DataRange()
	p.X.Min = math.Pow(10, math.Floor(math.Log10(lo/1.5)))
	p.X.Max = hi * 6
	for j, pr := range ps {
		for _, l := range []struct {
			name string
			c    color.NRGBA
		}{{"this Go", blue}, {"stock Go", orange}} {
			c := l.c
			if len(ps) > 1 && j == 0 {
				c = light(c)
			}
			p.Legend.Add(l.name+", GOMAXPROCS="+pr, swatch{c})
		}
	}
	p.Legend.Add("other systems", swatch{gray})
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	p.Legend.Padding = vg.Points(2)
	p.Legend.Top, p.Legend.XOffs, p.Legend.YOffs = true, -vg.Points(4), -vg.Points(4)
	p.Y.Label.Text = " " // room for long labels
	return p, len(names)
}

// ringPlot draws what a hop costs by the number of goroutines; n is how many
// lines there are.
func (r *results) ringPlot() (p *plot.Plot, n int, err error) {
	p = r.newPlot("One hop in a ring of goroutines")
	top := 0.0
	for _, l := range []struct {
		label, toolchain, placement string
		color                       color.NRGBA
	}{
		{"stock Go, unlocked", "stock", "unlocked", orange},
		{"this Go, unlocked", "fork", "unlocked", green},
		{"this Go, on one thread", "fork", "colocated", blue},
	} {
		for i, pr := range r.allProcs() {
			var pts plotter.XYs
			for _, size := range []float64{2, 10, 1000, 100000} {
				v := r.at(cell{l.toolchain, "Ring/" + l.placement + "/n=" + strconv.FormatFloat(size, 'f', 0, 64)}, pr, "sec/op")
				if len(v) > 0 {
					y := median(v) * 1e9
					pts = append(pts, plotter.XY{X: size, Y: y})
					top = max(top, y)
				}
			}
			if len(pts) < 2 {
				continue
			}
			line, points, err := plotter.NewLinePoints(pts)
			if err != nil {
				return nil, 0, err
			}
			line.Color, points.Color = l.color, l.color
			line.Width = vg.Points(1.5)
			points.Shape = draw.CircleGlyph{}
			if i > 0 {
				line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
			}
			p.Add(line, points)
			p.Legend.Add(l.label+", GOMAXPROCS="+pr, line, points)
			n++
		}
	}
	if n == 0 {
		return nil, 0, nil
	}
	p.Add(plotter.NewGrid())
	p.X.Label.Text = "goroutines"
	p.X.Scale = plot.LogScale{}
	p.X.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		var ts []plot.Tick
		for x := 1.0; x <= hi*1.01; x *= 10 {
			if x >= lo*0.99 {
				ts = append(ts, plot.Tick{Value: x, Label: comma(strconv.FormatFloat(x, 'f', 0, 64))})
			}
		}
		return ts
	})
	p.X.Min, p.X.Max = 1, 200000
	p.Y.Label.Text = "ns per hop"
	p.Y.Min, p.Y.Max = 0, top*1.4 // room for the legend
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(6), -vg.Points(4)
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	p.Legend.Padding = vg.Points(2)
	return p, n, nil
}
