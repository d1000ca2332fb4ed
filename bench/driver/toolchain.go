// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A toolchain is a column: a Go, and an experiment setting.
type toolchain struct {
	name       string // stock, fork or off
	goroot     string
	experiment string // GOEXPERIMENT
}

// env returns the environment in which this toolchain builds.
func (t toolchain) env(kv ...string) []string {
	return cleanEnv(append([]string{"GOROOT=" + t.goroot, "GOEXPERIMENT=" + t.experiment,
		"GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS="}, kv...)...)
}

// command returns the go command with args, in dir.
func (t toolchain) command(dir string, args ...string) command {
	return command{dir: dir, env: t.env("GOENV=off"), argv: append([]string{filepath.Join(t.goroot, "bin", "go")}, args...)}
}

// version returns what the toolchain's Go calls itself.
func (t toolchain) version() string {
	v := firstLine(filepath.Join(t.goroot, "VERSION"))
	if t.experiment != "" {
		v += " GOEXPERIMENT=" + t.experiment
	}
	return v
}

func firstLine(file string) string {
	b, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

var versionRE = regexp.MustCompile(`^(go1\.[0-9]+(\.[0-9]+)?)-threadlocker[0-9]+$`)

// release returns the Go release that the project in root is made from.
func release(root string) (string, error) {
	v := firstLine(filepath.Join(root, "VERSION"))
	m := versionRE.FindStringSubmatch(v)
	if m == nil {
		return "", fmt.Errorf("%s: the first line is %q, want something like go1.27.4-threadlocker2", filepath.Join(root, "VERSION"), v)
	}
	return m[1], nil
}

// findFork returns the GOROOT of this project's toolchain.
func findFork(root, given string) (string, error) {
	dir := given
	if dir == "" {
		dir = filepath.Join(root, "goroot")
	}
	if _, err := os.Stat(filepath.Join(dir, "bin", "go")); err != nil {
		if given == "" {
			return "", errors.New("goroot is not built. Run ./make.bash first, or name another by -fork.")
		}
		return "", fmt.Errorf("-fork: %s has no bin/go", dir)
	}
	return filepath.Abs(dir)
}

// findStock returns the GOROOT of an unmodified release, looked for where
// make.bash does: what the flag or GOROOT_BASE names, an installed one, or the
// go command's own download.
func findStock(ctx context.Context, release, given string) (string, error) {
	from := "-stock"
	if given == "" {
		given, from = os.Getenv("GOROOT_BASE"), "GOROOT_BASE"
	}
	if given != "" {
		if v := firstLine(filepath.Join(given, "VERSION")); v != release {
			return "", fmt.Errorf("%s: %s/VERSION says %q, want %s", from, given, v, release)
		}
		return filepath.Abs(given)
	}
	ask := func(gocmd, toolchain string, kv ...string) string {
		c := command{dir: "/", env: cleanEnv(append(kv, "GOTOOLCHAIN="+toolchain)...), argv: []string{gocmd, "env", "GOROOT"}}
		dir, err := c.output(ctx)
		if err != nil {
			return ""
		}
		return dir
	}
	some := ""
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		gocmd := filepath.Join(dir, "go")
		if fi, err := os.Stat(gocmd); err != nil || fi.IsDir() || fi.Mode()&0o111 == 0 {
			continue
		}
		goroot := ask(gocmd, "local", "GOENV=off")
		if goroot == "" {
			continue
		}
		if firstLine(filepath.Join(goroot, "VERSION")) == release {
			return goroot, nil
		}
		if some == "" {
			some = gocmd
		}
	}
	if some == "" {
		return "", fmt.Errorf("no Go found to compare with: install %s, or name its GOROOT by -stock or GOROOT_BASE", release)
	}
	goroot := ask(some, release)
	if firstLine(filepath.Join(goroot, "VERSION")) != release {
		return "", fmt.Errorf("%s is not %s and could not get it (GOTOOLCHAIN=%s %s env GOROOT). Install %[2]s, or name its GOROOT by -stock or GOROOT_BASE", some, release, release, some)
	}
	return goroot, nil
}

// toolchains returns those of the named ones that were asked for.
func findToolchains(ctx context.Context, root string, names []string, stock, fork string) ([]toolchain, error) {
	rel, err := release(root)
	if err != nil {
		return nil, err
	}
	var tcs []toolchain
	for _, name := range names {
		t := toolchain{name: name}
		switch name {
		case "stock":
			t.goroot, err = findStock(ctx, rel, stock)
		case "fork":
			t.goroot, err = findFork(root, fork)
		case "off":
			t.goroot, err = findFork(root, fork)
			t.experiment = "nothreadlocker"
		default:
			err = fmt.Errorf("there is no toolchain %q: stock, fork and off", name)
		}
		if err != nil {
			return nil, err
		}
		tcs = append(tcs, t)
	}
	return tcs, nil
}
