#!/usr/bin/env bash
# Compares ../goroot with the Go that it is made from. bench/run.bash -h says how.
# RELEASE=go1.N bench/run.bash compares ../goroot.go1.N.

# Copyright 2026 The Go Authors. All rights reserved.
# Use of this source code is governed by a BSD-style
# license that can be found in the LICENSE file.

set -euo pipefail

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=${bench%/*}
. "$root/misc/lib.bash"
prog=bench
trap - ERR
read_version

go=$goroot/bin/go
[[ -x $go ]] || go=$(type -P go) || die "${goroot##*/} is not built, and there is no go command in PATH. Run $make first."

# The modules come from where the caller's Go gets them.
(cd "$bench" && env -u GOROOT -u GOEXPERIMENT -u GOOS -u GOARCH GOFLAGS= GOWORK=off GOTOOLCHAIN=local \
	"$go" build -o .build/ ./driver golang.org/x/perf/cmd/benchstat) ||
	die "the driver does not build. It wants Go 1.26 and the modules in bench/go.mod."
if [[ -n $suffix ]]; then
	# The driver looks for the release in the first line of VERSION, and for goroot beside it.
	project=$bench/.build/root$suffix
	mkdir -p "$project"
	for f in "$root"/*; do
		f=${f##*/}
		[[ $f == VERSION || $f == goroot* ]] || ln -sfn "$root/$f" "$project/$f"
	done
	ln -sfn "$goroot" "$project/goroot"
	printf '%s\n' "$version" "$time_line" >"$project/VERSION"
	root=$project
fi
exec "$bench/.build/driver" -root "$root" "$@"
