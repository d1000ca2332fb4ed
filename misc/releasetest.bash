#!/usr/bin/env bash
# Tests misc/release.bash on real releases. misc/releasetest.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOT'
usage: misc/releasetest.bash [-build] [RELEASE...]

Moves a clone of the last commit from the first RELEASE to the second, and so on, by
misc/release.bash. The default is go1.26.10 go1.26.11 go1.27.4. The patches that come
out must apply to all of them, so they must be those of the project. If a patch does
not merge, it tests that -abort leaves nothing, and fails.

It needs a go command that can download these releases, 2 GB of disk, and two minutes.

	-build	also build and test, as release.bash does by default: most of an hour for
		each release of VERSION, at each step
EOT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"
trap - ERR
unset RELEASE GOROOT_BASE

parts=none releases=()
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-build) parts='' ;;
	go1.*) releases+=("$1") ;;
	*)
		usage >&2
		die "unknown argument \"$1\""
		;;
	esac
	shift
done
((${#releases[@]})) || releases=(go1.26.10 go1.26.11 go1.27.4)
((${#releases[@]} > 1)) || die "one release is nothing to move between"

read_version
work=$(mktemp -d "${TMPDIR:-/tmp}/releasetest.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
p=$work/p
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.org

fail() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

# A project that is made from the first of them.
git clone -q "$root" "$p"
printf '%s\n' "${releases[0]}-threadlocker$revision" "$time_line" >"$p/VERSION"
sed -i '/^release /,$d' "$p/misc/base.trees"
! out=$("$p/make.bash" 2>&1) || fail "make.bash took a release that it does not know"
printf '%s\n' "$out" | sed -n '/^release /,/^make.bash:/p' | sed '$d' >>"$p/misc/base.trees"
commit() { git -C "$p" add -A && git -C "$p" commit -qm "$1"; }
commit "${releases[0]}"

# section RELEASE PROJECT prints its section of base.trees.
section() { sed -n "/^release $1$/,/^\(release .*\)\?$/p" "$2/misc/base.trees" | grep -v -e '^release' -e '^$' || true; }

for ((i = 1; i < ${#releases[@]}; i++)); do
	r=${releases[i]} start=$SECONDS
	say "$r"
	if ! "$p/misc/release.bash" ${parts:+-parts "$parts"} "$r" >"$work/out" 2>&1; then
		sed 's/^/	/' "$work/out"
		[[ -d $p/goroot.release ]] || fail "$r: see above"
		git -C "$p" diff --quiet || fail "the project was changed: $(git -C "$p" status --porcelain)"
		"$p/misc/release.bash" -abort
		[[ -z $(git -C "$p" status --porcelain) && -z $(echo "$p"/goroot*) ]] || fail "-abort left something: $(git -C "$p" status --porcelain; echo "$p"/goroot*)"
		fail "$r: the patches do not merge; -abort leaves nothing"
	fi
	sed 's/^/	/' "$work/out"
	read_versions "$p/VERSION"
	case " ${versions[*]} " in *" $r-threadlocker$revision "*) ;; *) fail "VERSION is $(<"$p/VERSION")" ;; esac
	[[ -n $(section "$r" "$p") ]] || fail "no section of $r in base.trees"
	if [[ -n $(section "$r" "$root") ]]; then
		diff <(section "$r" "$root") <(section "$r" "$p") || fail "the hashes of $r are not the project's"
	fi
	[[ -z $(git -C "$p" status --porcelain patches) ]] || fail "patches that apply to all were changed: $(git -C "$p" status --porcelain)"
	commit "$r"
	say "$r: ok, $((SECONDS - start)) s"
done
