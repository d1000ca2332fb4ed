#!/usr/bin/env bash
# Builds ./goroot, the Go toolchain with thread lockers. ./make.bash -h says how.
# misc/README.md tells how it works and how to work on goroot.

set -euo pipefail

usage() {
	cat <<'EOF'
usage: ./make.bash [flags] [-- flags of upstream's make.bash]

Makes ./goroot from an unmodified Go release, src/, api/, doc/, dist/ and patches/, and
builds it with upstream's own make.bash. Run again, it brings goroot up to date:
it takes over what changed in the project, keeps what was edited in goroot, and
rebuilds what that makes necessary, without a bootstrap where none is needed.

VERSION has a line for each release, the default first. The unmodified release is the
first of these that is there, of exactly that version: $GOROOT_BASE; the installed Go;
the one that the go command downloads by itself when asked for that version.

RELEASE=go1.N ./make.bash makes another release of VERSION, in ./goroot.go1.N.

Flags:
	-quick		after edits of package runtime, leave the go command, the
			compiler and the other tools on the runtime they were built
			with. Programs get the new runtime all the same.
	-a		bootstrap anew, even if nothing changed
	-f		throw away edits made in goroot
	-distpack	at last, pack goroot into the archives in which Go is released, and
			into the toolchain module, by upstream's cmd/distpack; in
			goroot/pkg/distpack. The tar.gz archives lack what the base lacks:
			api, doc, misc and test, if that is the go command's download.
	-env NAME=VALUE	set a variable of upstream's make.bash, such as CC, GOAMD64 or
			GOEXPERIMENT; may be repeated. No variable of the caller's
			environment gets there otherwise, PATH, TMPDIR and the locale aside.
	-nodemo		do not run the demonstration at the end
	-demo		only run the demonstration
	-h		this text
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
. "$root/misc/lib.bash"

quick=false anew=false discard=false distpack=false demo=true demo_only=false
buildenv=() upstream_args=()
while (($#)); do
	case $1 in
	-h | -help | --help) usage; exit 0 ;;
	-quick) quick=true ;;
	-a) anew=true ;;
	-f) discard=true ;;
	-distpack) distpack=true ;;
	-nodemo) demo=false ;;
	-demo) demo_only=true ;;
	-env)
		[[ ${2-} =~ ^[A-Za-z_][A-Za-z_0-9]*= ]] || die "-env wants NAME=VALUE, got \"${2-}\""
		buildenv+=("$2")
		shift
		;;
	--)
		shift
		upstream_args=("$@")
		break
		;;
	*)
		usage >&2
		die "unknown argument \"$1\""
		;;
	esac
	shift
done

