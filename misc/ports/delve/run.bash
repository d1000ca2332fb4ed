#!/usr/bin/env bash
# misc/ports/delve/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/go-delve/delve v1.27.2
columns=(stock bound unpatched port)

build() {
	local c
	rm -rf "${work:?}/bound"
	cp -R "$work/stock" "$work/bound"
	apply_to bound "$here/bound.diff"
	(cd "$work/bound" && stock_go go test -c -o "$work/proc-bound.test" ./pkg/proc)
	# What this Go changes without the patch.
	in_unpatched go test -c -o "$work/proc-unpatched.test" ./pkg/proc
	for c in stock port; do
		"in_$c" go build -o "$work/dlv-$c" ./cmd/dlv
		"in_$c" go test -c -o "$work/proc-$c.test" ./pkg/proc
	done
	stock_go go build -gcflags='all=-N -l' -o "$work/session" "$here/session/main.go"
	in_port_stock go build ./...
}

in_unpatched() { (cd "$work/stock" && fork_go "$@"); }

# The packages that debug a process.
packages=(./pkg/proc/... ./pkg/terminal/... ./service/...)
tests() {
	compare_go_test -p=1 -timeout=20m "${packages[@]}" # as Delve's _scripts/make.go
}

# What is debugged is stock Go's in all columns.
bench_stock() { proc stock stock && session stock; }
bench_bound() { proc bound bound; }
bench_unpatched() { proc unpatched stock; }
bench_port() { proc port port && session port; }

# proc COLUMN TREE: Delve's own benchmarks, for the default time each: to end the debugged
# program takes a tenth of a second, and counts as part of the last iteration.
proc() {
	(cd "$work/$2/pkg/proc" && stock_go "$work/proc-$1.test" -test.run='^$' -test.bench=.)
}
# The debugged program counts the time of its loop itself.
session() {
	(cd "$work" && stock_go "$work/dlv-$1" exec --allow-non-terminal-interactive=true --init "$here/session/commands" "$work/session")
}

main "$@"
