#!/usr/bin/env bash
# Tests what make.bash -distpack packs. misc/installtest.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOT'
usage: misc/installtest.bash [-old VERSION]

Packs goroot, and then tests that
- a clone of the last commit, built and packed in another directory, gives the
  same archives, byte for byte
- each way of installing them that doc/install.md describes works
- their documents are this project's, and refer to nothing that they lack
- the release notes can be made from doc/next

If the base is a download, the archives lack upstream's files of api/, doc/, misc/ and
test/, and make.bash must say so.

Takes some ten minutes on two processors. It needs the module proxy that the
caller's go command has, for a go command that is older than the release
(-old, by default go1.25.4) and for golang.org/x/build.
EOT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"

old=go1.25.4
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-old)
		[[ ${2-} == go1.* ]] || die "-old wants a version of Go"
		old=$2
		shift
		;;
	*)
		usage >&2
		die "unknown argument \"$1\""
		;;
	esac
	shift
done

read_version
find_base
work=$(mktemp -d "${TMPDIR:-/tmp}/installtest.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}
ok() { printf 'ok: %s\n' "$*"; }

changes=$(git_clean -C "$root" status --porcelain -- src patches api doc dist VERSION make.bash misc/lib.bash misc/base.trees)
[[ -z $changes ]] || die "what is packed is compared with the last commit, so commit first:"$'\n'"$changes"

# The same bytes.
"$root/make.bash" -nodemo -distpack | tee "$work/make.out"
packed=$goroot/pkg/distpack
os_arch=$(cd / && clean_env "$goroot/bin/go" env GOOS GOARCH | paste -sd-)
mod=v0.0.1-$version.$os_arch
want=("$mod".{info,mod,zip} "$version".{"$os_arch",src}.tar.gz)
[[ $(cd "$packed" && printf '%s\n' * | sort) == $(printf '%s\n' "${want[@]}" | sort) ]] ||
	fail "packed are $(cd "$packed" && echo *); want ${want[*]}"

there="$work/somewhere/else/with a longer name"
mkdir -p "$there"
git_clean clone -q "$root" "$there/clone"
(
	umask 077
	cd /
	env -i PATH="$PATH" HOME="$work" TZ=Asia/Tokyo LANG=C.UTF-8 GOROOT_BASE="$basedir" ${RELEASE:+RELEASE="$RELEASE"} "$there/clone/make.bash" -nodemo -distpack
)
for f in "${want[@]}"; do
	cmp "$packed/$f" "$there/clone/goroot$suffix/pkg/distpack/$f" || fail "$f depends on where and how it was built"
	ok "$f is the same from another directory: $(sha256sum <"$packed/$f" | cut -c1-64)"
done
chmod -R u+w "$there"
rm -rf "$there"

# A program that needs thread lockers, and a module that says nothing of the toolchain.
mkdir "$work/hello"
cat >"$work/hello/hello.go" <<'EOT'
package main

import (
	"fmt"
	"runtime"
)

func main() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	defer l.Unlock()
	fmt.Println("hello from", runtime.Version())
}
EOT
printf 'module hello\n\ngo 1.24\n' >"$work/hello/go.mod"

