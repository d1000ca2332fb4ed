#!/usr/bin/env bash
# misc/ports/gtk/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

usage() {
	cat <<EOT
usage: misc/ports/gtk/run.bash [STEP]...

Builds the program in misc/ports/gtk, whose goroutines change widgets while the main thread
is in gtk_main, and does these steps, by default both. Nothing is measured.
	build	build it with this Go
	test	test it on an X server of its own, with GOMAXPROCS 1, 2 and 4
EOT
}

# GTK is the system's, and no module is needed.
fetch() { mkdir -p "$work"; }

build() {
	needs cc gcc libc6-dev
	needs_pkg gtk+-3.0 libgtk-3-dev
	cd "$here"
	fork_go go vet .
	fork_go go test -c -o "$work/port.test" .
	fork_go go build -o "$work/gtkwindow" .
}

tests() {
	local n
	xvfb
	for n in 1 2 4; do
		clean_env DISPLAY="$DISPLAY" GOMAXPROCS="$n" NO_AT_BRIDGE=1 "$work/port.test" -test.v -test.timeout 5m
	done
}

measure() { die "nothing is measured here"; }

(($#)) || set -- build test
main "$@"
