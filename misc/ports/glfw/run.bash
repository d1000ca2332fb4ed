#!/usr/bin/env bash
# misc/ports/glfw/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/go-gl/glfw/v3.3/glfw v0.0.0-20260823155953-d41da22a9587
columns=(stock port)

usage() {
	cat <<EOT
usage: misc/ports/glfw/run.bash [-n ROUNDS] [-o FILE] [STEP]...

Builds the program in misc/ports/glfw, whose goroutines draw into one window, and does
these steps, by default all:
	build	build it with stock Go, for which main makes all calls of OpenGL, and with
		this Go, for which its goroutines do
	test	test both in a window of an X server of its own
	bench	measure the columns ${columns[*]} by turns, by default in ten rounds

-o FILE is where to leave what was measured; by default
goroot.cache/ports/glfw/results.txt.
EOT
}

build() {
	local lib
	needs cc gcc libc6-dev
	needs xdotool xdotool
	needs_pkg gl libgl1-mesa-dev
	for lib in x11 xrandr xxf86vm xi xcursor xinerama; do
		needs_pkg "$lib" xorg-dev
	done
	cd "$here"
	stock_go go vet .
	stock_go go test -c -o "$work/stock.test" .
	patched
	fork_go go vet -modfile="$work/port.mod" .
	fork_go go test -modfile="$work/port.mod" -c -o "$work/port.test" .
	fork_go go build -modfile="$work/port.mod" -o "$work/glfwtiles" .
	xvfb
	software "$work/glfwtiles" -frames 30 -png "$work/window.png" ||
		die "there is no OpenGL in software. Install it (Debian: apt-get install libgl1-mesa-dri)."
}

# The port has a glfw with a patch, which go.mod replaces for it.
patched() {
	local dir
	dir=$(cd "$here" && fork_go go list -m -f '{{.Dir}}' "$module")
	rm -rf "$work/glfw"
	cp -R "$dir" "$work/glfw"
	chmod -R u+w "$work/glfw"
	apply_to glfw "$here"/0001-*.patch
	cp "$here/go.mod" "$work/port.mod"
	cp "$here/go.sum" "$work/port.sum"
	(cd "$here" && fork_go go mod edit -replace="$module=$work/glfw" "$work/port.mod")
}

# The shorter Mesa's part, the more can be seen of ours. It draws on the calling thread.
software() {
	clean_env DISPLAY="$DISPLAY" LIBGL_ALWAYS_SOFTWARE=1 LP_NUM_THREADS=0 "$@"
}

tests() {
	software "$work/stock.test" -test.v -test.timeout 5m
	software "$work/port.test" -test.v -test.timeout 5m
}

bench() {
	echo "Unit frames/s better=higher"
	software "$1" -test.run '^$' -test.bench . -test.benchtime 700ms -test.timeout 5m
}
bench_stock() { bench "$work/stock.test"; }
bench_port() { bench "$work/port.test"; }

main "$@"
