#!/usr/bin/env bash
# Runs test/stress in many settings. misc/stressmatrix.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOT'
usage: misc/stressmatrix.bash [-for DURATION] [-jobs N]

Builds test/stress with debugLockedM on, which turns the protocol's invariants into
assertions, and runs it DURATION (by default 1m) in each combination of

	build		plain, -race, -asan, linux/386
	GODEBUG		none, asyncpreemptoff=1, gcstoptheworld=2, gccheckmark=1
	GOMAXPROCS	changed between 1, 2, 4 and 16 under way; 1; 2; 4; 16

N at a time, by default one. That is 80 runs. It needs a linux/amd64 machine, and for
linux/386 a C compiler that has -m32 (Debian: gcc-multilib). Each run's output is in
logs/stressmatrix; that of a failure says with which seed its choices come again.
EOT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"

duration=1m jobs=1
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-for | -jobs)
		[[ -n ${2-} ]] || die "$1 wants a value"
		if [[ $1 == -for ]]; then duration=$2; else jobs=$2; fi
		shift
		;;
	*)
		usage >&2
		die "unknown argument \"$1\""
		;;
	esac
	shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || die "-jobs wants a number"

read_version
[[ -x $goroot/bin/go ]] || die "${goroot##*/} is not built. Run $make first."
logs+=/stressmatrix
rm -rf "$logs"
mkdir -p "$logs"
: >"$logs/ok"

# A GOROOT whose runtime asserts. The objects of a GOROOT name its files, so it
# has a cache of its own.
debug=$cachedir/debug$suffix
rm -rf "$debug/go"
mkdir -p "$debug/go"
for d in bin pkg src lib VERSION go.env; do cp -R "$goroot/$d" "$debug/go/$d"; done
file=$debug/go/src/runtime/lockedm.go
sed -i 's/^\(	*debugLockedM *= \)false$/\1true/' "$file"
grep -q '^	*debugLockedM *= true$' "$file" || die "there is no debugLockedM = false in src/runtime/lockedm.go"

build() { # NAME [NAME=VALUE]... FLAG...
	local name=$1 vars=()
	shift
	while [[ ${1-} == *=* ]]; do
		vars+=("$1")
		shift
	done
	say "building $name"
	(cd "$root/test/stress" && clean_env PATH="$debug/go/bin:$PATH" GOCACHE="$debug/cache" ${vars[@]+"${vars[@]}"} go build -o "$logs/$name.bin" "$@" .)
}
build plain
build race -race
build asan -asan
build 386 GOARCH=386 CGO_ENABLED=1

one() { # BUILD GODEBUG PROCS
	local name=$1,$2,$3 vars=() procs=$3 status=0
	[[ $2 == none ]] || vars=(GODEBUG="$2")
	[[ $procs != all ]] || procs=1,2,4,16
	clean_env ${vars[@]+"${vars[@]}"} "$logs/$1.bin" -for "$duration" -procs "$procs" >"$logs/$name.log" 2>&1 || status=$?
	if ((status)); then
		printf '%s: FAIL (status %d)\n' "$name" "$status"
	else
		printf '%s: ok\n' "$name"
		echo "$name" >>"$logs/ok"
	fi
}

# With more at a time than one, their order in the output is that in which they end.
start=$SECONDS n=0
set -m # each job is a process group of its own, so all of it can be ended
trap 'for j in $(jobs -p); do kill -- -"$j" 2>/dev/null || true; done' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for procs in all 4 1 16 2; do
	for godebug in none asyncpreemptoff=1 gcstoptheworld=2 gccheckmark=1; do
		for b in plain race asan 386; do
			while (($(jobs -rp | wc -l) >= jobs)); do wait -n || true; done # one counts what is ok
			one "$b" "$godebug" "$procs" &
			n=$((n + 1))
		done
	done
done
wait
ok=$(wc -l <"$logs/ok")
say "$n runs of $duration, $jobs at a time, in $((SECONDS - start)) s: $ok ok"
((ok == n)) || die "some failed: see $logs"
