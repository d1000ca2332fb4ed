#!/usr/bin/env bash
# Runs the tests of ./goroot. ./run.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOF'
usage: ./run.bash [PART [flags of that part]]...

Runs these parts, by default those from build to bench, in this order:
	build		make.bash, misc/refresh.bash and misc/release.bash; -full adds what
			bootstraps
	api		upstream's checks of the API lists and the release notes
	programs	the programs in test/, by the runner of Go's own test directory; vet of
			those in doc/
	threads		the runtime's tests of shared threads, also those that upstream's
			limits on the time of a test leave no room for
	upstream	upstream's tests of the packages that the scheduler touches
	off		the runtime's tests with GOEXPERIMENT=nothreadlocker
	race		runtime, sync and sync/atomic under the race detector
	ports		package runtime and those just above it build, and runtime vets, for
			other ports; -std: all of std builds; -all: the same for every port
			that Go has
	stress		goroutines that lock, block, call C and leave at random,
			with asynchronous preemption on and off, and with the address sanitizer;
			-for DURATION (of each), -seed N
	bench		the driver of bench/run.bash, and that each benchmark runs
	tools		panicparse, Delve and the Prometheus client, built from their released
			modules, read what the runtime shows; gopls, staticcheck and vet take
			programs that use the API; govulncheck and others judge them as they
			judge those of the unmodified release
	load		a million goroutines on one thread, a thousand threads with a
			locker, ten thousand that exit, and that memory and threads return;
			takes 4 GB of memory and some minutes, so runs only if named;
			-goroutines N, -lockers N, -binds N
	model		misc/model/check.bash, the model of the protocol; it needs spin, which
			nothing else here does, so it runs only if it is named
	install		misc/installtest.bash: packing, the ways to install what is packed, and
			that the bytes are the same from another directory; runs only if named
	clients		builds and tests the ports of other people's programs in misc/ports;
			needs what they say, so runs only if named; NAME...: only these
	all		the whole of go tool dist test, with the experiment on and off, compared
			with the same on the unmodified release, which is built for that;
			takes hours, so runs only if named; -tests REGEXP: only those of
			go tool dist test -list whose whole names match

Each part writes logs/PART.log. The exit status is 1 if a part failed.

RELEASE=go1.N ./run.bash tests goroot.go1.N, another release of VERSION, with its logs
in logs/go1.N. build is for the default release only, and is left out.
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$root/misc/lib.bash"
all_parts=(build api programs threads upstream off race ports stress bench)

declare -A what=(
	[build]="make.bash, refresh.bash, release.bash"
	[api]="API lists and release notes"
	[programs]="the programs in test/"
	[threads]="the runtime's tests of shared threads"
	[upstream]="upstream's tests"
	[off]="runtime with GOEXPERIMENT=nothreadlocker"
	[race]="runtime and sync under -race"
	[ports]="builds and vets for other ports"
	[stress]="random locking, blocking and leaving"
	[bench]="the benchmarks run (they measure nothing here)"
	[tools]="other people's tools"
	[load]="a million goroutines, a thousand lockers"
	[model]="the model of the scheduling protocol"
	[install]="packing and installing"
	[clients]="the ports in misc/ports"
	[all]="all of upstream's tests, against the base's"
)

