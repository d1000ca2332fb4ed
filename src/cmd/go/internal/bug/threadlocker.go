// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bug

import (
	"fmt"
	"internal/goversion"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"cmd/go/internal/cfg"
)

// upstreamQuestion is what the report of an unmodified release asks. printReport asks
// instead what tells this toolchain's bugs from those of the release.
const upstreamQuestion = "### Does this issue reproduce with the latest release?"

// printReport prints the report, and who wants it. It opens no browser: the Go
// project's issue tracker is not where bugs of this toolchain belong.
func printReport(w io.Writer, body string) {
	question := fmt.Sprintf("### Does it happen with `GOEXPERIMENT=nothreadlocker`, and with the unmodified %s?",
		goversion.Upstream(runtime.Version()))
	fmt.Fprintf(w, "This toolchain is Go with thread lockers, which is not made by the Go project.\n"+
		"Please send its maintainers the report below. %s says how.\n\n%s",
		filepath.Join(cfg.GOROOT, "CONTRIBUTING.md"), strings.Replace(body, upstreamQuestion, question, 1))
}
