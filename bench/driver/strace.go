// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// parseStrace reads the table of strace -c: how often each system call was made.
func parseStrace(r io.Reader) (map[string]int, error) {
	calls := make(map[string]int)
	sc := bufio.NewScanner(r)
	for sc.Scan() {
		// % time, seconds, usecs/call, calls, errors unless there were none, name
		f := strings.Fields(sc.Text())
		if len(f) < 5 || len(f) > 6 || f[len(f)-1] == "total" {
			continue
		}
		if _, err := strconv.ParseFloat(f[0], 64); err != nil {
			continue
		}
		n, err := strconv.Atoi(f[3])
		if err != nil {
			return nil, fmt.Errorf("strange line of strace: %q", sc.Text())
		}
		calls[f[len(f)-1]] += n
	}
	if len(calls) == 0 && sc.Err() == nil {
		return nil, fmt.Errorf("strace counted nothing")
	}
	return calls, sc.Err()
}

// writeSyscalls writes how many system calls one request took: what more
// requests took more, over all and for each system call that matters.
func writeSyscalls(out io.Writer, name string, few, many map[string]int, requests int) {
	type count struct {
		name string
		n    float64
	}
	var counts []count
	total := 0.0
	for c := range many {
		n := float64(many[c]-few[c]) / float64(requests)
		total += n
		if n >= 0.01 || c == "futex" {
			counts = append(counts, count{c, max(n, 0)})
		}
	}
	if _, ok := many["futex"]; !ok {
		counts = append(counts, count{"futex", 0})
	}
	slices.SortFunc(counts, func(a, b count) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name))
	})
	fmt.Fprintf(out, "Benchmark%s %d %.3f syscalls/op", name, requests, max(total, 0))
	for _, c := range counts {
		fmt.Fprintf(out, " %.3f %s/op", c.n, c.name)
	}
	fmt.Fprintln(out)
}