parts=()
declare -A args=()
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	*)
		if [[ $1 != -* && -n ${what[$1]-} ]]; then
			parts+=("$1")
			args[$1]=''
		elif ((${#parts[@]})); then
			args[${parts[-1]}]+="$(printf ' %q' "$1")"
		else
			usage >&2
			die "there is no part \"$1\""
		fi
		;;
	esac
	shift
done
read_version
if ((${#parts[@]} == 0)); then
	parts=("${all_parts[@]}")
	[[ -z $suffix ]] || parts=("${parts[@]:1}")
fi

# Every command of a test runs in an environment that is the same everywhere.
# A part adds variables to it by a local array clean_vars.
clean() { clean_env PATH="$goroot/bin:$PATH" ${clean_vars[@]+"${clean_vars[@]}"} "$@"; }

# upstream_tests PATTERN runs those tests of cmd/dist whose whole names match.
upstream_tests() {
	local names
	mapfile -t names < <(cd "$goroot/src" && clean go tool dist test -list | grep -Ex "$1")
	((${#names[@]})) || die "go tool dist test -list names no test that matches $1"
	printf '%d of upstream'\''s tests: %s\n' "${#names[@]}" "${names[*]}"
	(cd "$goroot/src" && clean go tool dist test -k "${names[@]}")
}

no_args() { (($# == 0)) || die "unknown argument \"$1\""; }

part_build() {
	[[ -z $suffix ]] || die "build tests the default release's goroot, and has tests for several releases of its own: unset RELEASE"
	"$root/misc/buildtest.bash" "$@"
}

part_api() {
	no_args "$@"
	if [[ -f $goroot/api/except.txt ]]; then
		upstream_tests 'cmd/api|cmd/api:check|cmd/relnote|cmd/relnote:check'
		return
	fi
	echo "# not checked: that the API of Go itself is what upstream's lists in api/ say, for the base came without them"
	local status=0
	upstream_tests 'cmd/api|cmd/relnote|cmd/relnote:check' || status=1
	api_next || status=1
	return "$status"
}

# shadow DIR DIRECTORY... makes DIR a GOROOT with these parts of goroot.
shadow() {
	local dir=$1 d
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	for d; do
		cp -R -l "$goroot/$d" "$dir/$d" 2>/dev/null || { rm -rf "${dir:?}/$d"; cp -R "$goroot/$d" "$dir/$d"; }
	done
}

# api_next is cmd/api's check where upstream's lists are missing. In their place is
# what cmd/api itself finds in the unmodified base. So the API must be that of the base and
# api/next, no more and no less.
api_next() {
	local stock=$logs/api/stock ours=$logs/api/ours d n status=0
	rm -rf "$logs/api"
	shadow "$stock" bin pkg
	shadow "$ours" bin pkg src lib VERSION go.env
	git --git-dir="$goroot/.git" archive "$(<"$goroot/.git/make/base")" src lib go.env | tar -x -C "$stock" || return
	for d in "${generated[@]}"; do
		[[ ! -f $goroot/$d ]] || cp "$goroot/$d" "$stock/$d" || return
	done
	printf '%s\n' "$release" >"$stock/VERSION"
	mkdir -p "$stock/api" "$ours/api"
	cp -R "$root/api/." "$ours/api"
	echo "# cmd/api wants a list that is not empty" | tee "$stock/api/except.txt" >"$ours/api/except.txt"

	check() { (cd "$1/src/cmd/api" && clean GOROOT="$1" PATH="$1/bin:$PATH" GOCACHE="$logs/api/cache" "$logs/api/test" -test.run='^TestCheck$' -check); }
	(cd "$goroot/src" && clean go test -c -o "$logs/api/test" cmd/api) || return
	# With no list at all, it prints each feature as one too many, and fails.
	check "$stock" >"$logs/api/stock.out" 2>&1 || true
	sed -n 's/^+\(pkg \)/\1/p' "$logs/api/stock.out" >"$ours/api/go1.txt"
	n=$(wc -l <"$ours/api/go1.txt")
	echo "# the API of $release has $n features"
	if ((n < 10000)); then
		tail -n 20 "$logs/api/stock.out"
		die "that are too few: cmd/api did not read the unmodified release"
	fi
	check "$ours" || status=1
	((status == 0)) || echo "# + is an API that is not in api/next, - one that is there or in $release but not in goroot"
	rm -rf "$logs/api"
	return "$status"
}

part_programs() {
	no_args "$@"
	local shadow=$logs/programs d status=0 programs=("$root"/test/*.go)
	# Those in doc/ need only pass vet.
	for d in "$root"/doc/{hangs,trace}/*.go; do
		clean go vet "$d" || status=1
	done
	(cd "$root/doc/guide" && clean go vet . && clean GOEXPERIMENT=nothreadlocker go vet .) || status=1
	(cd "$root/misc/mainthread" && clean go vet . && clean go test -count=1 .) || status=1
	((${#programs[@]})) || die "there is no program in test/"
	# The runner takes GOROOT/test, so give it a GOROOT with our test directory.
	shadow "$shadow" bin pkg src lib VERSION go.env
	mkdir "$shadow/test"
	cp -R "$root"/test/. "$shadow/test/"
	for d in $(sed -n 's/^	dirs = \[\]string{\(.*\)}$/\1/p' "$goroot/src/cmd/internal/testdir/testdir_test.go" | tr -d '",'); do
		mkdir -p "$shadow/test/$d"
	done
	# Objects of a GOROOT name its files, so those of this one, which goes away,
	# must not stay in the cache of the other.
	(cd "$shadow/src" && clean GOROOT="$shadow" GOCACHE="$shadow/cache" PATH="$shadow/bin:$PATH" "$shadow/bin/go" test -count=1 -v -short cmd/internal/testdir) || status=$?
	rm -rf "$shadow"
	return "$status"
}

# warm [FLAG]... builds, with these flags, the programs that the tests of package
# runtime build, so that their limit on time is left for running them.
warm() {
	local d out=$logs/warm.bin
	for d in testprog testprogcgo testprognet testexithooks testfaketime testgoroutineleakprofile testgoroutineleakprofile/goker; do
		(cd "$goroot/src/runtime/testdata/$d" && clean go build "$@" -o "$out" .) || return
	done
	rm -f "$out"
}

# The tests of package runtime that are ours, without -short.
our_tests='ThreadLocker|LockToRecvOSThread|UnlockOSThread|DedicatedThread'

# runtime_short [FLAG]... runs the short tests of package runtime, less those that are
# ours and run by themselves, in two halves, each by itself and within the three minutes
# that upstream gives to a package.
# All together came too close to that on a slow machine, where an unmodified Go took
# 244 s for them under the race detector, with the building of their programs.
#
# The tests that take a CPU profile of a program run one at a time after them.
# Upstream's TestCgoCallbackPprof counts on a sample that is not taken just when
# the goroutine is preempted. A program that gets less than a tenth of a CPU, beside
# parallel tests on a slow machine, may have none: beside 24 busy processes on two
# CPUs the test failed in 16 of 20 runs with an unmodified go1.26.8.
runtime_short() {
	local first='^Test[A-L]' alone=Pprof status=0
	(cd "$goroot/src" && clean go test "$@" -short -count=1 -timeout 3m -run "$first" -skip "$alone|$our_tests" runtime) || status=1
	(cd "$goroot/src" && clean go test "$@" -short -count=1 -timeout 3m -skip "$first|$alone|$our_tests" runtime) || status=1
	(cd "$goroot/src" && clean go test "$@" -short -count=1 -timeout 3m -run "$alone" -parallel 1 runtime) || status=1
	return "$status"
}

part_threads() {
	no_args "$@"
	(cd "$goroot/src" && clean go test -count=1 -run "$our_tests" runtime)
}

part_upstream() {
	no_args "$@"
	local status=0
	warm && runtime_short || status=1
	upstream_tests "runtime:cpu.*|runtime/[a-z/]*|sync|sync:cpu10|sync/atomic|iter|os/signal|os/exec|testing/synctest|internal/synctest|internal/trace|internal/trace/.*|internal/runtime/.*|net|time|go/build|cmd/vet|cmd/go/internal/test|cmd/cgo/internal/(test|testcshared|testcarchive|testtls)(:.*)?" || status=1
	return "$status"
}

part_off() {
	no_args "$@"
	local clean_vars=(GOEXPERIMENT=nothreadlocker)
	warm && runtime_short || return
	(cd "$goroot/src" && clean go test -count=1 -run "$our_tests" runtime) || return
	if clean go doc runtime.ThreadLocker; then
		die "runtime.ThreadLocker is there with the experiment off"
	fi
}

part_race() {
	no_args "$@"
	local status=0
	# The race detector makes every program sleep for a second before it exits,
	# and the tests of package runtime run hundreds of programs.
	local clean_vars=(GORACE=atexit_sleep_ms=0)
	warm -race || return
	runtime_short -race || status=1
	(cd "$goroot/src" && clean go test -race -count=1 -run "$our_tests" runtime) || status=1
	(cd "$goroot/src" && clean go tool dist test -k -race sync sync/atomic) || status=1
	return "$status"
}

# coroutine_fatal runs each case of that program, which cannot start itself under node.
coroutine_fatal() {
	local js=(node "$goroot/lib/wasm/wasm_exec_node.js" "$logs/coroutine.wasm") name names out
	(cd "$root/test" && clean GOOS=js GOARCH=wasm go build -o "$logs/coroutine.wasm" coroutine_fatal.go) || return
	names=$(clean "${js[@]}") && [[ $names ]] || return
	for name in $names; do
		if out=$(clean "${js[@]}" "$name" 2>&1) || [[ $out != *"fatal error: coro: "* ]]; then
			echo "$name: $out"
			return 1
		fi
	done
}

part_ports() {
	local ports=(linux/386 linux/arm64 windows/amd64 darwin/arm64 plan9/amd64 js/wasm wasip1/wasm) p failed=()
	# os takes in all that calls the scheduler: sync, time, internal/poll, syscall.
	local packages=os
	if [[ ${1-} == -std || ${1-} == -all ]]; then
		packages=std
		[[ $1 == -std ]] || mapfile -t ports < <(clean go tool dist list)
		shift
	fi
	no_args "$@"
	for p in "${ports[@]}"; do
		echo "# $p"
		case $p in
		android/386 | android/amd64 | android/arm | ios/*)
			# For these the go command wants a C compiler before it plans any link,
			# which would be of no use to compile std or to vet: go list -export
			# plans no link, and vet is told that there is one.
			(cd "$goroot/src" && clean GOOS="${p%/*}" GOARCH="${p#*/}" bash -c '
				CGO_ENABLED=0 go list -export -deps '"$packages"' >/dev/null &&
				CGO_ENABLED=1 CC=false go vet -unsafeptr=false -tags=netgo,osusergo runtime')
			;;
		*)
			(cd "$goroot/src" && clean CGO_ENABLED=0 GOOS="${p%/*}" GOARCH="${p#*/}" bash -c "go build $packages && go vet runtime")
			;;
		esac || failed+=("$p")
	done
	if type -P node >/dev/null; then
		echo "# js/wasm: test/sweep.go"
		(cd "$root/test" && clean GOOS=js GOARCH=wasm go build -o "$logs/sweep.wasm" sweep.go &&
			clean node "$goroot/lib/wasm/wasm_exec_node.js" "$logs/sweep.wasm") || failed+=(test/sweep.go)
		echo "# js/wasm: test/coroutine_fatal.go"
		coroutine_fatal || failed+=(test/coroutine_fatal.go)
	else
		echo "# js/wasm: test/sweep.go is not run: there is no node in PATH"
	fi
	# Under the address sanitizer an m has the fewest bytes to spare, see mPadded.
	echo "# $(clean go env GOHOSTOS)/$(clean go env GOHOSTARCH) -asan"
	(cd "$goroot/src" && clean go build -asan runtime) || failed+=(-asan)
	((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
}

# The flags are those of the program.
part_stress() {
	local program=("$root"/test/stress/*.go)
	((${#program[@]})) || die "there is no program in test/stress"
	local setting
	(cd "$root/test/stress" && clean go build -o "$logs/stress.bin" .) || return
	for setting in asyncpreemptoff=0 asyncpreemptoff=1; do
		clean GODEBUG=$setting "$logs/stress.bin" "$@" || return
	done
	case $(clean go env GOOS)/$(clean go env GOARCH) in
	linux/amd64 | linux/arm64 | linux/loong64 | linux/ppc64le | linux/riscv64)
		echo "# -asan"
		(cd "$root/test/stress" && clean go build -asan -o "$logs/stress.bin" .) || return
		clean "$logs/stress.bin" "$@"
		;;
	*) echo "# -asan: not for this port" ;;
	esac
}

part_load() {
	(cd "$root/test/load" && clean go build -o "$logs/load.bin" .) || return
	clean "$logs/load.bin" "$@"
}

# The flags are those of check.bash.
part_model() { "$root/misc/model/check.bash" "$@"; }

# The flags are those of installtest.bash.
part_install() { "$root/misc/installtest.bash" "$@"; }

part_clients() {
	local p names=("$@") status=0
	if ((${#names[@]} == 0)); then
		for p in "$root"/misc/ports/*/run.bash; do
			p=${p%/run.bash}
			names+=("${p##*/}")
		done
	fi
	for p in "${names[@]}"; do
		[[ -x $root/misc/ports/$p/run.bash ]] || die "there is no port $p in misc/ports"
		echo "# $p"
		"$root/misc/ports/$p/run.bash" build test || status=1
	done
	return "$status"
}

# dist_json KIND TREE [NAME=VALUE]... builds a Go of its own from a tree of goroot's
# repository, with these variables in the environment, because cmd/dist installs
# tools anew where it finds others than it would build. It runs tests of cmd/dist
# there, and leaves their results in logs/all/KIND.json. That some of them fail is
# not its business.
dist_json() {
	local kind=$1 dir=$logs/all/$1 t=$SECONDS
	mkdir "$dir"
	git --git-dir="$goroot/.git" archive "$2" | tar -x -C "$dir" || return
	shift 2
	(cd "$dir/src" && clean_env GOROOT_BOOTSTRAP="$goroot" "$@" bash ./make.bash --no-banner) || return
	(cd "$dir/src" && clean_env PATH="$dir/bin:$PATH" "$@" go tool dist test -k -json ${names[@]+"${names[@]}"}) \
		>"$logs/all/$kind.json" 2>"$logs/all/$kind.err" || true
	printf '%s: %d s\n' "$kind" $((SECONDS - t))
}

part_all() {
	local tree names=()
	if [[ ${1-} == -tests ]]; then
		mapfile -t names < <(cd "$goroot/src" && clean go tool dist test -list | grep -Ex -- "${2-}")
		((${#names[@]})) || die "go tool dist test -list names no test that matches \"${2-}\""
		shift 2
	fi
	no_args "$@"
	(cd "$root/misc/distdiff" && clean go vet . && clean go test .) || return # it has the last word
	rm -rf "$logs/all"
	mkdir -p "$logs/all"
	dist_json base "$(<"$goroot/.git/make/base")" || return
	read -r tree _ <"$goroot/.git/make/built"
	dist_json on "$tree" || return
	dist_json off "$tree" GOEXPERIMENT=nothreadlocker || return
	(cd "$root/misc/distdiff" && clean go run . -explained explained "$logs"/all/{base,on,off}.json)
}

# with_modules runs a command with modules from where the caller's go command gets
# them.
with_modules() {
	local module_vars
	modules_from "$goroot/bin/go" || return
	clean "${module_vars[@]}" "$@"
}

# The benchmarks need no modules.
part_bench() {
	no_args "$@"
	(cd "$root/bench" &&
		with_modules go vet ./... &&
		with_modules go test -short ./driver &&
		clean go test -run '^$' -bench . -benchtime 1x -cpu 1,2)
}

part_tools() {
	no_args "$@"
	find_base || return
	(cd "$root/test/tools" && with_modules go vet . && with_modules TOOLS_STOCK="$basedir" go test -count=1 -v .)
}

built=$(cat "$goroot/.git/make/built" 2>/dev/null) || built=
[[ ${parts[*]} == model || -n $built && -x $goroot/bin/go ]] || die "${goroot##*/} is not built. Run $make first."
mkdir -p "$logs" || die "cannot write in $root"

passed=0 failed=0 total=$SECONDS
for part in "${parts[@]}"; do
	log=$logs/$part.log
	start=$SECONDS status=0
	printf '%-9s %-42s' "$part" "${what[$part]}"
	(
		eval "set -- ${args[$part]-}"
		"part_$part" "$@"
	) </dev/null >"$log" 2>&1 || status=$?
	if ((status == 0)); then
		passed=$((passed + 1))
		printf '%5d s  ok\n' $((SECONDS - start))
	else
		failed=$((failed + 1))
		printf '%5d s  FAIL\n' $((SECONDS - start))
		printf -- '--- the end of %s:\n' "$log"
		tail -n 40 "$log" | sed 's/^/	/'
	fi
done
printf 'in %d s\n' $((SECONDS - total))
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
