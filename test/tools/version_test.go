// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux && goexperiment.threadlocker

package tools

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// fork is this toolchain's version and release the one that it is made from, for which
// tools must take it.
var fork = runtime.Version()
var release, _, _ = strings.Cut(fork, "-")

// patched returns the version that is n patch releases after the release.
func patched(t *testing.T, n int) string {
	i := strings.LastIndexByte(release, '.')
	patch, err := strconv.Atoi(release[i+1:])
	if err != nil || strings.Count(release, ".") != 2 {
		t.Fatalf("the release %q has no number of a patch release", release)
	}
	return fmt.Sprint(strings.TrimPrefix(release[:i+1], "go"), patch+n)
}

// stock returns the root of the unmodified release.
func stock(t *testing.T) string {
	dir := os.Getenv("TOOLS_STOCK")
	if dir == "" {
		t.Fatal("TOOLS_STOCK does not name the GOROOT of the unmodified release. ./run.bash tools sets it.")
	}
	return dir
}

// env returns the environment in which the go command of the root dir is the one in PATH.
func env(dir string, more ...string) []string {
	return append(os.Environ(), append([]string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "GOROOT=", "GOFLAGS=", "GOWORK=off"}, more...)...)
}

func output(t *testing.T, dir string, env []string, argv ...string) string {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	for _, kv := range env { // exec.Command has looked in the PATH of the test
		if path, ok := strings.CutPrefix(kv, "PATH="); ok && argv[0] == "go" {
			cmd.Path = filepath.Join(strings.Split(path, ":")[0], "go")
		}
	}
	cmd.Dir, cmd.Env = dir, env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", argv, err, out, &stderr)
	}
	return string(out)
}

// parser is a program that calls url.Parse, and prints its own versions.
const parser = `package main

import (
	"fmt"
	"net/url"
	"runtime"
	"runtime/debug"
)

func main() {
	u, err := url.Parse("https://go.dev/")
	if u == nil {
		panic(err)
	}
	bi, _ := debug.ReadBuildInfo()
	fmt.Printf("%s\n%s\n", runtime.Version(), bi.GoVersion)
}
`

// A vuln is an entry of a vulnerability database: of the standard library, in net/url.Parse.
type vuln struct {
	id     string
	ranges []string // introduced, fixed, and so on
	want   bool     // whether the release has it
}

