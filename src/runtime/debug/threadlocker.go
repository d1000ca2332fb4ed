// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package debug

import "internal/goversion"

// goVersion returns the GoVersion of a program whose main package is path and whose
// runtime.Version is version. It is the one that cmd/link writes where debug/buildinfo
// finds it.
//
// The programs of this toolchain itself know their own version instead: by it
// telemetry tells them from the unmodified release's, and neither counts what they do
// nor reports their crashes as the release's.
func goVersion(version, path string) string {
	if len(path) >= 4 && path[:4] == "cmd/" {
		return version
	}
	return goversion.Upstream(version)
}
