#!/usr/bin/env bash
# misc/ports/netns/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/vishvananda/netns v0.0.5
columns=(stock port live)

usage() {
	cat <<EOT
usage: misc/ports/netns/run.bash [-n ROUNDS] [-o FILE] [STEP]...

Fetches $module $pinned, patches it, and does these steps, by default all. The tests
and the benchmarks make network namespaces, which takes root or CAP_SYS_ADMIN.
	build	build it, the port with stock Go and with this Go
	test	its tests: the release with stock Go, the port with both
	bench	measure these columns by turns, by default in ten rounds. In a namespace are
		stock	whoever makes a socket, on a thread that is moved there and back
		port	whoever makes a socket, on the thread of a Locker
		live	all goroutines of the server and its clients, on that thread

-o FILE is where to leave what was measured; by default
goroot.cache/ports/netns/results.txt.
EOT
}

build() {
	local c
	for c in stock port; do
		cp "$here"/*_linux_test.go "$work/$c/"
		"in_$c" go vet .
		"in_$c" go test -c -o "$work/$c.test" .
	done
	in_port_stock go vet .
	in_port_stock env GOOS=darwin go vet .
}

allowed() {
	needs unshare util-linux
	unshare --net true 2>/dev/null || die "no network namespace can be made here: $(unshare --net true 2>&1). It takes root or CAP_SYS_ADMIN."
}

tests() {
	needs cc gcc libc6-dev # for -race
	allowed
	compare_go_test -race -timeout=10m .
}

bench() {
	local test=$1
	shift
	allowed
	printf 'Unit %s\n' 'req/s better=higher' 'cpu-ns/req better=lower' 'p50-ns better=lower' 'p99-ns better=lower'
	clean_env "$work/$test.test" -test.run '^$' -test.bench . -test.benchtime 300ms -test.timeout 5m "$@"
}
bench_stock() { bench stock; }
bench_port() { bench port; }
bench_live() { bench port -live; }

main "$@"