// database makes a vulnerability database and returns its URL.
func database(t *testing.T, vulns []vuln) string {
	dir := t.TempDir()
	type obj = map[string]any
	write := func(name string, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Join(dir, name+".json")
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const modified = "2026-09-01T00:00:00Z"
	var index []obj
	for _, v := range vulns {
		var events []obj
		for i, version := range v.ranges {
			events = append(events, obj{[]string{"introduced", "fixed"}[i%2]: version})
		}
		index = append(index, obj{"id": v.id, "modified": modified})
		write("ID/"+v.id, obj{
			"schema_version": "1.3.1", "id": v.id, "modified": modified, "published": modified,
			"summary": v.id, "details": v.id,
			"affected": []obj{{
				"package":            obj{"name": "stdlib", "ecosystem": "Go"},
				"ranges":             []obj{{"type": "SEMVER", "events": events}},
				"ecosystem_specific": obj{"imports": []obj{{"path": "net/url", "symbols": []string{"Parse"}}}},
			}},
			"database_specific": obj{"url": "https://pkg.go.dev/vuln/" + v.id},
		})
	}
	write("index/db", obj{"modified": modified})
	write("index/modules", []obj{{"path": "stdlib", "vulns": index}})
	return "file://" + dir
}

// TestGovulncheck has govulncheck report, from the sources of a program and from the
// program, for this toolchain what it reports for the unmodified release. It must report
// what is fixed in a later patch release, and must not report what is fixed in this one.
func TestGovulncheck(t *testing.T) {
	vulns := []vuln{
		{"GO-2026-9001", []string{"0", patched(t, 0)}, false},
		{"GO-2026-9002", []string{"0", patched(t, 1)}, true},
		{"GO-2026-9003", []string{patched(t, 1), patched(t, 2)}, false},
		{"GO-2026-9004", []string{"0", "1.25.99", "1.26.0-0", patched(t, 0)}, false},
		{"GO-2026-9005", []string{"0", "1.25.99", "1.26.0-0", patched(t, 2)}, true},
		{"GO-2026-9006", []string{patched(t, 0)}, true},
	}
	var want []string
	for _, v := range vulns {
		if v.want {
			want = append(want, v.id)
		}
	}
	db := database(t, vulns)
	govulncheck := install(t, "golang.org/x/vuln/cmd/govulncheck", "v1.9.0")
	dir := write(t, parser)

	// scan returns the findings without what depends on where files are: what was
	// found, and from which version of the standard library.
	scan := func(env []string, args ...string) []string {
		t.Helper()
		var ids, found []string
		out := output(t, dir, env, append([]string{govulncheck.path, "-db=" + db, "-format=json"}, args...)...)
		for dec := json.NewDecoder(strings.NewReader(out)); ; {
			var msg struct {
				Config  *struct{ Go_Version string }
				SBOM    *struct{ Go_Version string }
				Finding *struct {
					OSV, Fixed_Version string
					Trace              []struct{ Module, Version, Package, Function string }
				}
			}
			if err := dec.Decode(&msg); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if f := msg.Finding; f != nil {
				found = append(found, fmt.Sprintf("%+v", *f))
				if f.Trace[0].Function == "Parse" {
					ids = append(ids, f.OSV)
				}
			}
			if msg.Config != nil || msg.SBOM != nil {
				found = append(found, fmt.Sprintf("%+v %+v", msg.Config, msg.SBOM))
				for _, v := range []*struct{ Go_Version string }{msg.Config, msg.SBOM} {
					if v != nil && v.Go_Version != "" && v.Go_Version != release {
						t.Errorf("govulncheck %v takes the version for %s, want %s", args, v.Go_Version, release)
					}
				}
			}
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); !slices.Equal(ids, want) {
			t.Errorf("govulncheck %v reports calls of %v, want %v", args, ids, want)
		}
		for i, s := range found {
			found[i] = regexp.MustCompile(`0x[0-9a-f]+`).ReplaceAllString(s, "")
		}
		slices.Sort(found)
		return found
	}

	here, base := env(runtime.GOROOT()), env(stock(t))
	compare := func(what string, got, want []string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: govulncheck finds\n%s\nwith the unmodified release\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	compare("source", scan(here, "./..."), scan(base, "./..."))
	compare("source, nothreadlocker", scan(append(slices.Clone(here), "GOEXPERIMENT=nothreadlocker"), "./..."), scan(base, "./..."))
	for _, flags := range [][]string{nil, {"-trimpath"}, {"-ldflags=-s -w"}} {
		build := func(name string, env []string) []string {
			t.Helper()
			exe := filepath.Join(t.TempDir(), name)
			output(t, dir, env, append([]string{"go", "build", "-o", exe}, flags...)...)
			return scan(env, "-mode=binary", exe)
		}
		want := build("stock", base)
		compare(fmt.Sprint("binary ", flags), build("fork", here), want)
		compare(fmt.Sprint("binary, nothreadlocker ", flags), build("off", append(slices.Clone(here), "GOEXPERIMENT=nothreadlocker")), want)
	}
}

// TestVersions checks which version each place names. GOEXPERIMENT=fieldtrack stands for
// the experiments of the unmodified release, which shows them in its version.
func TestVersions(t *testing.T) {
	dir := write(t, parser)
	for _, c := range []struct{ experiment, runtime, build string }{
		{"", fork, release},
		{"nothreadlocker", fork + " X:nothreadlocker", release},
		{"fieldtrack", fork + " X:fieldtrack", release + "-X:fieldtrack"},
		{"fieldtrack,nothreadlocker", fork + " X:fieldtrack,nothreadlocker", release + "-X:fieldtrack"},
	} {
		here := env(runtime.GOROOT(), "GOEXPERIMENT="+c.experiment)
		if got := output(t, dir, here, "go", "env", "GOVERSION"); got != release+"\n" {
			t.Errorf("GOEXPERIMENT=%s: go env GOVERSION prints %q, want %s", c.experiment, got, release)
		}
		if got, want := output(t, dir, here, "go", "version"), "go version "+fork+" "; !strings.HasPrefix(got, want) {
			t.Errorf("GOEXPERIMENT=%s: go version prints %q, want %s", c.experiment, got, want)
		}
		builds := [][]string{{"build"}}
		if c.build == release {
			builds = append(builds, []string{"build", "-trimpath", "-ldflags=-s -w"}, []string{"test", "-c"})
		}
		for _, args := range builds {
			what := fmt.Sprintf("GOEXPERIMENT=%s go %s", c.experiment, strings.Join(args, " "))
			exe := filepath.Join(t.TempDir(), "program")
			if args[0] == "test" {
				test := "package main\n\nimport \"testing\"\n\nfunc TestMain(m *testing.M) { main() }\n"
				if err := os.WriteFile(filepath.Join(dir, "main_test.go"), []byte(test), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			output(t, dir, here, append([]string{"go"}, append(args, "-o", exe)...)...)
			if got, want := output(t, dir, here, exe), c.runtime+"\n"+c.build+"\n"; got != want {
				t.Errorf("%s: runtime.Version and ReadBuildInfo say\n%swant\n%s", what, got, want)
			}
			info, err := buildinfo.ReadFile(exe)
			if err != nil {
				t.Fatal(err)
			}
			if info.GoVersion != c.build {
				t.Errorf("%s: the build information says %s, want %s", what, info.GoVersion, c.build)
			}
			settings := make(map[string]string)
			for _, s := range info.Settings {
				settings[s.Key] = s.Value
			}
			if got := settings["threadlocker_version"]; got != fork {
				t.Errorf("%s: the build setting threadlocker_version is %q, want %s", what, got, fork)
			}
			if got := settings["GOEXPERIMENT"]; got != c.experiment {
				t.Errorf("%s: the build setting GOEXPERIMENT is %q, want %q", what, got, c.experiment)
			}
			// The go commands of both print it, and read it again.
			for _, env := range [][]string{here, env(stock(t))} {
				got := output(t, dir, env, "go", "version", "-m", exe)
				if !strings.HasPrefix(got, exe+": "+c.build+"\n") || !strings.Contains(got, "\n\tbuild\tthreadlocker_version="+fork+"\n") {
					t.Errorf("%s: go version -m prints\n%s", what, got)
				}
				var fromJSON debug.BuildInfo
				if err := json.Unmarshal([]byte(output(t, dir, env, "go", "version", "-m", "-json", exe)), &fromJSON); err != nil || fromJSON.String() != info.String() {
					t.Errorf("%s: go version -m -json: %v, prints\n%s\nwant\n%s", what, err, fromJSON.String(), info)
				}
			}
		}
	}
}

// TestToolchainSettings compares what the go command writes into a go.mod file, and what it
// records of a program, with the unmodified release.
func TestToolchainSettings(t *testing.T) {
	record := func(root string) (string, map[string]string) {
		here := env(root, "GOTOOLCHAIN=local")
		dir := write(t, parser)
		mod := filepath.Join(dir, "go.mod")
		if err := os.WriteFile(mod, []byte("module program\n\ngo 1.21\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		output(t, dir, here, "go", "get", "go@1.25.0", "toolchain@"+release)
		output(t, dir, here, "go", "mod", "tidy")
		data, err := os.ReadFile(mod)
		if err != nil {
			t.Fatal(err)
		}
		exe := filepath.Join(t.TempDir(), "program")
		output(t, dir, here, "go", "build", "-o", exe)
		info, err := buildinfo.ReadFile(exe)
		if err != nil {
			t.Fatal(err)
		}
		settings := map[string]string{"GoVersion": info.GoVersion}
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
		return string(data), settings
	}
	mod, settings := record(runtime.GOROOT())
	wantMod, wantSettings := record(stock(t))
	if mod != wantMod {
		t.Errorf("go get writes the go.mod\n%swith the unmodified release\n%s", mod, wantMod)
	}
	delete(settings, "threadlocker_version")
	if !maps.Equal(settings, wantSettings) {
		t.Errorf("the build settings are, threadlocker_version aside,\n%v\nwith the unmodified release\n%v", settings, wantSettings)
	}
}

// TestGOTOOLCHAIN checks that no go.mod file has another toolchain take this one's place.
func TestGOTOOLCHAIN(t *testing.T) {
	here := slices.DeleteFunc(env(runtime.GOROOT(), "HOME="+t.TempDir(), "GOPROXY=off"), func(kv string) bool {
		return strings.HasPrefix(kv, "GOTOOLCHAIN=") || strings.HasPrefix(kv, "GOENV=")
	})
	// Where the go command keeps things depends on HOME otherwise.
	here = append(here, "GOCACHE="+strings.TrimSpace(output(t, ".", os.Environ(), "go", "env", "GOCACHE")))
	dir := write(t, program)
	gomod := func(s string) {
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module program\n\n"+s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := output(t, dir, here, "go", "env", "GOTOOLCHAIN"); got != "local\n" {
		t.Errorf("go env GOTOOLCHAIN prints %q, want local", got)
	}
	newer := patched(t, 1)
	for _, s := range []string{"go 1.26\n", "go 1.26\n\ntoolchain go" + newer + "\n", "go 1.26\n\ntoolchain " + fork + "\n"} {
		gomod(s)
		if got := output(t, dir, here, "go", "version"); !strings.HasPrefix(got, "go version "+fork+" ") {
			t.Errorf("%q: go version prints %s", s, got)
		}
		output(t, dir, here, "go", "vet", ".")
	}
	for _, version := range []string{newer, "1.99", "1.99.0"} {
		gomod("go " + version + "\n")
		for _, args := range [][]string{{"build"}, {"vet"}, {"list"}, {"test"}, {"run", "."}, {"mod", "tidy"}} {
			cmd := exec.Command(filepath.Join(runtime.GOROOT(), "bin", "go"), args...)
			cmd.Dir, cmd.Env = dir, here
			out, err := cmd.CombinedOutput()
			want := fmt.Sprintf("go.mod requires go >= %s (running %s; GOTOOLCHAIN=local)", version, strings.Replace(release, "go", "go ", 1))
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("go %v in a module that says go %s: %v\n%swant %s", args, version, err, out, want)
			}
		}
	}
}

// TestTelemetry checks that what this toolchain's tools count is not taken for what the
// unmodified release's have: that one is uploaded if the user has agreed to it.
func TestTelemetry(t *testing.T) {
	home := t.TempDir()
	for _, c := range []struct{ root, want string }{{runtime.GOROOT(), "devel"}, {stock(t), release}} {
		output(t, ".", env(c.root, "HOME="+home, "XDG_CONFIG_HOME="), "go", "version")
		files, err := filepath.Glob(filepath.Join(home, ".config/go/telemetry/local/go@"+c.want+"-"+c.want+"-*.count"))
		if err != nil || len(files) != 1 {
			all, _ := filepath.Glob(filepath.Join(home, ".config/go/telemetry/local/*"))
			t.Errorf("%s counts in %v, want one for %s (%v)", c.root, all, c.want, err)
		}
	}
}

// TestBug checks that go bug, and the compiler when it finds itself broken, do not send
// people to the Go project.
func TestBug(t *testing.T) {
	root := runtime.GOROOT()
	got := output(t, t.TempDir(), env(root, "BROWSER=false"), "go", "bug")
	for _, want := range []string{"\ngo version " + fork + " ", filepath.Join(root, "CONTRIBUTING.md"), "GOEXPERIMENT=nothreadlocker", "the unmodified " + release + "?"} {
		if !strings.Contains(got, want) {
			t.Errorf("go bug does not print %q:\n%s", want, got)
		}
	}
	for _, tool := range []string{"bin/go", "pkg/tool/" + runtime.GOOS + "_" + runtime.GOARCH + "/compile"} {
		data, err := os.ReadFile(filepath.Join(root, tool))
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{"go.dev/issue/new", "golang.org/issue/new", "golang/go/issues/new"} {
			if bytes.Contains(data, []byte(address)) {
				t.Errorf("%s knows the address %s", tool, address)
			}
		}
	}
}
