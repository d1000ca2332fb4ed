#!/usr/bin/env bash
# misc/ports/sqlite/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/mattn/go-sqlite3 v1.14.53
columns=(stock same port stay)

usage() {
	cat <<EOT
usage: misc/ports/sqlite/run.bash [-n ROUNDS] [-o FILE] [STEP]...

Builds the package in misc/ports/sqlite, in which goroutines use an SQLite connection on
one thread, and does these steps, by default all:
	build	build its tests
	test	run them, and those of the unmodified driver, with stock Go and with this Go
	bench	measure these columns by turns, by default in ten rounds:
		stock	a server under LockOSThread makes the requests, stock Go
		same	the same program, this Go
		port	goroutines go to the thread for each request
		stay	goroutines live on the thread

-o FILE is where to leave what was measured; by default
goroot.cache/ports/sqlite/results.txt.
EOT
}

build() {
	needs cc gcc libc6-dev
	cd "$here"
	stock_go go vet .
	stock_go go test -c -o "$work/stock.test" .
	fork_go go vet -tags server .
	fork_go go test -tags server -c -o "$work/same.test" .
	fork_go go vet .
	fork_go go test -c -o "$work/port.test" .
}

# both runs the tests of the driver, and ours, with one Go.
both() {
	(cd "$here" && "$1" go test -json -count=1 -timeout=10m "$module" .) || true
}

tests() {
	local status=0
	both stock_go >"$work/stock.json"
	both fork_go >"$work/port.json"
	compare_tests "$work"/{stock,port}.json || status=$?
	clean_env "$work/same.test" -test.timeout 5m || status=$?
	return "$status"
}

bench() {
	local test=$1
	shift
	printf 'Unit %s\n' 'req/s better=higher' 'cpu-ns/req better=lower'
	clean_env "$work/$test.test" -test.run '^$' -test.bench . -test.benchtime 200ms -test.timeout 5m "$@"
}
bench_stock() { bench stock; }
bench_same() { bench same; }
bench_port() { bench port; }
bench_stay() { bench port -stay; }

main "$@"
