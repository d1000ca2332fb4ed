#!/usr/bin/env bash
# misc/ports/ebiten/run.bash -h says what this does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$here/../lib.bash"

port github.com/hajimehoshi/ebiten/v2 v2.8.8
columns=(stock single port)

build() {
	local lib t
	needs cc gcc libc6-dev
	for lib in x11 xrandr xxf86vm xi xcursor xinerama; do
		needs_pkg "$lib" xorg-dev
	done
	needs_pkg alsa libasound2-dev # for tests
	for t in stock port; do
		cp -R "$here/bench" "$work/$t/bench"
	done
	cd "$work/stock"
	stock_go go build -o "$work/stock.bench" ./bench
	stock_go go build -tags ebitenginesinglethread -o "$work/single.bench" ./bench
	cd "$work/port"
	stock_go go vet ./bench ./internal/thread
	fork_go go vet ./bench ./internal/thread
	fork_go go build -o "$work/port.bench" ./bench
	xvfb
	bench port -benchtime 1ms >"$work/bench.out" 2>&1 ||
		die "a game does not run: $(tail -n 1 "$work/bench.out"). If OpenGL is missing, install it (Debian: apt-get install libgl1 libgl1-mesa-dri)."
}

# The shorter Mesa's part, the more can be seen of ours. It draws on the calling thread.
mesa=(LIBGL_ALWAYS_SOFTWARE=1 LP_NUM_THREADS=0)

# The packages' tests open windows, which take the focus from each other. GITHUB_ACTIONS
# tells them that there may be no sound card.
tests() {
	local list args
	# internal/vettools wants a golang.org/x/tools that is too old for Go 1.26.
	list=$(cd "$work/stock" && stock_go go list . ./audio/... ./colorm ./ebitenutil ./internal/... ./text/... ./vector)
	args=(GITHUB_ACTIONS=true "${mesa[@]}"
		go test -json -p 1 -count=1 -timeout 30m $(grep -v '/internal/vettools$' <<<"$list"))
	(cd "$work/stock" && stock_go "${args[@]}") >"$work/release.json" || true
	(cd "$work/port" && stock_go "${args[@]}") >"$work/port-stock.json" || true
	(cd "$work/port" && fork_go "${args[@]}") >"$work/port-fork.json" || true
	compare_tests "$work"/{release,port-stock,port-fork}.json
}

bench() {
	local column=$1
	shift
	echo "Unit frames/s better=higher"
	clean_env DISPLAY="$DISPLAY" "${mesa[@]}" "$work/$column.bench" "$@"
}
bench_stock() { bench stock; }
bench_single() { bench single; }
bench_port() { bench port; }

main "$@"
