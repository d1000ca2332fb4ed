#!/usr/bin/env bash
# misc/ports/sdl2/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/veandco/go-sdl2 v0.4.39
columns=(stock port)

build() {
	local c
	needs cc gcc libc6-dev
	needs_pkg sdl2 libsdl2-dev
	xvfb
	for c in "${columns[@]}"; do
		cp "$here/bench_test.go" "$work/$c/sdl/"
		"in_$c" go test -vet=off -c -o "$work/$c.test" ./sdl
	done
}

# The package's own files do not pass all of vet.
tests() {
	compare_go_test -vet=off -timeout=5m ./sdl
}

bench() {
	echo "Unit calls/s better=higher"
	clean_env DISPLAY="$DISPLAY" "$work/$1.test" -test.run '^$' -test.bench '^BenchmarkDo$' -test.benchtime 300ms -test.timeout 5m
}
bench_stock() { bench stock; }
bench_port() { bench port; }

main "$@"
