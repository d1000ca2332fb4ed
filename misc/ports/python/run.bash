#!/usr/bin/env bash
# misc/ports/python/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

usage() {
	cat <<EOT
usage: misc/ports/python/run.bash [STEP]...

Builds the package in misc/ports/python, by which goroutines call CPython, and does these
steps, by default both. Nothing is measured.
	build	build its tests with stock Go and with this Go
	test	run them, with this Go also for goroutines that share a thread
EOT
}

# CPython is the system's, and no module is needed.
fetch() { mkdir -p "$work"; }

build() {
	needs cc gcc libc6-dev
	needs_pkg python3-embed libpython3-dev
	cd "$here"
	stock_go go vet .
	stock_go go test -c -o "$work/stock.test" .
	fork_go go vet .
	fork_go go test -c -o "$work/port.test" .
}

tests() {
	local n
	for n in 1 2 4; do
		clean_env GOMAXPROCS="$n" "$work/stock.test" -test.v -test.timeout 5m
		clean_env GOMAXPROCS="$n" "$work/port.test" -test.v -test.timeout 5m
	done
}

measure() { die "nothing is measured here"; }

(($#)) || set -- build test
main "$@"
