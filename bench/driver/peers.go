// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A peer is another system that does the work of BenchmarkRoundTrip.
type peer struct {
	names []string
	needs []need
	build func(ctx context.Context, src, dir string) error
	argv  func(src, dir, name, ms string) []string
}

// A need is what a peer cannot do without, and the Debian package that has it.
type need struct {
	pkg   string
	found func() bool
}

func tool(name, pkg string) need {
	return need{pkg, func() bool { _, err := exec.LookPath(name); return err == nil }}
}

func file(pattern, pkg string) need {
	return need{pkg, func() bool { m, _ := filepath.Glob(pattern); return len(m) > 0 }}
}

// crates is where Debian's packages put the sources of Rust libraries.
const crates = "/usr/share/cargo/registry"

// debianFirst returns Debian's own program, or else that in PATH: of the
// libraries only Debian's are used, and its compiler can build them.
func debianFirst(name string) string {
	p := filepath.Join("/usr/bin", name)
	if _, err := os.Stat(p); err == nil {
		return p
	}
	return name
}

var peers = []peer{
	{
		names: []string{"pthread-cond", "pthread-cond-pinned", "pthread-sem", "pthread-sem-pinned"},
		needs: []need{tool("gcc", "gcc"), file("/usr/include/pthread.h", "libc6-dev")},
		build: func(ctx context.Context, src, dir string) error {
			return command{dir: src, argv: []string{"gcc", "-O2", "-pthread", "-o", dir + "/pthreads", "pthreads.c"}}.run(ctx, io.Discard)
		},
		argv: func(_, dir, name, ms string) []string {
			return []string{dir + "/pthreads", strings.TrimPrefix(name, "pthread-"), ms}
		},
	},
	{
		names: []string{"boost-fiber"},
		needs: []need{tool("g++", "g++"), file("/usr/include/boost/fiber/all.hpp", "libboost-fiber-dev")},
		build: func(ctx context.Context, src, dir string) error {
			return command{dir: src, argv: []string{"g++", "-O2", "-pthread", "-o", dir + "/fiber", "fiber.cc", "-lboost_fiber", "-lboost_context"}}.run(ctx, io.Discard)
		},
		argv: func(_, dir, name, ms string) []string { return []string{dir + "/fiber", ms} },
	},
	{
		names: []string{"tokio-localset", "tokio-localset-lto"},
		needs: []need{tool("rustc", "rustc"), tool("cargo", "cargo"), file(crates+"/tokio-1*", "librust-tokio-dev")},
		build: func(ctx context.Context, src, dir string) error {
			dir = filepath.Join(dir, "tokio")
			config := "[source.crates-io]\nreplace-with = \"debian\"\n[source.debian]\ndirectory = \"" + crates + "\"\n"
			if err := writeFile(filepath.Join(dir, ".cargo", "config.toml"), []byte(config)); err != nil {
				return err
			}
			for _, f := range []string{"Cargo.toml", "src/main.rs"} {
				b, err := os.ReadFile(filepath.Join(src, "tokio", f))
				if err != nil {
					return err
				}
				if err := writeFile(filepath.Join(dir, f), b); err != nil {
					return err
				}
			}
			env := cleanEnv("CARGO_HOME="+dir+"/home", "RUSTC="+debianFirst("rustc"), "CARGO_TARGET_DIR="+dir+"/target")
			for _, profile := range []string{"release", "lto"} {
				c := command{dir: dir, env: env, argv: []string{debianFirst("cargo"), "build", "--quiet", "--offline", "--profile", profile}}
				if err := c.run(ctx, io.Discard); err != nil {
					return err
				}
			}
			return nil
		},
		argv: func(_, dir, name, ms string) []string {
			profile := "release"
			if strings.HasSuffix(name, "-lto") {
				profile = "lto"
			}
			return []string{dir + "/tokio/target/" + profile + "/tokio-peer", name, ms}
		},
	},
	{
		names: []string{"asyncio"},
		needs: []need{tool("python3", "python3")},
		build: func(context.Context, string, string) error { return nil },
		argv: func(src, _, name, ms string) []string {
			return []string{debianFirst("python3"), src + "/queues.py", ms}
		},
	},
}

// writeFile writes a file, and its directories, unless it is as it shall be:
// cargo looks at times.
func writeFile(name string, b []byte) error {
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o666)
}

// preparePeers builds the peers that can be had, and returns them as
// variants, and what is missing for the others.
func preparePeers(ctx context.Context, src, dir string, ms string, prog *progress) (vs []variant, missing []string, errs []error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, []error{err}
	}
	for _, p := range peers {
		var pkgs []string
		for _, n := range p.needs {
			if !n.found() {
				pkgs = append(pkgs, n.pkg)
			}
		}
		if len(pkgs) > 0 {
			missing = append(missing, fmt.Sprintf("%s (install %s)", strings.Join(p.names, ", "), strings.Join(pkgs, ", ")))
			continue
		}
		prog.say("building %s", p.names[0])
		if err := p.build(ctx, src, dir); err != nil {
			if ctx.Err() == nil {
				missing = append(missing, strings.Join(p.names, ", ")+" (does not build)")
				errs = append(errs, fmt.Errorf("peer %s: %w", p.names[0], err))
			}
			continue
		}
		for _, name := range p.names {
			vs = append(vs, command{argv: p.argv(src, dir, name, ms)}.variant("peer"))
		}
	}
	return vs, missing, errs
}