# expect WHAT [NAME=VALUE]... COMMAND...: in the module hello, with nothing of the caller's
# environment but that, the command runs the program by this toolchain.
expect() {
	local what=$1 out
	shift
	out=$(cd "$work/hello" && env -i PATH=/usr/bin:/bin HOME="$work/home" GOCACHE="$work/cache" GOMODCACHE="$work/modcache" GOFLAGS=-modcacherw "$@" 2>&1) ||
		fail "$what: $out"
	[[ ${out##*$'\n'} == "hello from $version" ]] || fail "$what: $out"
	ok "$what"
}
mkdir "$work/home"

# The archive, unpacked, and moved.
mkdir "$work/unpacked"
tar -C "$work/unpacked" -xzf "$packed/$version.$os_arch.tar.gz"
expect "the archive" GOPROXY=off "$work/unpacked/go/bin/go" run .
mv "$work/unpacked/go" "$work/unpacked/moved"
expect "the archive, moved" GOPROXY=off "$work/unpacked/moved/bin/go" run .
expect "the archive, by PATH alone" GOPROXY=off PATH="$work/unpacked/moved/bin:/usr/bin:/bin" go run .
expect "the archive, by GOROOT and PATH" GOPROXY=off GOROOT="$work/unpacked/moved" PATH="$work/unpacked/moved/bin:/usr/bin:/bin" go run .

# What the base lacks, the archive lacks, and make.bash has said so.
for d in "${optional_parts[@]}"; do
	if [[ -e $basedir/$d ]]; then
		[[ -e $work/unpacked/moved/$d ]] || fail "the archive lacks $d/, which the base has"
		! grep -q "archives lack .* $d/" "$work/make.out" || fail "make.bash says that the archive lacks $d/"
	else
		grep -q "archives lack .* $d/" "$work/make.out" || fail "make.bash did not say that the archive lacks upstream's $d/"
	fi
done
ok "the archive has what the base has"

# A link in PATH, to which another go command goes.
mkdir "$work/bin"
ln -s "$work/unpacked/moved/bin/go" "$work/bin/$version"
expect "a link in PATH, $release" GOPROXY=off GOTOOLCHAIN="$version" PATH="$work/bin:/usr/bin:/bin" "$basedir/bin/go" run .
printf 'module hello\n\ngo 1.24\n\ntoolchain %s\n' "$version" >"$work/hello/go.mod"

# The module, from a directory.
mkdir -p "$work/proxy/golang.org/toolchain/@v"
cp "$packed/$mod".{info,mod,zip} "$work/proxy/golang.org/toolchain/@v/"
served=(GOPROXY="file://$work/proxy" GONOSUMDB=golang.org/toolchain)
expect "the module, by GOTOOLCHAIN, $release" "${served[@]}" GOTOOLCHAIN="$version" "$basedir/bin/go" run .
oldroot=$(cd / && env -u GOROOT GOTOOLCHAIN="$old" GOFLAGS= GOWORK=off "$basedir/bin/go" env GOROOT) && [[ $(first_line "$oldroot/VERSION") == "$old" ]] ||
	die "cannot get $old, as a go command that is older than $release. Name another by -old."
rm -rf "$work/modcache"
expect "the module, by the toolchain line of go.mod, $old" "${served[@]}" "$oldroot/bin/go" run .
expect "a link in PATH, by the toolchain line of go.mod, $old" GOPROXY=off PATH="$work/bin:/usr/bin:/bin" GOMODCACHE="$work/none" "$oldroot/bin/go" run .
# What else doc/install.md says.
refused() {
	local what=$1 want=$2 out
	shift 2
	out=$(cd "$work/hello" && env -i PATH=/usr/bin:/bin HOME="$work/home" GOCACHE="$work/cache" GOMODCACHE="$work/none" GOFLAGS=-modcacherw "$@" 2>&1) || true
	[[ $out == *"$want"* ]] || fail "$what: $out"
	ok "$what: ${out##*$'\n'}"
}
refused "the toolchain line alone does not move $release" "go version $release " GOPROXY=off "$basedir/bin/go" version
refused "a list of proxies does not serve it" "sum.golang.org" "${served[@]}" GOPROXY="file://$work/proxy,off" GOTOOLCHAIN="$version" "$basedir/bin/go" version
(cd "$work/hello" && env -i HOME="$work/home" "$basedir/bin/go" env -w GOTOOLCHAIN="$version")
expect "a link in PATH, by go env -w GOTOOLCHAIN, $release" GOPROXY=off PATH="$work/bin:/usr/bin:/bin" "$basedir/bin/go" run .
rm "$work/home/.config/go/env" # go env -u would go to that toolchain first
newer=${release%.*}.$((${release##*.} + 1))
printf 'module hello\n\ngo %s\n' "${newer#go}" >"$work/hello/go.mod"
refused "a module for $newer" "go.mod requires go >= ${newer#go} (running go ${release#go}; GOTOOLCHAIN=local)" GOPROXY=off "$work/unpacked/moved/bin/go" build .
refused "a module for $newer, GOTOOLCHAIN=auto" "download $newer for" GOPROXY=off GOTOOLCHAIN=auto "$work/unpacked/moved/bin/go" version
printf 'module hello\n\ngo 1.24\n\ntoolchain %s\n' "$newer" >"$work/hello/go.mod"
expect "a module whose toolchain line names $newer" GOPROXY=off "$work/unpacked/moved/bin/go" run .

# What tools read of the programs in the archive.
out=$(cd / && clean_env "$basedir/bin/go" version -m "$work/unpacked/moved/bin/go")
[[ $out == *": $release"$'\n'* && $out == *$'\tbuild\t'"threadlocker_version=$version"$'\n'* ]] ||
	fail "the archive's go command says of itself: $out"
ok "the build information of the archive's go command: $release, threadlocker_version=$version"
out=$(cd "$work" && env -i PATH=/usr/bin:/bin HOME="$work/home" BROWSER=false "$work/unpacked/moved/bin/go" bug)
[[ $out == *"$work/unpacked/moved/CONTRIBUTING.md says how"* && $out != *golang.org/issue* ]] || fail "go bug prints: $out"
ok "go bug: ${out%%$'\n'*}"

# documents WHAT DIR: DIR has this project's documents, and they refer to nothing that DIR
# lacks: by a link, by the name of a file or directory of the project, or of a script.
# What a web site serves is not looked for, nor a link to one from its root.
project_names=$(cd "$root" && git_clean ls-files | sed -n 's,/.*,,p' | sort -u | paste -sd'|')
documents() {
	local what=$1 dir=$2 f ref n=0 lacking=()
	for f in "${distfiles[@]}"; do
		cmp "$root/dist/$f" "$dir/$f" || fail "$what: $f is not this project's"
	done
	while IFS= read -r f; do
		[[ -f $dir/$f ]] || continue
		n=$((n + 1))
		while IFS= read -r ref; do
			[[ -e $dir/${f%"${f##*/}"}$ref || -e $dir/$ref ]] || lacking+=("$f: $ref")
		done < <({
			grep -oE '\]\([^)#]+' "$dir/$f" | sed 's/^](//' | grep -vE '^(https?:|mailto:|/)'
			sed -E 's,https?://[^ )>]*,,g' "$dir/$f" |
				grep -oE "(^|[^A-Za-z0-9_./-])(\.{1,2}/)*(($project_names)/[A-Za-z0-9_.-][A-Za-z0-9_./-]*|[A-Za-z0-9_-]+\.bash|[A-Z]+\.md)" |
				sed -E 's,^[^A-Za-z0-9_./-],,; s,[./]+$,,'
		} || true)
	done < <(cd "$root" && { printf '%s\n' "${distfiles[@]}" && git_clean ls-files 'doc/*.md'; })
	((${#lacking[@]} == 0)) || fail "$what: documents refer to what is not there:"$'\n'"$(list "${lacking[@]}")"
	ok "$what: $n documents refer to nothing that is not packed"
}
documents "the archive" "$work/unpacked/moved"
mkdir "$work/sources"
tar -C "$work/sources" -xzf "$packed/$version.src.tar.gz"
documents "the sources" "$work/sources/go"
documents "the module" "$work/modcache/golang.org/toolchain@$mod"

# The release notes, and that nothing of the API is without one.
relnote=golang.org/x/build/cmd/relnote@v0.0.0-20260918145456-c0ee0fbd16a3
notes=$logs/release-notes.md
mkdir -p "$logs" "$work/notes"
(cd "$work/notes" && env -u GOROOT GOFLAGS= GOWORK=off GOTOOLCHAIN=local GOBIN="$work/bin" "$goroot/bin/go" install "$relnote") ||
	die "cannot get $relnote"
(cd "$work/notes" && "$work/bin/relnote" -goroot "$goroot" generate)
cp "$work"/notes/*.md "$notes"
mapfile -t names < <(cat "$root"/api/next/*.txt </dev/null | sed -n 's/^pkg [^,]*, \(func\|type\|method ([^)]*)\) \([A-Za-z]*\).*/\2/p')
((${#names[@]})) || fail "api/next names nothing"
for f in "${names[@]}"; do
	grep -qw "$f" "$notes" || fail "the release notes do not mention $f: $notes"
done
(cd "$goroot/src" && clean_env "$goroot/bin/go" test -count=1 cmd/relnote -check) || fail "upstream's check of the release notes failed"
ok "the release notes, in ${notes#"$root/"}"
