# Functions shared by the run.bash of each port. It is sourced, after
# "set -euo pipefail", by a script that has set here to its own directory, and
# that then says
#
#	port MODULE VERSION      the release that is ported
#	main "$@"
#
# and defines what of these it has more to do for than to build:
#
#	build                    builds what is tested and measured
#	tests                    tests it
#	bench_COLUMN             prints one round of a column's benchmarks, in Go's format
#
# with the names of its columns in the array columns. They run in a directory of
# their own, $work, which has in
#
#	$work/stock              the unmodified release
#	$work/port               the release with the patch
#
# and call Go as
#
#	stock_go CMD...          with the unmodified Go that goroot is made from
#	fork_go CMD...           with goroot

root=$(cd "$here/../../.." && pwd -P)
. "$root/misc/lib.bash"

name=${here##*/}
prog=misc/ports/$name/$prog
read_version
work=$cachedir/ports$suffix/$name
columns=()

usage() {
	cat <<EOT
usage: misc/ports/$name/run.bash [-n ROUNDS] [-o FILE] [STEP]...

Fetches $module $pinned, patches it, and does these steps, by default all:
	build	build it, the port with stock Go and with this Go
	test	its tests: the release with stock Go, the port with both
	bench	measure the columns ${columns[*]-} by turns, by default in ten rounds

-o FILE is where to leave what was measured; by default
goroot.cache/ports/$name/results.txt.
EOT
}

port() {
	module=$1
	pinned=$2
}

# needs WHAT PACKAGE... dies with what to install, if WHAT, a command, is not there.
needs() {
	local what=$1
	shift
	type -P "$what" >/dev/null || die "$what is missing. Install it (Debian: apt-get install $*)."
}

# needs_pkg LIBRARY PACKAGE...: the same for a C library that pkg-config knows.
needs_pkg() {
	local what=$1
	shift
	needs pkg-config pkg-config
	pkg-config --exists "$what" || die "the C library $what is missing. Install it (Debian: apt-get install $*)."
}

# xvfb starts an X server without a screen, which ends with the script, and sets
# DISPLAY. OpenGL is Mesa's, which draws in software.
xvfb() {
	needs Xvfb xvfb
	local fifo=$work/xvfb.display n
	rm -f "$fifo"
	mkfifo "$fifo"
	Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp -noreset 3>"$fifo" >"$work/xvfb.log" 2>&1 &
	xvfb=$!
	trap 'kill "$xvfb" 2>/dev/null || true' EXIT
	read -r n <"$fifo" || die "Xvfb does not start: $(tail -n 3 "$work/xvfb.log")"
	DISPLAY=:$n
}

# Modules come from where the caller's go command gets them.
go_in() {
	local goroot=$1
	shift
	clean_env PATH="$goroot/bin:$PATH" "${module_vars[@]}" GOFLAGS=-buildvcs=false ${DISPLAY:+DISPLAY="$DISPLAY"} "$@"
}
stock_go() { go_in "$basedir" "$@"; }
fork_go() { go_in "$goroot" "$@"; }

# fetch makes $work/stock and $work/port. Where the port is a program with a go.mod of
# its own, there is nothing to patch, and go.mod names the release.
fetch() {
	local json dir t
	mkdir -p "$work"
	if [[ -f $here/go.mod ]]; then
		grep -qF "$module $pinned" "$here/go.mod" || die "misc/ports/$name/go.mod wants another release than $module $pinned"
		(cd "$here" && stock_go go mod download) || die "cannot fetch the modules in misc/ports/$name/go.mod"
		return
	fi
	json=$(cd "$work" && stock_go go mod download -json "$module@$pinned") ||
		die "cannot fetch $module@$pinned: $(sed -n 's/^\t"Error": "\(.*\)",*$/\1/p' <<<"$json")"
	dir=$(sed -n 's/^\t"Dir": "\(.*\)",*$/\1/p' <<<"$json")
	for t in stock port; do
		rm -rf "${work:?}/$t"
		cp -R "$dir" "$work/$t"
		chmod -R u+w "$work/$t"
		# Modules have no modes. A test of Delve's starts a script.
		find "$work/$t" -name '*.sh' -exec chmod +x {} +
		# The go command makes one up for a module that has none.
		[[ -f $work/$t/go.mod ]] || printf 'module %s\n' "$module" >"$work/$t/go.mod"
	done
	local p
	for p in "$here"/*.patch; do
		apply_to port "$p"
	done
}

# apply_to TREE FILE applies a patch in $work/TREE.
apply_to() {
	# In a directory that git ignores, git apply would skip every file.
	(cd "$work/$1" && GIT_CEILING_DIRECTORIES=$work git_ceiling apply --whitespace=nowarn "$2") ||
		die "$2 does not apply to $module $pinned"
}
git_ceiling() { env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_CEILING_DIRECTORIES="$GIT_CEILING_DIRECTORIES" git "$@"; }

# in_stock and in_port run a command in a column's tree, with its Go; in_port_stock has the
# port's tree and stock Go.
in_stock() { (cd "$work/stock" && stock_go "$@"); }
in_port() { (cd "$work/port" && fork_go "$@"); }
in_port_stock() { (cd "$work/port" && stock_go "$@"); }

# compare_go_test ARG...: the tests that go test ARG... runs in the three ways.
compare_go_test() {
	in_stock go test -json -count=1 "$@" >"$work/stock.json" || true
	in_port_stock go test -json -count=1 "$@" >"$work/port-stock-go.json" || true
	in_port go test -json -count=1 "$@" >"$work/port.json" || true
	compare_tests "$work"/{stock,port-stock-go,port}.json
}

# compare_tests BASE.json OTHER.json...: what go test -json said, test by test. All must
# have the same ends, and the last must have passed some. Differences that are meant are
# in the port's file explained.
compare_tests() {
	local explained=()
	grep -q '"Action":"pass".*"Test":' "${!#}" || die "no test has passed: see ${!#}"
	[[ ! -f $here/explained ]] || explained=(-explained "$here/explained")
	(cd "$root/misc/distdiff" && fork_go GOFLAGS= go build -o "$work/distdiff" .) || return
	"$work/distdiff" ${explained[@]+"${explained[@]}"} "$@"
}

# measure runs the benchmarks of the columns by turns, each round beginning with
# another, and has benchstat compare them.
measure() {
	local i j c commit
	# Before $results changes, which may be a file of the project.
	commit=$(git_clean -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
	{
		echo "port: $name"
		echo "module: $module@$pinned"
		echo "kernel: $(uname -sr)"
		echo "cores: $(getconf _NPROCESSORS_ONLN)"
		sed -n 's/^model name.*: /cpu: /p' /proc/cpuinfo | head -n 1
		echo "load: $(cut -d' ' -f1 /proc/loadavg)"
		echo "stock: $(first_line "$basedir/VERSION")"
		echo "fork: $version"
		echo "commit: $commit"
		echo "date: $(date -u +%Y-%m-%dT%H:%M:%SZ)"
		echo "rounds: $rounds"
	} >"$results"
	for ((i = 0; i < rounds; i++)); do
		for ((j = 0; j < ${#columns[@]}; j++)); do
			c=${columns[(i + j) % ${#columns[@]}]}
			printf '\ncolumn: %s\n' "$c" >>"$results"
			"bench_$c" >"$work/round.out" 2>"$work/round.err" || {
				tail -n 20 "$work/round.out" "$work/round.err" >&2
				die "the benchmarks of column $c failed in round $((i + 1))"
			}
			# cpu: of go test is the same as above, and not in all of them
			grep -E '^(Benchmark|Unit )' "$work/round.out" >>"$results" || die "column $c printed no benchmark"
		done
		say "round $((i + 1)) of $rounds"
	done
	(cd "$root/bench" && fork_go GOFLAGS= go build -o "$work/benchstat" golang.org/x/perf/cmd/benchstat) || return
	"$work/benchstat" -row .fullname -col "column@(${columns[*]})" -ignore .config "$results" | tee "${results%.txt}.stat"
	say "left in $results"
}

main() {
	local steps=() s start
	rounds=10 results=$work/results.txt
	while (($#)); do
		case $1 in
		-h | -help | --help)
			usage
			exit 0
			;;
		-n)
			[[ ${2-} =~ ^[1-9][0-9]*$ ]] || die "-n wants a number of rounds"
			rounds=$2
			shift 2
			;;
		-o)
			[[ -n ${2-} ]] || die "-o wants a file"
			results=$(cd "$(dirname "$2")" && pwd -P)/$(basename "$2") || exit
			shift 2
			;;
		build | test | bench)
			steps+=("$1")
			shift
			;;
		*)
			usage >&2
			exit 2
			;;
		esac
	done
	((${#steps[@]})) || steps=(build test bench)

	[[ -x $goroot/bin/go ]] || die "${goroot##*/} is not built. Run $make first."
	find_base
	modules_from "$basedir/bin/go"
	fetch
	cd "$work"
	# Whatever is asked for wants the build.
	for s in build "${steps[@]/build/}"; do
		[[ -n $s ]] || continue
		start=$SECONDS
		case $s in
		build) if declare -F build >/dev/null; then build; fi ;;
		test) if declare -F tests >/dev/null; then tests; else die "there are no tests"; fi ;;
		bench) measure ;;
		esac
		say "$s: ok, $((SECONDS - start)) s"
	done
}
