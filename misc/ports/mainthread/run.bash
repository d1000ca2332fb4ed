#!/usr/bin/env bash
# misc/ports/mainthread/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/faiface/mainthread v0.0.0-20171120011319-8b78f0a41ae3
columns=(stock port)

# in_stock and in_port run a command in a column's tree, with its Go; in_port_stock has the
# port's tree and stock Go.
in_stock() { (cd "$work/stock" && stock_go "$@"); }
in_port() { (cd "$work/port" && fork_go "$@"); }
in_port_stock() { (cd "$work/port" && stock_go "$@"); }

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
	local status=0 flags=(-race -json -count=1 -timeout=10m)
	needs cc gcc libc6-dev # for -race
	in_stock go test "${flags[@]}" . >"$work/stock.json" || true
	in_port_stock go test "${flags[@]}" . >"$work/port-stock-go.json" || true
	in_port go test "${flags[@]}" . >"$work/port.json" || true
	compare_tests "$work"/{stock,port-stock-go,port}.json || status=$?
	return "$status"
}

bench() {
	echo "Unit calls/s better=higher"
	clean_env "$work/$1.test" -test.run '^$' -test.bench '^BenchmarkGoroutines$' -test.benchtime 300ms -test.timeout 5m
}
bench_stock() { bench stock; }
bench_port() { bench port; }

main "$@"