! $quick || ! $distpack || die "-quick leaves tools that no bootstrap would make, so it does not go with -distpack"
[[ " ${upstream_args[*]-} " != *" "-*distpack* ]] || die "-distpack is a flag of this script: leave out the --"
! $distpack || ((${#buildenv[@]} + ${#upstream_args[@]} == 0)) ||
	die "-distpack packs what the project makes everywhere, so neither -env nor flags of upstream's make.bash go with it"
! $distpack || ! $demo_only || die "-demo only runs the demonstration, so it does not go with -distpack"
read_version
cd "$root"

# run_demo measures round trips on this machine with the toolchain just built.
run_demo() {
	[[ -d $root/misc/demo ]] || return 0
	(cd "$root/misc/demo" && clean_env "$goroot/bin/go" run .)
}
if $demo_only; then
	[[ -x $goroot/bin/go ]] || die "there is no ${goroot##*/} yet. Run $make first."
	run_demo
	exit
fi

# Whatever ends this script, what it was in the middle of is not taken for good.
child='' building=''
lock
cleanup() {
	local status=$?
	trap - EXIT INT TERM HUP
	if [[ -n $child ]]; then
		kill -TERM -- "-$child" 2>/dev/null || true
		wait "$child" 2>/dev/null || true
	fi
	# No go command of a bootstrap that did not end well stays behind.
	if [[ -n $building ]]; then rm -rf "$goroot/bin"; fi
	rm -rf "$root/goroot.new"
	unlock
	exit "$status"
}
trap cleanup EXIT
trap 'warn "interrupted. ${goroot##*/} is not built; run $make again."; exit 130' INT
trap 'warn "ended by a signal. ${goroot##*/} is not built; run $make again."; exit 143' TERM HUP

# in_group CMD... runs CMD in a process group of its own, so that a signal to
# this script alone ends all of it.
in_group() {
	set -m
	"$@" </dev/null &
	child=$!
	set +m
	echo "$$ $child" >"$lockdir/pid"
	local status=0
	wait "$child" || status=$?
	child=''
	return "$status"
}

# populate makes goroot.new, a repository whose work tree is the pristine base, and
# from it goroot.
populate() {
	local new=$root/goroot.new
	copy_base "$new"
	init_store "$new"
	take_base
	verify_base
	setstate base "$base"
	setstate release "$release"
	setstate synced "$base"
	worktree=$base
	missing_dirs_note
	compose "$root"
	sync
	rm -rf "$goroot"
	mv "$new" "$goroot"
	use_goroot "$goroot"
}

# tools are what upstream's make.bash installs (toolsToInstall in cmd/dist).
tools=(cmd/go cmd/gofmt cmd/asm cmd/cgo cmd/compile cmd/cover cmd/fix cmd/link cmd/preprofile cmd/vet)

bootstrap() {
	local t=$SECONDS
	[[ -n ${basedir-} ]] || find_base
	need_space 1000000 "the build"
	rm -f "$state/built" "$state/usable"
	building=1
	rm -rf "$goroot/bin" "$goroot/pkg"
	upstream() {
		cd "$goroot/src"
		clean_env GOROOT_BOOTSTRAP="$basedir" "${buildenv[@]}" bash ./make.bash --no-banner "${upstream_args[@]}"
	}
	in_group upstream || {
		need_space 50000 "the build"
		die "upstream's src/make.bash failed in ${goroot##*/} (see above). ${goroot##*/} is not built."
	}
	building=''
	say "bootstrapped in $((SECONDS - t)) s"
}

# go_install brings the installed tools up to date with the sources. A changed
# compiler compiles itself differently, and a tool is stale if it was made by
# another compiler, so this goes on until nothing is stale, as in cmd/dist.
go_install() {
	local t=$SECONDS n stale
	rm -f "$state/built"
	rm -rf "$goroot/pkg/distpack"
	in_goroot() {
		cd "$goroot/src"
		clean_env CGO_ENABLED=0 GOFLAGS='-trimpath -ldflags=-w -gcflags=cmd/...=-dwarf=false' "$goroot/bin/go" "$@"
	}
	for n in 1 2 3 4; do
		say "installing the tools, round $n"
		in_group in_goroot install "${tools[@]}" ||
			die "${goroot##*/} does not build (see above). Mend it and run $make again; if the tools in its bin are broken themselves, $make -a."
		stale=$(in_goroot list -f '{{if .Stale}}{{.ImportPath}}{{end}}' "${tools[@]}") ||
			die "${goroot##*/}/bin/go does not work any more. Run $make -a."
		[[ -n $stale ]] || break
	done
	[[ -z $stale ]] || die "the tools do not converge: still stale after $n rounds: ${stale//$'\n'/ }. Run $make -a."
	say "installed in $((SECONDS - t)) s"
}

# what_to_build OLD NEW sets action to none, install, bootstrap or, where
# only package runtime differs, runtime.
what_to_build() {
	local p
	action=none
	changed "$1" "$2"
	for p in "${paths[@]}"; do
		case $p in
		# What dist itself reads, generates from, or copies.
		VERSION | src/make.bash | src/cmd/dist/*_test.go | src/cmd/dist/* | src/internal/buildcfg/* | src/internal/goexperiment/* | \
			src/internal/goversion/* | src/runtime/*.h | lib/time/*)
			action=bootstrap
			return
			;;
		*_test.go | */testdata/* | *.md | *.html | api/* | doc/* | test/* | misc/* | lib/*) ;;
		src/runtime/*.go | src/runtime/*.s)
			[[ $action != none ]] || action=runtime
			;;
		src/*) action=install ;;
		esac
	done
}

# pack has cmd/distpack pack goroot, which takes whatever is there, so it wants
# nothing there that the project did not make.
pack() {
	local p f strange=() lacking=()
	rm -rf "$goroot/pkg/distpack" # of another state, maybe
	if ((${#edits[@]})); then
		die "Nothing was packed: ${goroot##*/} has edits that the project does not have. $(to_keep "Keep them with misc/refresh.bash"), or throw them away with $make -f."
	fi
	while IFS= read -r -d '' p; do
		case $p in
		bin/* | pkg/*) ;;
		*) [[ " ${generated[*]} src/cmd/dist/dist VERSION.cache " == *" $p "* ]] || strange+=("$p") ;;
		esac
	done < <(g ls-files -o -z)
	if ((${#strange[@]})); then
		warn "these files are not of the project, but would be packed:"
		list "${strange[@]}" >&2
		die "Nothing was packed. Remove them."
	fi
	in_distpack() { (cd "$goroot/src" && clean_env "$goroot/bin/go" tool distpack); }
	in_group in_distpack || {
		need_space 500000 "packing"
		die "cmd/distpack failed (see above)"
	}
	say "packed:"
	for f in "$goroot"/pkg/distpack/*; do printf '\t%s\n' "${f#"$root/"}"; done
	for p in "${optional_parts[@]}"; do
		g rev-parse -q --verify "$base:$p" >/dev/null || lacking+=("$p/")
	done
	((${#lacking[@]} == 0)) ||
		say "the tar.gz archives lack upstream's files of ${lacking[*]}, for the base came without them. The toolchain module never has these."
}

# A build with other flags is another build.
options=
for e in "${buildenv[@]}" "${upstream_args[@]}"; do options+=$(printf '%q ' "$e"); done

rm -rf "$root/goroot.new"
if [[ -d $goroot && ! -f $goroot/.git/make/synced ]]; then
	die "$goroot was not made by this script. Move it away or remove it."
fi
fresh=true
if [[ -d $goroot ]]; then
	use_goroot "$goroot"
	rm -f "$state"/*.lock
	base=$(getstate base)
	fresh=false
	# Another release, one that is not the unmodified one, or a base with directories
	# that the present one lacks, means to start again.
	if [[ -n ${GOROOT_BASE-} ]]; then
		find_base
		for e in "${optional_parts[@]}"; do
			if [[ -d $basedir/$e ]] && ! g rev-parse -q --verify "$base:$e" >/dev/null; then fresh=true; fi
		done
	fi
	[[ $(getstate release) == "$release" ]] || fresh=true
	# misc/base.trees may have been corrected since.
	(verify_base) >/dev/null 2>&1 || fresh=true
	scan
	if $fresh && ! $discard; then
		changed "$(getstate synced)" "$worktree"
		if ((${#paths[@]})); then
			warn "${goroot##*/} must be made anew from $release, but it has edits that are not in the project:"
			list "${paths[@]}" >&2
			die "Nothing was changed. $(to_keep "Keep them with misc/refresh.bash at the commit that goroot was made from"), or throw them away with $make -f."
		fi
	fi
fi
if $fresh; then
	[[ -n ${basedir-} ]] || find_base
	populate
else
	compose "$root"
	if $discard; then
		changed "$worktree" "$composed"
		if ((${#paths[@]})); then
			say "putting back in goroot:"
			list "${paths[@]}"
			write_paths "$composed" "${paths[@]}"
			scan
		fi
		record
	else
		sync
	fi
fi

# usable says what the tools in goroot were last installed from, wholly or in
# part; built is the same, and is there only if the last run ended well.
built=$(getstate built)
usable=$(getstate usable)
if $anew || [[ -z $usable || ${usable#* } != "$options" ]]; then
	action=bootstrap
else
	what_to_build "${usable%% *}" "$worktree"
	# Tools with a bug of their own cannot build their own repair.
	if [[ $action != none ]] && ! clean_env "$goroot/bin/go" version >/dev/null 2>&1; then action=bootstrap; fi
	# Flags of upstream's make.bash reach a build only through it.
	if [[ $action == install || $action == runtime ]] && [[ -n $options ]]; then action=bootstrap; fi
	if [[ $action == none && -z $built ]]; then action=install; fi
fi
done_tree=$worktree
case $action in
bootstrap) bootstrap ;;
install) go_install ;;
runtime)
	if $quick; then
		done_tree=''
		say "package runtime changed: programs get it at once; the tools stay on the runtime they were built with until $make runs without -quick"
	else
		go_install
	fi
	;;
esac
if [[ -n $done_tree ]]; then
	setstate usable "$done_tree $options"
	setstate built "$done_tree $options"
fi

scan
changed "$composed" "$worktree"
edits=("${paths[@]}")
[[ $action == none ]] && say "${goroot##*/} is up to date"
say "installed $("$goroot/bin/go" version | sed 's/^go version //') in $goroot (${#patches[@]} patches, ${#owned[@]} files of our own)"
missing_dirs_note
if ((${#edits[@]})); then
	say "${goroot##*/} has edits that are not in patches/ or src/ ($(to_keep "misc/refresh.bash puts them there")):"
	list "${edits[@]}"
fi
if $distpack; then pack; fi
cat <<EOF
To use it:
	export PATH=$(printf %q "$goroot/bin"):\$PATH
EOF
if $demo && [[ $action == bootstrap || $action == install ]]; then
	echo
	run_demo || die "the toolchain is installed, but the demonstration failed (see above; it runs by itself with $make -demo)"
fi
