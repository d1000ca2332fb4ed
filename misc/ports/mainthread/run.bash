#!/usr/bin/env bash
# misc/ports/mainthread/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/faiface/mainthread v0.0.0-20171120011319-8b78f0a41ae3
columns=(stock port)

# The package's own benchmarks do not call Run on a locked thread, as main does. Those
# in bench_test.go do.
build() {
	local c
	for c in "${columns[@]}"; do
		cp "$here/bench_test.go" "$work/$c/"
		"in_$c" go vet .
		"in_$c" go test -c -o "$work/$c.test" .
	done
	in_port_stock go vet .
}

tests() {
	needs cc gcc libc6-dev # for -race
	compare_go_test -race -timeout=10m .
}

bench() {
	echo "Unit calls/s better=higher"
	clean_env "$work/$1.test" -test.run '^$' -test.bench '^BenchmarkGoroutines$' -test.benchtime 300ms -test.timeout 5m
}
bench_stock() { bench stock; }
bench_port() { bench port; }

main "$@"
