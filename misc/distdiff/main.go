// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Distdiff compares runs of "go tool dist test -json".
//
//	distdiff [-explained FILE] BASE.json OTHER.json...
//
// It prints each test that ended differently in one of the others than in the
// base: passed, failed, skipped, or was not run. Tests that the base does not
// have at all are counted, and those of them that did not pass are printed as well.
//
// FILE explains differences, one to a line: a regular expression that matches a
// whole name of a test, as distdiff prints it, a colon, a space, and the reason. Lines
// that begin with # are comments. An explanation that no difference needed is an error,
// because it would hide the next one, unless the line begins with a question mark and
// a space: then the test is one that sometimes skips itself, in the base, too, and
// no other difference is explained.
//
// The exit status is 1 if a difference is not explained, or a file is no such run.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A run is how each test ended: "pass", "fail" or "skip".
type run struct {
	name string
	ends map[string]string
}

func main() {
	explained := flag.String("explained", "", "a `file` that explains differences")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: distdiff [-explained FILE] BASE.json OTHER.json...")
		flag.PrintDefaults()
		os.Exit(2)
	}
	flag.Parse()
	if flag.NArg() < 2 {
		flag.Usage()
	}
	same, err := diff(os.Stdout, *explained, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "distdiff:", err)
		os.Exit(1)
	}
	if !same {
		os.Exit(1)
	}
}

func diff(w io.Writer, explained string, files []string) (same bool, err error) {
	var reasons []*explanation
	if explained != "" {
		if reasons, err = readExplanations(explained); err != nil {
			return false, err
		}
	}
	var runs []*run
	for _, file := range files {
		r, err := readRun(file)
		if err != nil {
			return false, err
		}
		runs = append(runs, r)
	}
	base := runs[0]
	fmt.Fprintf(w, "%s: %s\n", base.name, base.count(nil))
	bad := 0
	for _, r := range runs[1:] {
		fmt.Fprintf(w, "%s: %s\n", r.name, r.count(nil))
		fmt.Fprintf(w, "\tnot in %s: %s\n", base.name, r.count(base.ends))
		for _, test := range r.differences(base) {
			was, is := base.end(test), r.end(test)
			reason := "not explained"
			if i := slices.IndexFunc(reasons, func(e *explanation) bool {
				return e.test.MatchString(test) && (!e.maybe || was == "pass" && is == "skip" || was == "skip" && is == "pass")
			}); i >= 0 {
				reasons[i].used = true
				reason = reasons[i].reason
			} else {
				bad++
			}
			fmt.Fprintf(w, "\t%s: %s, was %s: %s\n", test, is, was, reason)
		}
	}
	for _, e := range reasons {
		if !e.used && !e.maybe {
			bad++
			fmt.Fprintf(w, "%s: explains nothing: %s\n", explained, e.test)
		}
	}
	if bad == 0 {
		fmt.Fprintln(w, "no differences that are not explained")
	} else {
		fmt.Fprintf(w, "%d differences that are not explained, or the reverse\n", bad)
	}
	return bad == 0, nil
}

// end returns how a test ended, in words.
func (r *run) end(test string) string {
	if end, ok := r.ends[test]; ok {
		return end
	}
	return "not run"
}

// differences returns the tests that ended differently than in base, sorted.
func (r *run) differences(base *run) []string {
	var tests []string
	for test, end := range r.ends {
		was, ok := base.ends[test]
		if ok && end != was || !ok && end == "fail" {
			tests = append(tests, test)
		}
	}
	for test := range base.ends {
		if _, ok := r.ends[test]; !ok {
			tests = append(tests, test)
		}
	}
	slices.Sort(tests)
	return tests
}

// count says how many tests there are that are not in old, by how they ended.
func (r *run) count(old map[string]string) string {
	n := make(map[string]int)
	for test, end := range r.ends {
		if _, ok := old[test]; !ok {
			n[end]++
		}
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n["pass"], n["fail"], n["skip"])
}

// pointer matches a pointer, as an argument in the name of a test: another one in each run.
var pointer = regexp.MustCompile(`([_(])0x[0-9a-f]{8,}\)`)

// readRun reads what "go tool dist test -json" has printed. Lines that are not of
// test2json, which dist and the go command print too, do not count.
func readRun(file string) (*run, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := &run{strings.TrimSuffix(filepath.Base(file), ".json"), make(map[string]string)}
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		var ev struct{ Action, Package, Test string }
		if json.Unmarshal(line, &ev) == nil && ev.Package != "" {
			switch ev.Action {
			case "pass", "fail", "skip":
				name := ev.Package
				if ev.Test != "" {
					name += " " + pointer.ReplaceAllString(ev.Test, "${1}0x?)")
				}
				// A package may be tested more than once under one name.
				if was, ok := r.ends[name]; !ok || was != "fail" {
					r.ends[name] = ev.Action
				}
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if len(r.ends) == 0 {
		return nil, fmt.Errorf("%s: no test has ended; is it the output of go tool dist test -json?", file)
	}
	return r, nil
}

type explanation struct {
	test   *regexp.Regexp
	reason string
	used   bool
	maybe  bool // need not be used, and is only for tests that were or are skipped
}

func readExplanations(file string) ([]*explanation, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []*explanation
	i := 0
	for line := range strings.Lines(string(data)) {
		i++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		line, maybe := strings.CutPrefix(line, "? ")
		test, reason, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("%s:%d: want a regular expression, a colon and the reason", file, i)
		}
		re, err := regexp.Compile("^(?:" + test + ")$")
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %v", file, i, err)
		}
		all = append(all, &explanation{test: re, reason: reason, maybe: maybe})
	}
	return all, nil
}
