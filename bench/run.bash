#!/usr/bin/env bash
# Compares ../goroot with the Go that it is made from. bench/run.bash -h says how.

# Copyright 2026 The Go Authors. All rights reserved.
# Use of this source code is governed by a BSD-style
# license that can be found in the LICENSE file.

set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=${bench%/*}
die() { echo "bench: $*" >&2; exit 1; }

go=$root/goroot/bin/go
[[ -x $go ]] || go=$(type -P go) || die "goroot is not built, and there is no go command in PATH. Run ./make.bash first."

# The modules come from where the caller's Go gets them.
(cd "$bench" && env -u GOROOT -u GOEXPERIMENT -u GOOS -u GOARCH GOFLAGS= GOWORK=off GOTOOLCHAIN=local \
	"$go" build -o .build/ ./driver golang.org/x/perf/cmd/benchstat) ||
	die "the driver does not build. It wants Go 1.26 and the modules in bench/go.mod."
exec "$bench/.build/driver" -root "$root" "$@"
