// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"debug/dwarf"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"strconv"
)

// structs are the runtime's structures of which a program has many.
var structs = []string{"g", "m", "sudog", "hchan"}

// readDWARF returns the debugging information of a program.
func readDWARF(file string) (*dwarf.Data, error) {
	if f, err := elf.Open(file); err == nil {
		defer f.Close()
		return f.DWARF()
	}
	if f, err := macho.Open(file); err == nil {
		defer f.Close()
		return f.DWARF()
	}
	if f, err := pe.Open(file); err == nil {
		defer f.Close()
		return f.DWARF()
	}
	return nil, fmt.Errorf("%s: not a program of a kind known here", file)
}

// structSizes returns the sizes of package runtime's structures in a program,
// and that of a pointer.
func structSizes(file string, names ...string) (sizes map[string]int64, ptr int64, err error) {
	d, err := readDWARF(file)
	if err != nil {
		return nil, 0, err
	}
	want := make(map[string]string)
	for _, n := range names {
		want["runtime."+n] = n
	}
	sizes = make(map[string]int64)
	r := d.Reader()
	for {
		e, err := r.Next()
		if err != nil {
			return nil, 0, err
		}
		if e == nil {
			break
		}
		if ptr == 0 {
			ptr = int64(r.AddressSize())
		}
		if e.Tag == dwarf.TagStructType {
			name, _ := e.Val(dwarf.AttrName).(string)
			if n := want[name]; n != "" {
				sizes[n], _ = e.Val(dwarf.AttrByteSize).(int64)
			}
		}
		if e.Tag != dwarf.TagCompileUnit {
			r.SkipChildren()
		}
	}
	return sizes, ptr, nil
}

// sizeClasses reads the sizes that the allocator hands out in a toolchain.
func sizeClasses(goroot string) ([]int64, error) {
	file := filepath.Join(goroot, "src", "internal", "runtime", "gc", "sizeclasses.go")
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, err
	}
	var classes []int64
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != "SizeClassToSize" || len(v.Values) != 1 {
			return true
		}
		if list, ok := v.Values[0].(*ast.CompositeLit); ok {
			for _, e := range list.Elts {
				if l, ok := e.(*ast.BasicLit); ok {
					x, _ := strconv.ParseInt(l.Value, 0, 64)
					classes = append(classes, x)
				}
			}
		}
		return false
	})
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s has no SizeClassToSize", file)
	}
	return classes, nil
}

// classOf returns the size of the class that holds an object with pointers of
// that size. One that is too large for the bitmap of its span has a header.
func classOf(size, ptr int64, classes []int64) int64 {
	if size > ptr*ptr*8 {
		size += 8
	}
	for _, c := range classes {
		if size <= c {
			return c
		}
	}
	return size
}

// writeSizes writes the sizes in a program that the toolchain built, below the
// name of their port if that is not this machine's.
func writeSizes(out io.Writer, program, goroot, port string) error {
	sizes, ptr, err := structSizes(program, append([]string{"mPadded"}, structs...)...)
	if err != nil {
		return err
	}
	classes, err := sizeClasses(goroot)
	if err != nil {
		return err
	}
	for _, s := range structs {
		size := sizes[s]
		if size == 0 {
			return fmt.Errorf("%s: no debugging information of runtime.%s", program, s)
		}
		// An m is allocated with padding.
		alloc := size
		if s == "m" && sizes["mPadded"] != 0 {
			alloc = sizes["mPadded"]
		}
		name := "Sizes/" + s
		if port != "" {
			name = "Sizes/" + port + "/" + s
		}
		fmt.Fprintf(out, "Benchmark%s 1 %d B %d class-B\n", name, size, classOf(alloc, ptr, classes))
	}
	return nil
}
