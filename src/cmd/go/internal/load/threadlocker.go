// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package load

import (
	"cmd/go/internal/cfg"
	"internal/buildcfg"
)

// appendForkSettings records which toolchain built a program. The GoVersion beside it is
// the unmodified release's, see internal/goversion.Upstream. The experiments, which
// runtime.Version has too, are a setting of their own.
func appendForkSettings(appendSetting func(key, value string)) {
	if cfg.BuildContext.Compiler == "gc" {
		appendSetting("threadlocker_version", buildcfg.Version)
	}
}
