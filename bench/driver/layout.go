// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Where the linker happens to put a function or a variable can change
// a benchmark by more than 10 %: loops of a few nanoseconds change with the
// alignment of their code, and CreateGoroutines with whether runtime.sched
// begins a cache line. Any change of the source moves them. So a program that
// is compared for the sake of small differences is linked in several layouts,
// and each round measures another.
//
// Layout 0 is the linker's own. In the others functions are in a random order
// (cmd/link's -randlayout). Tests have a padding too, of variables of half a cache
// line that have pointers and no initial value: the linker sorts such variables
// by size, so all larger ones move, runtime.m0 and runtime.sched among them. They
// move over a whole page, because loads and stores at the same place in two pages
// delay each other: a callback from C takes 58 ns instead of 55 where runtime.m0
// lies 0x2c0 into its page.

const halfLine = 32

// padding returns the number of half cache lines that larger variables move by
// in layout n: spread over a page, odd and even by turns.
func padding(n int) int {
	return 1 + n*37%128
}

// layoutFlags returns the go command's flags for a program in layout n.
func layoutFlags(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("-ldflags=-randlayout=%d", n)}
}

// padFlag returns the go command's flag that adds a padding to the test of
// package pkg for layout n.
func (b *bench) padFlag(ctx context.Context, t toolchain, pkg string, n int) (string, error) {
	said, err := t.command(filepath.Join(t.goroot, "src"), "list", "-f", "{{.Name}} {{.Dir}}", pkg).output(ctx)
	if err != nil {
		return "", err
	}
	name, dir, ok := strings.Cut(said, " ")
	if !ok {
		return "", fmt.Errorf("go list %s says %q", pkg, said)
	}
	base := filepath.Join(b.work, t.name, fmt.Sprintf("%s_pad%d", strings.ReplaceAll(pkg, "/", "_"), n))
	var source strings.Builder
	fmt.Fprintf(&source, "package %s_test\n\nimport \"unsafe\"\n\ntype layoutPad [%d / unsafe.Sizeof(uintptr(0))]*byte\n\nvar (\n", name, halfLine)
	for i := range padding(n) {
		fmt.Fprintf(&source, "\tlayoutPad%d layoutPad\n", i)
	}
	source.WriteString(")\n\nfunc init() {\n\tb := new(byte)\n")
	for i := range padding(n) {
		fmt.Fprintf(&source, "\tlayoutPad%d[0] = b\n", i)
	}
	source.WriteString("}\n")
	if err := os.WriteFile(base+"_test.go", []byte(source.String()), 0o666); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(dir, "layout_pad_test.go"): base + "_test.go"}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(base+".json", overlay, 0o666); err != nil {
		return "", err
	}
	return "-overlay=" + base + ".json", nil
}

// inTurn makes a variant of several: each round runs the next.
func inTurn(column string, runs []func(ctx context.Context, out io.Writer) error) variant {
	next := 0
	return variant{column, func(ctx context.Context, out io.Writer) error {
		run := runs[next%len(runs)]
		next++
		return run(ctx, out)
	}}
}
