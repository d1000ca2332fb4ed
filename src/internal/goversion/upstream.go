// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package goversion

// Upstream returns what the unmodified release writes into its programs where this
// toolchain has version, a string that runtime.Version returns:
//
//	go1.26.8-threadlocker1                    go1.26.8
//	go1.26.8-threadlocker1 X:nothreadlocker   go1.26.8
//	go1.26.8-threadlocker1 X:fieldtrack       go1.26.8-X:fieldtrack
//
// The unmodified release knows no experiment named threadlocker. The separator before
// the experiments is cmd/link's, which takes a hyphen unless the version has one.
//
// It returns any other version unchanged.
//
// Tools compare versions of Go. To most of them the part after the hyphen makes a
// version that is older than the release, as in semantic versioning, or none at all.
// govulncheck then reports nothing. So this is what build information has.
func Upstream(version string) string {
	i := index(version, "-threadlocker")
	if i < 0 {
		return version
	}
	v, rest := version[:i], version[i:]
	i = index(rest, " X:")
	if i < 0 {
		return v
	}
	sep := "-X:"
	for list := rest[i+len(" X:"):]; list != ""; {
		var experiment string
		if i := index(list, ","); i >= 0 {
			experiment, list = list[:i], list[i+1:]
		} else {
			experiment, list = list, ""
		}
		if experiment == "threadlocker" || experiment == "nothreadlocker" {
			continue
		}
		v += sep + experiment
		sep = ","
	}
	return v
}

// index is strings.Index. Package strings imports too much for this package.
func index(s, substr string) int {
	for i := 0; i+len(substr) <= len(s); i++ {
		if s[i:i+len(substr)] == substr {
			return i
		}
	}
	return -1
}
