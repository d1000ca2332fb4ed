#!/usr/bin/env bash
# Tests make.bash, misc/refresh.bash and misc/release.bash. misc/buildtest.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOF'
usage: misc/buildtest.bash [-full] [-list] [TEST...]

Runs the tests named, by default all. Most work on a made-up release whose
src/make.bash takes no time, with the real make.bash, refresh.bash and
release.bash; the others on a copy of ./goroot, which must be up to date.

	-full	also those that bootstrap for real: some 20 minutes on 2 cores
	-list	print the names of the tests
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"
trap - ERR
unset RELEASE # the tests choose for themselves

full=false listing=false names=()
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-full) full=true ;;
	-list) listing=true ;;
	-*)
		usage >&2
		die "unknown flag \"$1\""
		;;
	*) names+=("$1") ;;
	esac
	shift
done

read_version
work=$(mktemp -d "${TMPDIR:-/tmp}/buildtest XXXXXX") # a space, as in some homes
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The caller's git must not matter to the tests either, where they use it plainly.
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.org GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.org
unset GOROOT_BASE

fail() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

# expect TEXT...: out holds each of them.
expect() {
	local t
	for t; do [[ $out == *"$t"* ]] || fail "no \"$t\" in the output:"$'\n'"$out"; done
}

# run CMD... must succeed, refuse CMD... must not; both set out.
run() { out=$("$@" 2>&1 </dev/null) || fail "$* failed:"$'\n'"$out"; }
refuse() { ! out=$("$@" 2>&1 </dev/null) || fail "$* did not fail:"$'\n'"$out"; }

# same DIR DIR: no file differs, .git aside.
same() { run diff -r -x .git -x goroot -x 'goroot.*' "$1" "$2"; }

# --- A release that is built in no time.

# fake_release DIR [RELEASE] makes one. Its make.bash says in pkg/env in which environment
# it ran, and counts its runs.
fake_release() {
	local d=$1 release=${2-$release} i
	mkdir -p "$d"/{bin,src/runtime,src/cmd/compile,lib/wasm,api,doc,misc,test}
	printf '%s\ntime 2026-01-01T00:00:00Z\n' "$release" >"$d/VERSION"
	for i in LICENSE PATENTS README.md SECURITY.md CONTRIBUTING.md codereview.cfg; do echo "$i" >"$d/$i"; done
	printf 'A=b\nGOTOOLCHAIN=local\n' >"$d/go.env"
	for i in {1..60}; do echo "line $i"; done >"$d/src/runtime/proc.go"
	for i in 1 2; do printf '%s\n' "func $i" one two three four five six seven eight nine; done >"$d/src/runtime/twice.go"
	cp "$d/src/runtime/proc.go" "$d/src/runtime/chan.go"
	cp "$d/src/runtime/proc.go" "$d/src/cmd/compile/main.go"
	printf 'dos\r\nline\r\n' >"$d/src/runtime/crlf.txt"
	printf 'no newline' >"$d/src/runtime/short.txt"
	printf '\0\1\2binary' >"$d/src/runtime/data.bin"
	echo ignored >"$d/src/runtime/.gitignore"
	echo tracked >"$d/src/runtime/ignored"
	for i in api doc misc test lib/wasm; do echo "$i" >"$d/$i/file.txt"; done
	cat >"$d/bin/go" <<'EOF'
#!/bin/sh
case "$1 $2" in
"version "*) echo "go version $(sed -n 1p "$(dirname "$0")/../VERSION") fake/fake" ;;
"env GOROOT") cd "$(dirname "$0")/.." && pwd -P ;;
"install "*) echo "$@" >>"$(dirname "$0")/../pkg/installs" ;;
"tool distpack") mkdir -p "$(dirname "$0")/../pkg/distpack" && touch "$(dirname "$0")/../pkg/distpack/archive" ;;
esac
EOF
	cat >"$d/src/make.bash" <<'EOF'
set -e
[ -z "$(cat ../misc/hook 2>/dev/null)" ] || . ../misc/hook
mkdir -p ../bin ../pkg
cp "$GOROOT_BOOTSTRAP/bin/go" ../bin/go
env | grep -v -e '^_=' -e '^SHLVL=' -e '^OLDPWD=' | sort >../pkg/env
[ -z "$(cat ../misc/hook2 2>/dev/null)" ] || . ../misc/hook2
EOF
	chmod +x "$d/bin/go" "$d/src/make.bash"
}

# fake_project DIR: a project with three patches on the release $work/base.
fake_project() {
	local d=$1
	mkdir -p "$d"/{misc,patches,src/runtime,api/next,doc/next,dist}
	cp "$root/make.bash" "$root/.gitignore" "$d/"
	printf '%s\n' "$version" 'time 2026-01-01T00:00:00Z' >"$d/VERSION"
	cp "$root"/misc/*.bash "$d/misc/"
	cp "$work/base.trees" "$d/misc/base.trees"
	echo 'ours' >"$d/src/runtime/ours.go"
	echo 'api' >"$d/api/next/1.txt"
	echo 'doc' >"$d/doc/next/1.md"
	echo 'our policy' >"$d/dist/SECURITY.md"
	cp -R "$work/patches" "$d/"
	(cd "$d" && git init -q . && git add -A && git commit -qm start)
}

# setup_fake makes the release and its patches once.
setup_fake() {
	[[ ! -d $work/base ]] || return 0
	fake_release "$work/base"
	local p=$work/setup t
	mkdir "$work/patches"
	: >"$work/base.trees"
	fake_project "$p"
	refuse env GOROOT_BASE="$work/base" "$p/make.bash"
	expect "misc/base.trees knows no release"
	printf '%s\n' "$out" | sed -n '/^release /,/^make.bash:/p' | sed '$d' >"$work/base.trees"
	cp "$work/base.trees" "$p/misc/"
	export GOROOT_BASE=$work/base
	run "$p/make.bash"
	t=$p/goroot/src/runtime
	echo 'Why.' >"$work/message"
	sed -i 's/^line 10$/line 10 first/' "$t/proc.go"
	run "$p/misc/refresh.bash" -new "runtime: one" -F "$work/message"
	sed -i 's/^line 30$/line 30 second/' "$t/proc.go"
	sed -i 's/^line 5$/line 5 second/' "$t/chan.go"
	run "$p/misc/refresh.bash" -new "runtime: two" -F "$work/message"
	sed -i -e 's/^line 50$/line 50 third/' -e '/^line 31$/a\
inserted' "$t/proc.go"
	printf '\3\4' >>"$t/data.bin"
	run "$p/misc/refresh.bash" -new "runtime: three" -F "$work/message"
	rm -rf "$work/patches"
	cp -R "$p/patches" "$work/patches"
	rm -rf "$p"
}

# --- Finding the base.

test_base_version() {
	local b=$work/other
	cp -R "$work/base" "$b"
	echo go1.99.1 >"$b/VERSION"
	refuse env GOROOT_BASE="$b" "$p/make.bash"
	expect "$b/VERSION says go1.99.1" "VERSION wants $release" "Set GOROOT_BASE"
	[[ ! -e $p/goroot && ! -e $p/goroot.new ]] || fail "left a goroot"
	run env GOROOT_BASE="$work/base" "$p/make.bash"
	refuse env GOROOT_BASE="$b" "$p/make.bash"
	expect "says go1.99.1"
}

test_base_missing() {
	refuse env GOROOT_BASE="$work/nowhere" "$p/make.bash"
	expect "there is no directory $work/nowhere" "Set GOROOT_BASE"
	mkdir "$work/empty"
	refuse env GOROOT_BASE="$work/empty" "$p/make.bash"
	expect "VERSION is missing"
	[[ ! -e $p/goroot ]] || fail "left a goroot"
}

# fake_download RELEASE makes a release that fake_go can download.
fake_download() {
	local d=$work/mod/golang.org/toolchain@v0.0.1-$1
	[[ ! -e $d ]] || return 0
	mkdir -p "$work/mod/golang.org"
	fake_release "$d" "$1"
	rm -r "$d"/{api,doc,misc,test}
	# Other lines before those that patches change, and some after.
	sed -i "1i first of $1" "$d"/src/runtime/{proc,chan}.go
	echo "last of $1" >>"$d/src/runtime/proc.go"
	# Of the default release only the second block ends in eight.
	[[ $1 != "$release" ]] || sed -i '0,/^eight$/s//8th/' "$d/src/runtime/twice.go"
}

# fake_go prints a PATH with a go command of another version, which downloads what
# fake_download has made.
fake_go() {
	bin_without_go
	mkdir -p "$work/old/bin"
	cat >"$work/old/bin/go" <<EOT
#!/bin/sh
[ "\$1 \$2" = "env GOROOT" ] || exit 1
d="$work/mod/golang.org/toolchain@v0.0.1-\$GOTOOLCHAIN"
if [ -d "\$d" ]; then echo "\$d"; elif [ "\$GOTOOLCHAIN" = local ]; then echo "$work/old"; else exit 1; fi
EOT
	chmod +x "$work/old/bin/go"
	echo go1.21 >"$work/old/VERSION"
	printf '%s\n' "$work/old/bin:$work/nogo"
}

# bin_without_go makes a PATH of what make.bash may need, and no go command.
bin_without_go() {
	local c
	mkdir -p "$work/nogo"
	for c in bash sh env git sed awk grep sort paste cat cp mv rm rmdir mkdir chmod df dirname uname cmp date cut tr head tail diff sleep ln touch wc tee cksum cc gcc ld; do
		ln -sf "$(type -P "$c")" "$work/nogo/$c"
	done
}

test_base_none() {
	bin_without_go
	refuse env -u GOROOT_BASE PATH="$work/nogo" "$p/make.bash"
	expect "no Go found" "Install $release" "GOROOT_BASE"
}

test_base_installed() {
	bin_without_go
	run env -u GOROOT_BASE GOROOT=/bogus PATH="$work/base/bin:$work/nogo" "$p/make.bash"
	grep -q "^GOROOT_BOOTSTRAP=$work/base$" "$p/goroot/pkg/env" || fail "another base: $(cat "$p/goroot/pkg/env")"
}

# A go command of another version, which downloads: read-only, without some
# directories, without modes, and with _go.mod files.
test_base_downloaded() {
	bin_without_go
	local dl=$work/dl old=$work/old
	cp -R "$work/base" "$dl"
	rm -rf "$dl"/{api,doc,misc,test}
	touch "$dl/src/_go.mod" "$dl/src/cmd/_go.mod"
	sed -i s/local/auto/ "$dl/go.env"
	chmod a-x "$dl/src/make.bash"
	chmod -R a-w "$dl"
	mkdir -p "$old/bin"
	cat >"$old/bin/go" <<EOF
#!/bin/sh
[ "\$1 \$2" = "env GOROOT" ] || exit 1
[ -z "\$GOFLAGS\$GOROOT\$GOOS" ] || exit 1
if [ "\$GOTOOLCHAIN" = $release ]; then echo "$dl"; else echo "$old"; fi
EOF
	chmod +x "$old/bin/go"
	echo go1.21 >"$old/VERSION"
	run env -u GOROOT_BASE GOFLAGS=-x GOROOT=/bogus GOOS=plan9 PATH="$old/bin:$work/nogo" "$p/make.bash"
	expect "the base has no api/ doc/ misc/ test/" "report ok without running"
	fake_project "$work/p2"
	run env GOROOT_BASE="$work/base" "$work/p2/make.bash"
	run diff -r -x .git -x pkg -x api -x doc -x misc -x test "$p/goroot" "$work/p2/goroot"
	[[ $(git -C "$p/goroot" rev-parse HEAD:src) == "$(git -C "$work/p2/goroot" rev-parse HEAD:src)" ]] || fail "modes differ"
	# A full base replaces it.
	run env GOROOT_BASE="$work/base" "$p/make.bash"
	[[ -f $p/goroot/test/file.txt ]] || fail "the full base was not taken"
	# A patch to a directory that such a base lacks.
	echo change >>"$p/goroot/test/file.txt"
	run "$p/misc/refresh.bash" -new "test: change" -F "$work/message"
	rm -rf "$p/goroot"
	refuse env -u GOROOT_BASE PATH="$old/bin:$work/nogo" "$p/make.bash"
	expect "0004-test-change.patch does not apply" "the base has no api/ doc/ misc/ test/" "GOROOT_BASE"
	# The go command cannot get it.
	sed -i "s|echo \"$dl\"|exit 1|" "$old/bin/go"
	refuse env -u GOROOT_BASE PATH="$old/bin:$work/nogo" "$p/make.bash"
	expect "could not get it" "Install $release"
}

test_base_modified() {
	local b=$work/mod
	cp -R "$work/base" "$b"
	echo more >>"$b/src/runtime/proc.go"
	refuse env GOROOT_BASE="$b" "$p/make.bash"
	expect "is not an unmodified $release" "	src"
	[[ ! -e $p/goroot && ! -e $p/goroot.new ]] || fail "left a goroot"
}

# A goroot that was made from what misc/base.trees no longer takes for the release.
test_base_corrected() {
	local b=$work/mod good
	cp -R "$work/base" "$b"
	echo more >>"$b/src/runtime/proc.go"
	good=$(<"$p/misc/base.trees")
	: >"$p/misc/base.trees"
	refuse env GOROOT_BASE="$b" "$p/make.bash"
	printf '%s\n' "$out" | sed -n '/^release /,/^make.bash:/p' | sed '$d' >"$p/misc/base.trees"
	run env GOROOT_BASE="$b" "$p/make.bash"
	grep -q '^more$' "$p/goroot/src/runtime/proc.go" || fail "another base"
	printf '%s\n' "$good" >"$p/misc/base.trees"
	refuse env GOROOT_BASE="$b" "$p/make.bash"
	expect "is not an unmodified $release" "	src"
	refuse "$p/misc/refresh.bash"
	expect "goroot is not made from the $release that misc/base.trees knows" "Run ./make.bash"
	run "$p/make.bash"
	! grep -q '^more$' "$p/goroot/src/runtime/proc.go" || fail "still made from the modified one"
	run "$p/make.bash"
	expect "up to date"
}

# --- What goes wrong.

test_bad_patch() {
	sed -i 's/^-line 30/-line thirty/' "$p"/patches/0002*
	refuse "$p/make.bash"
	expect "patches/0002-runtime-two.patch does not apply" "Mend patches/0002-runtime-two.patch"
	[[ ! -e $p/goroot && ! -e $p/goroot.new ]] || fail "left a goroot"
	git -C "$p" checkout -q .
	run "$p/make.bash"
	cp -R "$p/goroot/src" "$work/src.before"
	sed -i 's/^-line 30/-line thirty/' "$p"/patches/0002*
	refuse "$p/make.bash"
	expect "does not apply"
	same "$work/src.before" "$p/goroot/src"
}

test_bad_names() {
	cp "$p"/patches/0001* "$p/patches/fix.patch"
	refuse "$p/make.bash"
	expect "patches/fix.patch: the name is not NNNN"
	mv "$p/patches/fix.patch" "$p/patches/0002-again.patch"
	refuse "$p/make.bash"
	expect "the number 0002 is taken"
	rm "$p/patches/0002-again.patch"
	echo x >"$p/src/runtime/chan.go"
	refuse "$p/make.bash"
	expect "src/runtime/chan.go" "change them by a patch"
	rm "$p/src/runtime/chan.go"
	echo go1.26-mine >"$p/VERSION"
	refuse "$p/make.bash"
	expect 'VERSION: line 1 is "go1.26-mine"'
}

# in_mount OPTS CMD...: CMD with a tmpfs with these options on $work/mnt.
in_mount() {
	local opts=$1
	shift
	mkdir -p "$work/mnt"
	unshare -m bash -c 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && "$@"' in_mount "$opts" "$work/mnt" "$@"
}

can_mount() {
	in_mount size=1m true 2>/dev/null && return
	echo "not run: mounting a tmpfs takes root and the right to unshare"
	return 1
}

test_read_only() {
	if ((EUID)); then
		chmod a-w "$p"
		refuse "$p/make.bash"
		chmod u+w "$p"
	else
		can_mount || return 0
		refuse in_mount size=9m bash -c 'cp -R "$1"/. "$2" && mount -o remount,ro "$2" && "$2/make.bash"' x "$p" "$work/mnt"
	fi
	expect "cannot write in" "Make it writable"
}

test_disk_full() {
	can_mount || return 0
	refuse in_mount size=9m bash -c 'cp -R "$1"/. "$2" && "$2/make.bash"' x "$p" "$work/mnt"
	expect "MB free. Make room"
	# Full in the middle, where no forecast helps.
	sed -i 's/need_space [0-9]*/need_space 1/' "$p/make.bash" "$p/misc/lib.bash"
	refuse in_mount size=2m bash -c 'cp -R "$1"/. "$2" && head -c 1600000 /dev/zero >"$2/filler"; "$2/make.bash"; s=$?; ls -a "$2"; exit $s' x "$p" "$work/mnt"
	[[ $out == *"disk full"* || $out == *"No space left"* ]] || fail "no word of the disk: $out"
	[[ $out != *$'\n'goroot$'\n'* && $out != *$'\n'goroot.new$'\n'* ]] || fail "left a goroot: $out"
}

test_upstream_fails() {
	run "$p/make.bash" -nodemo
	echo 'echo compile error; exit 2' >"$p/goroot/misc/hook2"
	refuse "$p/make.bash" -a
	expect "compile error" "upstream's src/make.bash failed" "goroot is not built"
	[[ ! -e $p/goroot/bin ]] || fail "left goroot/bin"
	rm "$p/goroot/misc/hook2"
	run "$p/make.bash"
	expect "bootstrapped"
	[[ -x $p/goroot/bin/go ]] || fail "no go"
}

# gone PID: that process ends soon.
gone() {
	local i
	for ((i = 0; i < 100; i++)); do
		alive "$1" || return 0
		sleep 0.1
	done
	return 1
}

test_interrupted() {
	local sig pid i reset=()
	# No shell can catch what is ignored when it starts, as SIGHUP is under nohup,
	# and SIGINT in the background of a script.
	for sig in INT HUP; do
		[[ $(trap -p $sig) != "trap -- ''"* ]] || reset=(env --default-signal=INT,HUP)
	done
	run "$p/make.bash"
	for sig in INT TERM HUP KILL; do
		echo 'sleep 77 & echo $! >../../sleeper; wait' >"$p/goroot/misc/hook2"
		rm -f "$p/sleeper"
		# Job control, or a background command would ignore SIGINT.
		set -m
		${reset[@]+"${reset[@]}"} "$p/make.bash" -a >"$work/out" 2>&1 </dev/null &
		pid=$!
		set +m
		for ((i = 0; i < 300; i++)); do
			[[ ! -s $p/sleeper ]] || break
			sleep 0.1
		done
		[[ -s $p/sleeper ]] || fail "the build did not get there: $(cat "$work/out")"
		if [[ $sig == KILL ]]; then
			# What it started goes on, and keeps others out.
			kill -KILL "$pid"
			wait "$pid" 2>/dev/null || true
			refuse "$p/make.bash"
			expect "is at work on goroot"
			kill "$(cat "$p/sleeper")"
			gone "$(sed 's/.* //' "$p/goroot.lock/pid")" || fail "the build does not end"
		else
			kill "-$sig" "$pid"
			! wait "$pid" || fail "SIG$sig: exit status 0"
			out=$(cat "$work/out")
			expect "goroot is not built"
			[[ ! -e $p/goroot/bin ]] || fail "SIG$sig: left goroot/bin"
			gone "$(cat "$p/sleeper")" || fail "SIG$sig: the build goes on"
			[[ ! -e $p/goroot.lock ]] || fail "SIG$sig: left the lock"
		fi
		: >"$p/goroot/misc/hook2"
		run "$p/make.bash"
		expect "bootstrapped"
		run "$p/make.bash"
		expect "up to date"
	done
	rm "$p/goroot/misc/hook2"
}

test_locked() {
	mkdir "$p/goroot.lock"
	echo $$ >"$p/goroot.lock/pid"
	refuse "$p/make.bash"
	expect "process $$ is at work" "remove $p/goroot.lock"
	echo 4194305 >"$p/goroot.lock/pid" # above any pid
	run "$p/make.bash"
}

test_not_ours() {
	mkdir "$p/goroot"
	echo precious >"$p/goroot/file"
	refuse "$p/make.bash"
	expect "was not made by this script" "Move it away"
	[[ -f $p/goroot/file ]] || fail "lost a file"
}

# --- What the caller's environment does not change.

# hostile CMD... runs it where everything that could matter is set.
hostile() {
	local h=$work/hostile
	mkdir -p "$h/.config/go" "$h/.config/git"
	printf 'GOFLAGS=-mod=mod\nGOTOOLCHAIN=go1.99\nCGO_ENABLED=0\n' >"$h/.config/go/env"
	cat >"$h/.gitconfig" <<'EOF'
[core]
	autocrlf = true
	eol = crlf
	whitespace = fix
	abbrev = 5
	excludesFile = ~/ignore
	attributesFile = ~/attributes
	quotePath = false
[apply]
	whitespace = fix
[diff]
	noprefix = true
	context = 0
	algorithm = patience
	renames = copies
	external = /bin/false
	orderFile = /nonexistent
[commit]
	gpgSign = true
[init]
	templateDir = ~/template
	defaultBranch = strange
EOF
	echo '*.go' >"$h/ignore"
	echo '* text' >"$h/attributes"
	env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_NOSYSTEM HOME="$h" XDG_CONFIG_HOME="$h/.config" \
		GIT_DIR=/nonexistent GIT_WORK_TREE=/nonexistent GIT_INDEX_FILE=/nonexistent GIT_EXTERNAL_DIFF=/bin/false GIT_DIFF_OPTS=-U0 \
		GOROOT=/bogus GOFLAGS=-bogus GOTOOLCHAIN=go1.99 GOEXPERIMENT=nosuch GOOS=plan9 GOARCH=386 GOHOSTARCH=386 GOAMD64=v4 \
		CC=/bin/false CGO_ENABLED=0 CGO_CFLAGS=-bogus GO_GCFLAGS=-N GO_LDFLAGS=-bogus GOENV="$h/.config/go/env" GOCACHE=/bogus GOPATH=/bogus \
		GOBIN=/bogus GOWORK="$h/go.work" GODEBUG=gctrace=1 GOGC=1 GOTMPDIR=/bogus GOROOT_BOOTSTRAP=/bogus GO_DISTFLAGS=-bogus \
		LC_ALL=de_DE.UTF-8 LANG=tr_TR.UTF-8 CDPATH=/ GLOBIGNORE='*' POSIXLY_CORRECT=1 BASH_ENV= TAR_OPTIONS=-v GREP_OPTIONS= \
		"$@"
}

test_environment() {
	run "$p/make.bash"
	printf 'go 1.99\n' >"$work/go.work"
	printf 'module bogus\n' >"$work/go.mod"
	fake_project "$work/h"
	run hostile "$work/h/make.bash"
	run diff -r -x .git -x pkg "$p/goroot" "$work/h/goroot"
	[[ $(git -C "$p/goroot" rev-parse HEAD) == "$(git -C "$work/h/goroot" rev-parse HEAD)" ]] || fail "other trees"
	run diff <(sed "s|$p|P|g" "$p/goroot/pkg/env") <(sed "s|$work/h|P|g" "$work/h/goroot/pkg/env")
	echo x >>"$work/h/goroot/src/runtime/proc.go"
	run hostile "$work/h/misc/refresh.bash"
	echo x >>"$p/goroot/src/runtime/proc.go"
	run "$p/misc/refresh.bash"
	same "$p" "$work/h"
	rm "$work/go.work" "$work/go.mod"
}

test_flags() {
	run "$p/make.bash" -h
	expect "GOROOT_BASE" "-env NAME=VALUE" "-quick" "-f"
	refuse "$p/make.bash" -bogus
	expect 'unknown argument "-bogus"'
	run "$p/make.bash" -env GOAMD64=v3 -env "GO_GCFLAGS=-N -l"
	grep -q '^GOAMD64=v3$' "$p/goroot/pkg/env" && grep -q '^GO_GCFLAGS=-N -l$' "$p/goroot/pkg/env" || fail "-env did nothing"
	run "$p/make.bash" -env GOAMD64=v3 -env "GO_GCFLAGS=-N -l"
	expect "up to date"
	run "$p/make.bash"
	expect "bootstrapped"
	! grep GOAMD64 "$p/goroot/pkg/env" || fail "-env stayed"
}

# --- Again and again.

test_second_run() {
	run "$p/make.bash"
	expect "bootstrapped" "export PATH="
	run "$p/make.bash"
	expect "up to date"
	[[ $out != *bootstrapped* && ! -e $p/goroot/pkg/installs ]] || fail "built again: $out"
}

# The export can be pasted into a shell, and is enough: nobody is told to set GOROOT.
test_exports() {
	run "$p/make.bash"
	local text
	text=$(printf '%s\n' "$out" | grep export)
	out=$(env -u GOROOT PATH="$PATH" bash -c "$text"$'\n''printf "%s\n" "GOROOT=${GOROOT-unset}"; go version; go env GOROOT')
	expect "GOROOT=unset" "go version $version" "$p/goroot"
}

test_what_is_rebuilt() {
	local g=$p/goroot
	run "$p/make.bash"
	echo x >>"$g/src/runtime/proc.go"
	run "$p/make.bash" -quick
	[[ ! -e $g/pkg/installs ]] || fail "-quick built the tools"
	expect "programs get it at once"
	run "$p/make.bash"
	[[ -e $g/pkg/installs ]] || fail "the tools were not built"
	rm "$g/pkg/installs"
	run "$p/make.bash" -quick
	expect "up to date"
	echo x >>"$g/src/cmd/compile/main.go"
	run "$p/make.bash" -quick
	[[ -e $g/pkg/installs ]] || fail "the compiler was not built"
	rm "$g/pkg/installs"
	echo x >"$g/src/runtime/x_test.go"
	echo x >>"$g/test/file.txt"
	run "$p/make.bash"
	expect "up to date" "src/runtime/x_test.go" "misc/refresh.bash"
	[[ ! -e $g/pkg/installs ]] || fail "built for a test"
	echo x >"$g/src/runtime/x.h"
	run "$p/make.bash"
	expect bootstrapped
	sed -i '1s/.$/99/' "$p/VERSION"
	run "$p/make.bash"
	expect bootstrapped "installed $release-threadlocker99 "
	# go install fails, and again is not up to date.
	sed -i 's/"install "\*) /&[ ! -e ..\/misc\/hook ] || exit 1; /' "$g/bin/go"
	echo 'exit 1' >"$g/misc/hook"
	echo x >>"$g/src/cmd/compile/main.go"
	refuse "$p/make.bash"
	expect "does not build"
	refuse "$p/make.bash"
	rm "$g/misc/hook"
	run "$p/make.bash"
	[[ -e $g/pkg/installs ]] || fail "not installed after a failure"
}

# Changes in the project reach goroot, edits in goroot stay.
test_sync() {
	local g=$p/goroot
	run "$p/make.bash"
	echo edit >>"$g/src/runtime/short.txt"
	echo more >>"$p/src/runtime/ours.go"
	mkdir -p "$p/src/internal/a b"
	echo new >"$p/src/internal/a b/new file.go"
	rm "$p/api/next/1.txt"
	rm "$p"/patches/0003*
	run "$p/make.bash"
	grep -q more "$g/src/runtime/ours.go" && [[ -f "$g/src/internal/a b/new file.go" && ! -e $g/api/next ]] || fail "src or api not taken over"
	! grep -q third "$g/src/runtime/proc.go" || fail "0003 is still there"
	grep -q edit "$g/src/runtime/short.txt" || fail "lost the edit"
	expect "src/runtime/short.txt"
	# Both change one file.
	echo theirs >>"$g/src/runtime/ours.go"
	echo mine >>"$p/src/runtime/ours.go"
	rm -r "$p/src/internal"
	cp -R "$g/src" "$work/both"
	refuse "$p/make.bash"
	expect "src/runtime/ours.go" "refresh.bash" "-f"
	refuse "$p/misc/refresh.bash"
	expect "src/runtime/ours.go"
	same "$work/both" "$g/src"
	cp "$g/src/runtime/ours.go" "$p/src/runtime/ours.go"
	run "$p/make.bash"
	run "$p/make.bash" -f
	expect "putting back" "src/runtime/short.txt"
	[[ $(git -C "$g" status --porcelain) == "" && ! -e $g/src/internal ]] || fail "-f left: $(git -C "$g" status --porcelain)"
	# Another release is not laid over edits.
	echo edit >>"$g/src/runtime/short.txt"
	sed -i '1s/.*/go1.98.7-threadlocker1/' "$p/VERSION"
	cp -R "$work/base" "$work/next"
	echo go1.98.7 >"$work/next/VERSION"
	refuse env GOROOT_BASE="$work/next" "$p/make.bash"
	expect "made anew from go1.98.7" "src/runtime/short.txt"
	sed -i 's/^release .*/release go1.98.7/' "$p/misc/base.trees"
	run env GOROOT_BASE="$work/next" "$p/make.bash" -f
	expect "installed go1.98.7-threadlocker1"
}

# A copy of the project without its history, as in an archive.
test_no_repository() {
	rm -rf "$p/.git"
	run "$p/make.bash"
	echo x >>"$p/goroot/src/runtime/proc.go"
	run "$p/misc/refresh.bash"
}

# Below a directory that a repository ignores, git apply may do nothing.
test_in_ignored_directory() {
	local o=$work/outer
	mkdir "$o"
	(cd "$o" && git init -q . && echo / >.gitignore && echo '*' >>.gitignore)
	cp -R "$p" "$o/p"
	rm -rf "$o/p/.git"
	run "$o/p/make.bash"
	grep -q third "$o/p/goroot/src/runtime/proc.go" || fail "patches were not applied"
}

# --- Several releases.

# two_releases gives $p a second, older release, go1.20.3, and both from downloads.
two_releases() {
	local r
	export PATH
	PATH=$(fake_go)
	unset GOROOT_BASE
	fake_download "$release"
	fake_download go1.20.3
	printf '%s\n' "$version" "go1.20.3-${version#*-}" 'time 2026-01-01T00:00:00Z' >"$p/VERSION"
	for r in "$release" go1.20.3; do
		sed -i "/^release $r$/,\$d" "$p/misc/base.trees"
		refuse env RELEASE="$r" "$p/make.bash"
		expect "misc/base.trees knows" "not $r"
		printf '%s\n' "$out" | sed -n '/^release /,/^make.bash:/p' | sed '$d' >>"$p/misc/base.trees"
	done
	commit "two releases"
}

test_release_chosen() {
	two_releases
	run "$p/make.bash"
	expect "in $p/goroot "
	[[ $(<"$p/goroot/VERSION") == "$version"$'\n''time 2026-01-01T00:00:00Z' ]] || fail "VERSION is $(<"$p/goroot/VERSION")"
	[[ ! -e $p/goroot.go1.20 ]] || fail "made the other one too"
	cp -R "$p/goroot/src" "$work/before"
	for r in go1.20 go1.20.3; do
		run env RELEASE=$r "$p/make.bash"
		expect "installed go1.20.3-${version#*-} " "in $p/goroot.go1.20 " "export PATH=$(printf %q "$p/goroot.go1.20/bin")"
	done
	expect "up to date"
	[[ $(<"$p/goroot.go1.20/VERSION") == "go1.20.3-${version#*-}"$'\n''time 2026-01-01T00:00:00Z' ]] || fail "VERSION is $(<"$p/goroot.go1.20/VERSION")"
	grep -q 'first of go1.20.3' "$p/goroot.go1.20/src/runtime/proc.go" && grep -q 'line 30 second' "$p/goroot.go1.20/src/runtime/proc.go" ||
		fail "not made from go1.20.3"
	same "$work/before" "$p/goroot/src"
	! grep -q RELEASE "$p/goroot.go1.20/pkg/env" || fail "RELEASE is in upstream's environment"
	for r in go1.19 go1.20.4 "$version" go1; do
		refuse env RELEASE="$r" "$p/make.bash"
		expect "RELEASE=$r: VERSION has no such release" "$release" "go1.20 or go1.20.3"
	done
	[[ -z $(git -C "$p" status --porcelain) ]] || fail "not ignored: $(git -C "$p" status --porcelain)"
	# Edits in the other one are told from those that refresh.bash takes.
	echo x >>"$p/goroot.go1.20/src/runtime/proc.go"
	run env RELEASE=go1.20 "$p/make.bash"
	expect "goroot.go1.20 has edits" "from ./goroot only"
	refuse env RELEASE=go1.20 "$p/make.bash" -distpack
	expect "Nothing was packed: goroot.go1.20 has edits" "from ./goroot only" "RELEASE=go1.20 ./make.bash -f"
	echo y >>"$p/src/runtime/ours.go"
	echo x >>"$p/goroot.go1.20/src/runtime/ours.go"
	refuse env RELEASE=go1.20 "$p/make.bash"
	expect "edited in goroot.go1.20, and changed differently" "from ./goroot only"
	[[ $out != *"run misc/refresh.bash"* ]] || fail "that would not help: $out"
	sed -i s/go1.20.3/go1.20.4/ "$p/VERSION"
	refuse env RELEASE=go1.20 "$p/make.bash"
	expect "goroot.go1.20 must be made anew from go1.20.4" "from ./goroot only"
}

test_version_lines() {
	bad() { # TEXT LINE...
		local want=$1
		shift
		printf '%s\n' "$@" >"$p/VERSION"
		refuse "$p/make.bash"
		expect "VERSION" "$want"
		[[ ! -e $p/goroot ]] || fail "made a goroot"
	}
	local t='time 2026-01-01T00:00:00Z'
	bad 'the number after threadlocker is 1' "$release-threadlocker1" go1.20.3-threadlocker2 "$t"
	bad 'another line for go1.20' "$release-threadlocker1" go1.20.3-threadlocker1 go1.20.4-threadlocker1 "$t"
	bad 'no time line' "$release-threadlocker1"
	bad 'after the time line' "$release-threadlocker1" "$t" "$t"
	bad 'after the time line' "$t" "$release-threadlocker1"
	bad 'names no release' "$t"
	bad 'line 2 is "time tomorrow"' "$release-threadlocker1" 'time tomorrow'
	bad 'line 2 is "go1.20.3"' "$release-threadlocker1" go1.20.3 "$t"
}

# What base.trees has no hash of is used, but not without a word.
test_base_unverified() {
	sed -i '/^\(api\|test\) /d' "$p/misc/base.trees"
	run "$p/make.bash"
	expect "api/ test/ of the base is unmodified could not be verified"
	[[ -f $p/goroot/test/file.txt ]] || fail "test/ is not used"
	sed -i 's/^\(doc .*\).$/\1x/' "$p/misc/base.trees"
	rm -rf "$p/goroot"
	refuse "$p/make.bash"
	expect "is not an unmodified $release" "	doc"
}

test_distpack() {
	two_releases
	run "$p/make.bash" -distpack
	expect "goroot/pkg/distpack/archive" "archives lack upstream's files of api/ doc/ misc/ test/"
	rm -rf "$p/goroot"
	sed -i "/^release $release$/,/^$/d" "$p/misc/base.trees"
	cat "$work/base.trees" >>"$p/misc/base.trees"
	run env GOROOT_BASE="$work/base" "$p/make.bash" -distpack
	expect "goroot/pkg/distpack/archive"
	[[ $out != *"archives lack"* ]] || fail "$out"
}

# --- refresh.bash

# unchanged: the project is as committed.
unchanged() { [[ -z $(git -C "$p" status --porcelain) ]] || fail "changed: $(git -C "$p" diff)"; }

# rebuilt: a goroot made anew from the project is the edited one.
rebuilt() {
	local q=$work/rebuilt
	rm -rf "$q"
	mkdir "$q"
	(cd "$p" && cp -R make.bash VERSION .gitignore misc patches src "$q/")
	for d in api doc dist; do [[ ! -d $p/$d ]] || cp -R "$p/$d" "$q/"; done
	run "$q/make.bash"
	run diff -r -x .git -x pkg -x '*.test' "$p/goroot" "$q/goroot"
	[[ $(git -C "$p/goroot" rev-parse HEAD^{tree}) == "$(git -C "$q/goroot" rev-parse HEAD^{tree})" ]] || fail "other modes"
}

commit() { git -C "$p" add -A && git -C "$p" commit -qm "$1"; }

test_refresh_nothing() {
	run "$p/make.bash"
	run "$p/misc/refresh.bash"
	expect "nothing to do"
	run "$p/misc/refresh.bash" -all
	unchanged
}

test_refresh_edits() {
	local g=$p/goroot/src/runtime f
	run "$p/make.bash"
	sed -i 's/^line 20$/line 20 edited/' "$g/proc.go" # 0001 to 0003 touch it
	sed -i 's/^line 6$/line 6 edited/' "$g/chan.go"   # 0002 touches it
	echo edited >>"$g/ours.go"
	[[ $(<"$p/goroot/SECURITY.md") == "our policy" && $(<"$p/goroot/README.md") == README.md ]] || fail "dist/ is not in goroot"
	echo edited >>"$p/goroot/SECURITY.md"
	echo new >"$g/new.go"
	mkdir -p "$g/testdata/testprog" "$p/goroot/doc/next"
	printf 'a\r\n\0\n b ' >"$g/testdata/testprog/odd name"
	printf '#!/bin/sh\n' >"$g/testdata/run.sh"
	chmod +x "$g/testdata/run.sh"
	echo junk >"$g/runtime.test"
	rm -r "$p/goroot/doc/next"
	run "$p/misc/refresh.bash" -n
	expect "would write" "patches/0003" "patches/0002" "src/runtime/new.go" "doc/next/1.md: deleted" "dist/SECURITY.md"
	unchanged
	run "$p/misc/refresh.bash"
	[[ -z $(git -C "$p" status --porcelain "patches/0001*") ]] || fail "0001 changed"
	grep -q '^+line 20 edited' "$p"/patches/0003* || fail "not in 0003"
	grep -q '^+line 6 edited' "$p"/patches/0002* || fail "not in 0002"
	[[ $(<"$p/dist/SECURITY.md") == "our policy"$'\n'edited && ! -e $p/SECURITY.md ]] || fail "not in dist/"
	[[ -f $p/src/runtime/new.go && -x $p/src/runtime/testdata/run.sh && ! -e $p/doc/next && ! -e $p/src/runtime/runtime.test ]] ||
		fail "src or doc is wrong: $(git -C "$p" status --porcelain)"
	rebuilt
	commit edits
	run "$p/misc/refresh.bash"
	run "$p/misc/refresh.bash" -all
	unchanged
	run "$p/make.bash"
	unchanged
	# Deleting our file again, and undoing the edits, gets back to the start.
	rm "$g/new.go"
	sed -i 's/ edited$//' "$g/proc.go" "$g/chan.go"
	sed -i '/edited/d' "$g/ours.go" "$p/goroot/SECURITY.md"
	rm -r "$g/testdata"
	echo doc >"$p/goroot/doc/next.md"
	mkdir "$p/goroot/doc/next"
	mv "$p/goroot/doc/next.md" "$p/goroot/doc/next/1.md"
	run "$p/misc/refresh.bash"
	git -C "$p" add -A
	[[ -z $(git -C "$p" diff --cached --stat HEAD~) ]] || fail "not back: $(git -C "$p" diff --cached HEAD~)"
	# Without ours, upstream's would be there again.
	rm "$p/goroot/SECURITY.md"
	refuse "$p/misc/refresh.bash"
	expect "SECURITY.md" "make.bash -f"
}

test_refresh_early_patch() {
	local g=$p/goroot/src/runtime
	run "$p/make.bash"
	sed -i 's/^line 20$/line 20 edited/' "$g/proc.go"
	echo tail >>"$g/chan.go"
	run "$p/misc/refresh.bash" -patch 1 src/runtime/proc.go
	grep -q '^+line 20 edited' "$p"/patches/0001* || fail "not in 0001"
	! grep -q '^+line 20 edited' "$p"/patches/0002* "$p"/patches/0003* || fail "in later patches too"
	grep -q '^+tail' "$p"/patches/0002* || fail "the other edit is not in 0002"
	rebuilt
	commit early
	run "$p/misc/refresh.bash" -all
	unchanged
	# Lines that a later patch changed do not fit under it.
	sed -i 's/^line 50 third$/line 50 fourth/' "$g/proc.go"
	refuse "$p/misc/refresh.bash" -patch 1
	expect "src/runtime/proc.go" "0001-runtime-one.patch" "Nothing was changed"
	unchanged
	run "$p/misc/refresh.bash"
	grep -q '^+line 50 fourth' "$p"/patches/0003* || fail "not in 0003"
	rebuilt
}

test_refresh_new_patch() {
	local g=$p/goroot
	run "$p/make.bash"
	echo x >>"$g/src/cmd/compile/main.go"
	rm "$g/src/runtime/short.txt"
	printf 'more\r\n' >>"$g/src/runtime/crlf.txt"
	printf '\0' >>"$g/lib/wasm/file.txt"
	echo x >>"$g/src/runtime/chan.go"
	chmod +x "$g/README.md"
	refuse "$p/misc/refresh.bash"
	expect "src/cmd/compile/main.go" "src/runtime/short.txt" "no patch touches them" "-new" "Nothing was changed"
	unchanged
	refuse "$p/misc/refresh.bash" -new "cmd/compile: four" src/runtime/none.go
	expect "are not edited in goroot"
	refuse "$p/misc/refresh.bash" -new "cmd/compile: four"
	expect "-F FILE"
	refuse "$p/misc/refresh.bash" -patch 9
	expect "there is no such patch"
	unchanged
	printf '\nBecause.\n\nAnd\n---\nmore.\n\n\n' >"$work/message4"
	refuse "$p/misc/refresh.bash" -new "cmd/compile: four" -F "$work/message4"
	expect "must not contain"
	sed -i '/^---$/d' "$work/message4"
	run "$p/misc/refresh.bash" -new "cmd/compile: four/4" -F "$work/message4" src/cmd/compile/main.go src/runtime/short.txt \
		src/runtime/crlf.txt lib/wasm/file.txt README.md
	local f=$p/patches/0004-cmd-compile-four-4.patch
	[[ -f $f ]] || fail "no 0004: $(ls "$p/patches")"
	grep -q '^+x' "$p"/patches/0002* || fail "chan.go not in 0002"
	[[ $(sed -n '1,/^---$/p' "$f" | sed '/^Date: /d') == "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: T <t@example.org>
Subject: cmd/compile: four/4

Because.

And
more.
---" ]] || fail "other header: $(sed -n '1,/^---$/p' "$f")"
	rebuilt
	# git am takes it.
	run git -C "$p/goroot" -c user.name=x -c user.email=x checkout -q -f HEAD~2
	run git -C "$p/goroot" -c user.name=x -c user.email=x am -q --keep-cr "$f"
	run git -C "$p/goroot" checkout -q -f goroot
	commit four
	# The message is the reader's to edit.
	sed -i 's/^Because\.$/Because of this./' "$f"
	run "$p/make.bash"
	run "$p/misc/refresh.bash"
	echo y >>"$g/src/cmd/compile/main.go"
	run "$p/misc/refresh.bash"
	grep -q '^Because of this\.$' "$f" || fail "lost the message"
	# A patch of which nothing is left goes.
	git -C "$p" stash -q
	run "$p/make.bash" -f
	git -C "$p" stash drop -q
	run git -C "$g" checkout -q HEAD~2 -- src/cmd/compile/main.go src/runtime/short.txt src/runtime/crlf.txt lib/wasm/file.txt README.md
	run "$p/misc/refresh.bash"
	expect "nothing left of it, removed"
	[[ ! -e $f ]] || fail "0004 is still there"
	rebuilt
}

test_refresh_outside() {
	run "$p/make.bash"
	echo x >"$p/goroot/test/new.go"
	refuse "$p/misc/refresh.bash"
	expect "test/new.go" "Move or delete them"
	unchanged
}

test_refresh_version() {
	run "$p/make.bash"
	sed -i 's/^time .*/time 2027-01-01T00:00:00Z/' "$p/goroot/VERSION"
	echo x >>"$p/goroot/src/runtime/proc.go"
	refuse "$p/misc/refresh.bash"
	expect "goroot/VERSION is edited" "project's VERSION"
	unchanged
	run git -C "$p/goroot" checkout VERSION
	run "$p/misc/refresh.bash"
}

# Hunks are found where the path has what awk would take for an escape.
test_backslash() {
	local o="$work/a\\tb"
	mkdir "$o"
	cp -R "$p" "$o/p"
	run "$o/p/make.bash"
	grep -q third "$o/p/goroot/src/runtime/proc.go" || fail "patches were not applied"
}

# A hunk that fits two places.
test_ambiguous() {
	local g=$p/goroot f
	run "$p/make.bash"
	sed -i '14s/five/5/' "$g/src/runtime/twice.go"
	sed -i 's/^line 40$/line forty/' "$g/src/runtime/proc.go"
	[[ $(grep -n '^5$' "$g/src/runtime/twice.go") == "" ]] || fail "edited another line"
	sed -i '16s/five/5/' "$g/src/runtime/twice.go"
	[[ $(grep -n '^5$' "$g/src/runtime/twice.go") == 16:5 ]] || fail "edited another line: $(cat -n "$g/src/runtime/twice.go")"
	run "$p/misc/refresh.bash" -new "runtime: twice" -F "$work/message" src/runtime/twice.go src/runtime/proc.go
	f=$(echo "$p"/patches/0004*)
	grep -q '^ func 2$' "$f" || fail "no more context: $(cat "$f")"
	[[ $(grep -c '^ line' "$f") == 6 ]] || fail "not three lines of context for the other file: $(cat "$f")"
	rebuilt
	commit twice
	run "$p/misc/refresh.bash" -all
	unchanged
	# The same with three lines of context.
	sed -i '/^--- a\/src\/runtime\/twice.go/,$d' "$f"
	cat >>"$f" <<'EOF'
--- a/src/runtime/twice.go
+++ b/src/runtime/twice.go
@@ -13,7 +13,7 @@
 two
 three
 four
-five
+5
 six
 seven
 eight
EOF
	refuse "$p/make.bash"
	expect "patches/0004-runtime-twice.patch" "src/runtime/twice.go: @@ -13,7 +13,7 @@ fits 2 places"
	refuse "$p/misc/refresh.bash"
	expect "patches/0004-runtime-twice.patch" "src/runtime/twice.go: @@ -13,7 +13,7 @@ fits 2 places"
	run "$p/misc/refresh.bash" -all
	unchanged
}

# What is written must do for all releases.
test_refresh_proves() {
	local g=$p/goroot/src/runtime
	two_releases
	run "$p/make.bash"
	sed -i 's/^line 31$/line 31 edited/' "$g/proc.go"
	run "$p/misc/refresh.bash"
	expect "copying $work/mod/golang.org/toolchain@v0.0.1-go1.20.3" "the patches apply to go1.20.3 too, each hunk to one place"
	[[ ! -e $p/goroot.go1.20 && ! -e $p/goroot.new ]] || fail "left: $(echo "$p"/goroot.*)"
	commit edited
	# Only one of them has this line.
	sed -i "s/^last of $release$/& edited/" "$g/proc.go"
	refuse "$p/misc/refresh.bash"
	expect "0003-runtime-three.patch does not apply to go1.20.3" "Nothing was changed"
	[[ $out != *copying* ]] || fail "the base was not kept: $out"
	unchanged
	sed -i "s/^\(last of .*\) edited$/\1/" "$g/proc.go"
	run "$p/misc/refresh.bash"
	expect "nothing to do" "the patches apply to go1.20.3 too"
	refuse env RELEASE=go1.20 "$p/misc/refresh.bash"
	expect "RELEASE=go1.20: patches are written from $(minor_of "$release")"
	# A hunk that fits two places of the other only.
	sed -i 's/^eight$/8/' "$g/twice.go"
	refuse "$p/misc/refresh.bash" -new "runtime: eight" -F "$work/message" src/runtime/twice.go
	expect "go1.20.3" "fits 2 places" "Nothing was changed"
	unchanged
	sed -i 's/^8$/eight/' "$g/twice.go"
}

# The base of another release that cannot be had, that git gc has removed, or that
# misc/base.trees did not know right.
test_refresh_base() {
	local dl=$work/mod/golang.org/toolchain@v0.0.1-go1.20.3
	two_releases
	run "$p/make.bash"
	sed -i 's/^line 31$/line 31 edited/' "$p/goroot/src/runtime/proc.go"
	mv "$dl" "$work/away"
	refuse "$p/misc/refresh.bash"
	expect "could not get it" "must apply to go1.20.3 too, but that cannot be tried without it"
	[[ $out != *"but do not"* ]] || fail "says that they do not apply: $out"
	unchanged
	mv "$work/away" "$dl"
	run "$p/misc/refresh.bash"
	expect "copying $dl"
	run "$p/misc/refresh.bash" -n
	[[ $out != *copying* ]] || fail "the base was not kept: $out"
	git -C "$p/goroot" gc -q --prune=now
	run "$p/misc/refresh.bash" -n
	expect "copying $dl" "apply to go1.20.3 too"
	echo x >>"$dl/src/runtime/chan.go"
	sed -i '/^release go1.20.3$/,$d' "$p/misc/base.trees"
	refuse env RELEASE=go1.20 "$p/make.bash"
	printf '%s\n' "$out" | sed -n '/^release /,/^make.bash:/p' | sed '$d' >>"$p/misc/base.trees"
	run "$p/misc/refresh.bash" -n
	expect "copying $dl" "apply to go1.20.3 too"
}

# A proof ends where a command of it fails.
test_attempt() {
	cat >"$work/attempt" <<'EOF'
set -euo pipefail
. "$root/misc/lib.bash"
f() { false; echo "went on"; }
attempt f
echo "status $status"
attempt true
echo "status $status"
false
echo "went on"
EOF
	refuse env root="$p" bash "$work/attempt"
	expect "line 3: false" "status 1" "status 0" "line 8: false"
	[[ $out != *"went on"* ]] || fail "$out"
}

# A patch for one of the releases only.
test_patch_for_one_release() {
	local g=$p/goroot/src/runtime m
	m=$(minor_of "$release")
	two_releases
	run "$p/make.bash"
	echo x >>"$g/short.txt"
	run "$p/misc/refresh.bash" -new "runtime: short" -F "$work/message" src/runtime/short.txt
	mv "$p/patches/0004-runtime-short.patch" "$p/patches/0004-runtime-short.$m.patch"
	sed 's/^+no newlinex/+no newliney/' "$p"/patches/0004* >"$p/patches/0004-runtime-short.go1.20.patch"
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
	[[ $(<"$g/short.txt") == "no newlinex" && $(<"$p/goroot.go1.20/src/runtime/short.txt") == "no newliney" ]] ||
		fail "$(cat "$g/short.txt" "$p/goroot.go1.20/src/runtime/short.txt")"
	commit split
	run "$p/misc/refresh.bash" -all
	run git -C "$p" diff --exit-code "patches/0004*"
	commit all
	echo y >>"$g/short.txt"
	echo z >>"$p/goroot/src/cmd/compile/main.go"
	run "$p/misc/refresh.bash" -new "runtime: five" -F "$work/message" src/cmd/compile/main.go
	[[ -f $p/patches/0005-runtime-five.patch ]] || fail "the number is taken: $(ls "$p/patches")"
	[[ $(git -C "$p" status --porcelain) == " M patches/0004-runtime-short.$m.patch"$'
'"?? patches/0005-runtime-five.patch" ]] ||
		fail "$(git -C "$p" status --porcelain)"
}

# Commits made in goroot by hand are edits like others.
test_refresh_committed() {
	run "$p/make.bash"
	echo x >>"$p/goroot/src/runtime/proc.go"
	git -C "$p/goroot" commit -qam "by hand"
	run "$p/make.bash"
	expect "src/runtime/proc.go"
	run "$p/misc/refresh.bash"
	grep -q '^+x' "$p"/patches/0003* || fail "lost the edit"
	rebuilt
}

# --- release.bash

# The next patch release, and the next minor version, of the default.
next_release=${release%.*}.$((${release##*.} + 1))
minor_release=go1.$((${minor#go1.} + 1)).0

# to_move gives $p, of two releases, what release.bash changes and runs beside patches.
to_move() {
	two_releases
	mkdir "$p/misc/model"
	printf '%s\n' 'src/runtime/ours.go f 1' 'goroot/src/runtime/proc.go g 1' 'goroot/src/runtime/proc.go h 1' >"$p/misc/model/functions"
	printf '%s\n' "This is $version, on Go ${release#go}, beside go1.20.3." 'Delve v1.20.3 and go1.20.31 are not.' \
		'<!-- releases -->' old '<!-- /releases -->' end >"$p/README.md"
	echo "This was tried with $release." >"$p/doc/install.md" # a part of both, so it stays
	cat >"$p/run.bash" <<'EOF'
#!/bin/sh
# Like the real one:
	[build]=
	[api]=
	[stress]=
echo "run.bash with RELEASE=$RELEASE: $*"
[ ! -e "$(dirname "$0")/broken" ]
EOF
	sed -i '/^	\[/s/^/#&/' "$p/run.bash" # not for sh
	sed -i 's/^#\(	\[.*\)/: <<"X"\n\1\nX/' "$p/run.bash"
	chmod +x "$p/run.bash"
	commit "to move"
	# The next releases differ from the present one.
	local r
	for r in "$next_release" "$minor_release"; do
		fake_download "$r"
		printf '\nfunc h() {\n\t%s\n}\n' "$r" >>"$work/mod/golang.org/toolchain@v0.0.1-$r/src/runtime/proc.go"
	done
}

move() { "$p/misc/release.bash" "$@"; }

# not_moved: the project is as it was, and release.bash has left nothing behind.
not_moved() {
	unchanged
	[[ ! -e $p/goroot.release && ! -e $p/goroot.new && ! -e $p/goroot.lock ]] || fail "left: $(echo "$p"/goroot*)"
}

# A patch release of the default: nothing but numbers and hashes changes.
test_move_patch_release() {
	to_move
	run move -n "$next_release"
	expect "would write" "	VERSION"
	not_moved
	run move -parts none "$next_release"
	expect "touches, upstream changed 2 " "	src/runtime/proc.go: +" "	src/runtime/chan.go: +" \
		"misc/model follows, upstream changed 1 " "	src/runtime/proc.go: h" \
		"apply to $next_release, each hunk" "apply to go1.20.3 too, each hunk"
	[[ $out != *"model follows"*"proc.go: g"* && $out != *run.bash\ with* && ! -e $p/goroot ]] || fail "too much: $out"
	grep -q "^+	$next_release" "$p/logs/release/$release-$next_release.functions.diff" || fail "no difference of h"
	[[ $(<"$p/VERSION") == "$next_release-${version#*-}"$'\n'"go1.20.3-${version#*-}"$'\n''time 2026-01-01T00:00:00Z' ]] || fail "VERSION is $(<"$p/VERSION")"
	[[ $(grep '^release' "$p/misc/base.trees") == "release $next_release"$'\n''release go1.20.3' ]] || fail "$(<"$p/misc/base.trees")"
	[[ $(git -C "$p" status --porcelain) == " M README.md"$'\n'" M VERSION"$'\n'" M misc/base.trees" ]] ||
		fail "changed: $(git -C "$p" status --porcelain)"
	[[ $(head -n 2 "$p/README.md") == "This is $next_release-${version#*-}, on Go ${next_release#go}, beside go1.20.3."$'\n''Delve v1.20.3 and go1.20.31 are not.' &&
		$(tail -n 1 "$p/README.md") == end ]] || fail "$(<"$p/README.md")"
	grep -qF "| \`$next_release-${version#*-}\` | the default |" "$p/README.md" || fail "no table: $(<"$p/README.md")"
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
	run "$p/misc/refresh.bash"
	expect "nothing to do"
}

# The other release; the default's lines stay, and its patches.
test_move_other_release() {
	to_move
	fake_download go1.20.4
	run move -parts none go1.20.4
	[[ $(sed -n 1,2p "$p/VERSION") == "$version"$'\n'"go1.20.4-${version#*-}" ]] || fail "VERSION is $(<"$p/VERSION")"
	[[ $(grep '^release' "$p/misc/base.trees") == "release $release"$'\n''release go1.20.4' ]] || fail "$(<"$p/misc/base.trees")"
	[[ -z $(git -C "$p" status --porcelain patches) ]] || fail "patches changed"
	run env RELEASE=go1.20 "$p/make.bash"
	expect "installed go1.20.4-"
}

# A newer minor version becomes the default, and the oldest is dropped. All is built and tested.
test_move_minor_version() {
	to_move
	mv "$p"/patches/0003-runtime-three.patch "$p/patches/0003-runtime-three.go1.20.patch"
	cp "$p/patches/0003-runtime-three.go1.20.patch" "$p/patches/0003-runtime-three.$minor.patch"
	commit split
	run move -parts build,api "$minor_release"
	expect "run.bash with RELEASE=$(minor_of "$minor_release"): build api" "run.bash with RELEASE=$minor: api"
	[[ $(sed -n 1,2p "$p/VERSION") == "$minor_release-${version#*-}"$'\n'"$version" ]] || fail "VERSION is $(<"$p/VERSION")"
	[[ $(grep '^release' "$p/misc/base.trees") == "release $minor_release"$'\n'"release $release" ]] || fail "$(<"$p/misc/base.trees")"
	[[ $(cd "$p/patches" && echo *) == "0001-runtime-one.patch 0002-runtime-two.patch 0003-runtime-three.$minor.patch 0003-runtime-three.$(minor_of "$minor_release").patch" ]] ||
		fail "patches are $(echo "$p/patches"/*)"
	[[ -x $p/goroot/bin/go && -x $p/goroot.$minor/bin/go ]] || fail "not built"
	[[ $(head -n 1 "$p/README.md") == "This is $minor_release-${version#*-}, on Go ${minor_release#go}, beside $release." ]] || fail "$(<"$p/README.md")"
}

test_move_fails_a_test() {
	to_move
	touch "$p/broken"
	refuse move "$next_release"
	expect "run.bash with RELEASE=$minor: build api programs threads upstream stress" "run.bash with RELEASE=go1.20: api programs threads upstream stress" \
		"failed: ./run.bash RELEASE=go1.20 ./run.bash"
}

# conflict FILE LINE: in the next release, upstream has changed a line that patch 0002 changes.
conflict() { sed -i "s/^line $2$/line $2 of upstream/" "$work/mod/golang.org/toolchain@v0.0.1-$next_release/src/runtime/$1"; }

# mend FILE takes the patch's side.
mend() { sed -i -e '/^<<<<<<< /,/^=======$/d' -e '/^>>>>>>> /d' "$p/goroot.release/src/runtime/$1"; }

test_move_abort() {
	to_move
	conflict proc.go 30
	refuse move -n "$next_release"
	expect "patches/0002-runtime-two.patch does not merge into $next_release"
	not_moved
	refuse move -parts none "$next_release"
	expect "patches/0002-runtime-two.patch does not merge into $next_release" "	src/runtime/proc.go" "-continue" "Nothing in the project has changed"
	unchanged
	refuse move "$next_release"
	expect "under way in goroot.release, to $next_release"
	refuse move -continue
	expect "conflict markers" "	src/runtime/proc.go"
	git -C "$p/goroot.release" add -A
	refuse move -continue
	expect "conflict markers" "	src/runtime/proc.go"
	run "$p/make.bash" # does not care
	run move -abort
	not_moved
	refuse move -abort
	expect "nothing to abort"
	refuse move -continue
	expect "nothing to go on with"
	mkdir "$p/goroot.release"
	echo precious >"$p/goroot.release/file"
	refuse move "$next_release"
	expect "was not made by this script"
	refuse move -abort
	expect "nothing to abort"
	[[ -f $p/goroot.release/file ]] || fail "lost a file"
}

# What was mended for one release must do for the other, or is for the one only.
test_move_conflict() {
	to_move
	conflict proc.go 30
	refuse move -parts none "$next_release"
	mend proc.go
	refuse move -continue
	expect "patches/0002-runtime-two.patch does not apply to go1.20.3" "must apply to go1.20.3 too" "-continue again" "-split"
	unchanged
	run move -continue -split
	expect "0002-runtime-two.go1.20.patch: as before" "patches/0002-runtime-two.$minor.patch"
	[[ $(cd "$p/patches" && echo *) == "0001-runtime-one.patch 0002-runtime-two.go1.20.patch 0002-runtime-two.$minor.patch 0003-runtime-three.patch" &&
		$(git -C "$p" diff --name-only patches) == patches/0002-runtime-two.patch ]] || fail "$(git -C "$p" status --porcelain)"
	cmp "$p/patches/0002-runtime-two.go1.20.patch" <(git -C "$p" show HEAD:patches/0002-runtime-two.patch) || fail "not as before"
	grep -q "threadlocker${version##*threadlocker}$" "$p/VERSION" || fail "N changed: $(<"$p/VERSION")"
	[[ ! -e $p/goroot.release ]] || fail "left goroot.release"
	run "$p/make.bash"
	grep -q '^line 30 second$' "$p/goroot/src/runtime/proc.go" || fail "not mended"
	run env RELEASE=go1.20 "$p/make.bash"
	run "$p/misc/refresh.bash"
	expect "nothing to do"
}

# One conflict after the other, and a file that upstream has removed.
test_move_conflicts() {
	to_move
	conflict proc.go 10
	conflict proc.go 30
	rm "$work/mod/golang.org/toolchain@v0.0.1-$next_release/src/runtime/data.bin"
	refuse move -parts none "$next_release"
	expect "patches/0001-runtime-one.patch does not merge"
	mend proc.go
	refuse move -continue
	expect "patches/0002-runtime-two.patch does not merge"
	mend proc.go
	refuse move -continue
	expect "patches/0003-runtime-three.patch does not merge" "	src/runtime/data.bin"
	rm -f "$p/goroot.release/src/runtime/data.bin"
	unchanged
	run move -continue -split
	[[ $(cd "$p/patches" && echo *) == "0001-runtime-one.go1.20.patch 0001-runtime-one.$minor.patch 0002-runtime-two.go1.20.patch 0002-runtime-two.$minor.patch 0003-runtime-three.go1.20.patch 0003-runtime-three.$minor.patch" ]] ||
		fail "$(git -C "$p" status --porcelain)"
	run "$p/make.bash"
	[[ ! -e $p/goroot/src/runtime/data.bin ]] || fail "data.bin is back"
	grep -q '^inserted$' "$p/goroot/src/runtime/proc.go" || fail "0003 was lost"
	run env RELEASE=go1.20 "$p/make.bash"
}

# A hunk that fits two places of the next release, or of this one, gets more context.
test_move_ambiguous() {
	local f=$p/patches/0004-runtime-twice.patch
	to_move
	printf '%s\n' 'From: T <t@example.org>' 'Subject: runtime: twice' '' 'Why.' --- \
		'diff --git a/src/runtime/twice.go b/src/runtime/twice.go' '--- a/src/runtime/twice.go' '+++ b/src/runtime/twice.go' \
		'@@ -12,7 +12,7 @@' ' one' ' two' ' three' '-four' '+4' ' five' ' six' ' seven' >"$f"
	commit twice
	refuse "$p/make.bash"
	expect "fits 2 places"
	run move -parts none "$next_release"
	expect "	patches/0004-runtime-twice.patch"
	grep -q '^ func 2$' "$f" || fail "no more context: $(cat "$f")"
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
}

# The same, with a patch that does its work elsewhere, on lines that both releases have.
# This changes the other release, too, so N is raised, and the time.
test_move_amended() {
	local c=$p/goroot.release/src/runtime/chan.go n=${version##*threadlocker}
	to_move
	conflict chan.go 5
	refuse move -parts none "$next_release"
	mend chan.go
	refuse move -continue
	expect "go1.20.3 too, but do not"
	unchanged
	sed -i -e 's/^line 5 second$/line 5 of upstream/' -e 's/^line 15$/line 15 second/' "$c"
	refuse move -continue
	expect "in none of its commits"
	git -C "$p/goroot.release" commit -qam "a commit of its own"
	refuse move -continue
	expect 'number 4 is "a commit of its own", not "patches/"'
	# Put it where it belongs.
	git -C "$p/goroot.release" reset -q --hard HEAD~2
	sed -i -e 's/^line 5 second$/line 5 of upstream/' -e 's/^line 15$/line 15 second/' "$c"
	git -C "$p/goroot.release" commit -qa --amend --no-edit
	refuse move -continue
	expect 'number 3 is "", not "patches/0003'
	run git -C "$p/goroot.release" cherry-pick patches
	run move -continue
	expect "patches/0002-runtime-two.patch" "N is $((n + 1)) now"
	[[ $(sed -n 1,2p "$p/VERSION") == "$next_release-threadlocker$((n + 1))"$'\n'"go1.20.3-threadlocker$((n + 1))" ]] || fail "VERSION is $(<"$p/VERSION")"
	! grep -q '^time 2026-01-01' "$p/VERSION" || fail "the time is the old one"
	[[ $(git -C "$p" diff --name-only patches) == patches/0002-runtime-two.patch ]] || fail "$(git -C "$p" status --porcelain)"
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
	grep -q '^line 15 second$' "$p/goroot/src/runtime/chan.go" && grep -q '^line 15 second$' "$p/goroot.go1.20/src/runtime/chan.go" || fail "not in both"
}

# Upstream has taken over what patch 0001 does, into the next release only.
test_move_upstreamed() {
	to_move
	sed -i 's/^line 10$/line 10 first/' "$work/mod/golang.org/toolchain@v0.0.1-$next_release/src/runtime/proc.go"
	run move -parts none "$next_release"
	expect "patches/0001-runtime-one.go1.20.patch: as before, for go1.20 only" "nothing left of it"
	[[ $(cd "$p/patches" && echo *) == "0001-runtime-one.go1.20.patch 0002-runtime-two.patch 0003-runtime-three.patch" ]] || fail "$(git -C "$p" status --porcelain)"
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
	grep -q '^line 10 first$' "$p/goroot.go1.20/src/runtime/proc.go" || fail "lost in go1.20.3"
}

# Interrupted while it writes.
test_move_interrupted() {
	to_move
	conflict proc.go 30
	refuse move -parts none "$next_release"
	mend proc.go
	cp "$p/misc/release.bash" "$work/interrupted"
	sed -i 's/^	put "$stage\/VERSION" VERSION$/	kill -TERM $$/' "$work/interrupted"
	sed -i "s|^root=.*|root='$p'|" "$work/interrupted"
	refuse bash "$work/interrupted" -continue -split
	expect "interrupted while it wrote" "git checkout patches VERSION misc/base.trees README.md" "git clean -f patches" "-continue"
	[[ -n $(git -C "$p" status --porcelain) ]] || fail "not in the middle"
	refuse move -continue -split
	expect "not committed"
	(cd "$p" && git checkout -q -- patches VERSION misc/base.trees README.md && git clean -qf patches)
	run move -continue -split
	run "$p/make.bash"
	run env RELEASE=go1.20 "$p/make.bash"
}

test_move_refuses() {
	to_move
	for r in 1.27.5 go1.27 go1.28rc1 go1.x.y go1.27.08 go1.028.1 go1.99999999999999999999.1; do
		refuse move "$r"
		expect "\"$r\" is no release"
	done
	refuse move "$release"
	expect "VERSION has $release already"
	refuse move go1.20.2
	expect "go1.20.3, which is newer than go1.20.2"
	refuse move go1.19.9
	expect "VERSION has no go1.19" "Only newer minor versions"
	refuse move go1.20.99
	expect "could not get it"
	not_moved
	refuse move
	expect "which release?"
	refuse move -parts api,nosuch "$next_release"
	expect 'no part "nosuch"'
	for r in , none,api api,none; do
		refuse move -parts "$r" "$next_release"
		expect "-parts"
		[[ $out != *asking* ]] || fail "began: $out"
	done
	refuse move -abort -continue
	expect "exclude each other"
	refuse move -abort -split
	expect "-split goes with -continue"
	refuse env RELEASE=go1.20 "$p/misc/release.bash" "$next_release"
	expect "unset RELEASE"
	echo x >>"$p/src/runtime/ours.go"
	refuse move "$next_release"
	expect "not committed:" "src/runtime/ours.go"
	git -C "$p" checkout -q .
	run env RELEASE=go1.20 "$p/make.bash"
	echo x >>"$p/goroot.go1.20/src/runtime/proc.go"
	refuse move "$next_release"
	expect "edited in goroot.go1.20" "	src/runtime/proc.go" "Nothing was changed" "from ./goroot only"
	run env RELEASE=go1.20 "$p/make.bash" -f
	# A base that base.trees does not know, of what is there already.
	echo x >>"$work/mod/golang.org/toolchain@v0.0.1-go1.20.3/src/runtime/proc.go"
	refuse move "$next_release"
	expect "is not an unmodified go1.20.3"
	not_moved
}

# Nothing in the documents is of another release.
test_numbers() {
	local f n all
	read_versions "$root/VERSION"
	all=" ${versions[*]} ${versions[*]%%-*} "
	for f in "${numbered[@]}"; do
		while IFS= read -r n; do
			n=go1.${n#*1.}
			[[ $all == *" $n "* ]] || fail "$f names $n, which is not in VERSION (${versions[*]})"
		done < <(grep -oE '(^|[^0-9.v])1\.[2-9][0-9]\.[0-9]+(-threadlocker[.0-9]*)?' "$root/$f")
	done
	# Minor versions come and go, too. README.md has the table of them.
	! out=$(cd "$root" && grep -nE '(RELEASE=|goroot\.|logs/)go1\.[0-9]' PROPOSAL.md misc/README.md make.bash run.bash bench/run.bash) ||
		fail "these name a minor version that VERSION will not always have:"$'\n'"$out"
	# These are in the goroot of each release.
	! out=$(grep -rnE '(^|[^0-9.v])1\.[2-9][0-9]\.[0-9]+' "$root/doc" "$root/dist") || fail "doc/ and dist/ name a release:"$'\n'"$out"
	cmp "$root/README.md" <(insert_release_table "${versions[@]}" <"$root/README.md") || fail "the table of releases in README.md is not of VERSION"
	grep -q '^<!-- releases -->$' "$root/README.md" || fail "README.md has no table of releases"
}

# --- With the toolchain just built.

# real_project DIR: a copy of this project with its goroot and a cache to start from.
real_project() {
	mkdir "$1"
	(cd "$root" && for f in *; do
		case $f in
		goroot.* | logs) ;;
		*) cp -R -p "$f" "$1/" ;;
		esac
	done)
	cp "$root/.gitignore" "$1/"
	unset GOROOT_BASE
}

# gogo DIR CMD... runs go CMD of the toolchain in DIR as a user would.
gogo() {
	local g=$1
	shift
	env -i PATH="$g/bin:$PATH" GOROOT="$g" HOME="$work/home" GOCACHE="$work/gocache" GOPROXY=off GOFLAGS= ${toolchain+GOTOOLCHAIN="$toolchain"} "$g/bin/go" "$@"
}

hello() {
	mkdir -p "$1"
	printf '%s\n' "module hello" "" "${2:-go 1.26}" >"$1/go.mod"
	cat >"$1/main.go" <<'EOF'
package main

// int two(void) { return 2; }
import "C"

import "fmt"

func main() { fmt.Println("hello", C.two()) }
EOF
}

test_real_version() {
	run gogo "$goroot" version
	[[ $out == "go version $version "* ]] || fail "go version says: $out"
	run gogo "$goroot" env GOVERSION GOROOT
	[[ $out == "$release"$'\n'"$goroot" ]] || fail "go env says: $out"
	[[ $version =~ ^"$release"-threadlocker[0-9]+$ ]] || fail "version $version"
	# The question is put in place of one of upstream's, which another release may word anew.
	run gogo "$goroot" bug
	expect "### Does it happen with \`GOEXPERIMENT=nothreadlocker\`, and with the unmodified $release?"
	[[ $out != *"latest release"* ]] || fail "go bug asks upstream's question, too: $out"
}

test_real_up_to_date() {
	real_project "$work/r"
	run "$work/r/make.bash" -nodemo
	expect "up to date"
	[[ $out != *"edits that are not in"* ]] || fail "goroot has edits that are not in the project: $out"
}

test_real_refresh() {
	real_project "$work/r"
	(cd "$work/r" && git init -q . && git add -A && git commit -qm start)
	run "$work/r/misc/refresh.bash"
	[[ -z $(git -C "$work/r" status --porcelain) ]] || fail "refresh changed: $(git -C "$work/r" diff)"
	run "$work/r/misc/refresh.bash" -all
	[[ -z $(git -C "$work/r" status --porcelain) ]] || fail "not in the format of refresh -all: $(git -C "$work/r" diff)"
}

# Built by nobody's path, and at home anywhere.
test_real_moved() {
	local m="$work/moved to/here"
	mkdir -p "$m"
	cp -R -p "$goroot" "$m/goroot"
	! out=$(grep -r -l -F -e "$root" "$m/goroot" 2>/dev/null) || fail "these hold the path $root:"$'\n'"$out"
	hello "$work/hm"
	cd "$work/hm"
	run gogo "$m/goroot" env GOROOT
	[[ $out == "$m/goroot" ]] || fail "GOROOT is $out"
	run gogo "$m/goroot" run .
	[[ $out == "hello 2" ]] || fail "$out"
	run gogo "$m/goroot" vet .
	# Without GOROOT in the environment too.
	run env -i PATH="$m/goroot/bin:$PATH" HOME="$work/home" GOCACHE="$work/gocache" go run .
	[[ $out == "hello 2" ]] || fail "$out"
}

test_real_modules() {
	local line toolchain
	for line in 'go 1.26' "go ${release#go}" "go 1.26"$'\n'"toolchain $release" 'go 1.21'; do
		rm -rf "$work/hmod"
		hello "$work/hmod" "$line"
		cd "$work/hmod"
		for toolchain in '' auto local path; do
			if [[ -z $toolchain ]]; then unset toolchain; fi
			run gogo "$goroot" build -o hello .
			run ./hello
			[[ $out == "hello 2" ]] || fail "$line: $out"
			run gogo "$goroot" version -m hello
			expect "hello: $release"$'\n' "threadlocker_version=$version"
		done
	done
}

# What needs modules gets them from where the caller's go command does: as the environment
# says, or its file, or Go itself, but not from nowhere as all else.
test_real_modules_from() {
	local module_vars
	mkdir -p "$work/hmf/.config/go"
	from() { # WANT [NAME=VALUE]...
		local want=$1
		shift
		out=$(unset "${!GO@}" && export HOME="$work/hmf" XDG_CONFIG_HOME= "$@" && modules_from "$goroot/bin/go" && printf '%s\n' "${module_vars[@]}")
		[[ $'\n'$out$'\n' == *$'\n'$want$'\n'* ]] || fail "no $want with $* in:"$'\n'"$out"
	}
	from "GOPROXY=https://*,direct"
	from "GOMODCACHE=$work/hmf/go/pkg/mod"
	from GOPROXY=file:///a GOPROXY=file:///a
	printf 'GOPROXY=file:///b\nGONOSUMDB=b.example\n' >"$work/hmf/.config/go/env"
	from GOPROXY=file:///b
	from GONOSUMDB=b.example
	from GOPROXY=file:///a GOPROXY=file:///a
}

# Two copies of the toolchain share a build cache; the one with an edited
# compiler, the one with an edited runtime and the one with neither get each what
# is theirs, whatever was built before.
test_real_shared_cache() {
	local a=$work/a b=$work/b
	cp -R -p "$goroot" "$a"
	cp -R -p "$goroot" "$b"
	hello "$work/hs"
	mkdir "$work/hs/probe"
	printf 'package probe\n\nfunc F() {}\n' >"$work/hs/probe/probe.go"
	sed -i 's,import "fmt",import ("fmt"; _ "hello/probe"),' "$work/hs/main.go"
	cd "$work/hs"
	run gogo "$a" build -o hello .
	# An edited runtime needs no command.
	sed -i 's/^func schedinit() {$/&\n\tprintstring("edited runtime\\n")/' "$b/src/runtime/proc.go"
	grep -q 'edited runtime' "$b/src/runtime/proc.go" || fail "found no schedinit to edit"
	run gogo "$b" run .
	expect "edited runtime" "hello 2"
	run gogo "$a" run .
	[[ $out == "hello 2" ]] || fail "the unedited toolchain made: $out"
	# An edited compiler, installed by hand even.
	git_clean -C "$b" --git-dir="$b/.git" checkout -q -f goroot -- src
	sed -i 's/^\tbase\.ParseFlags()$/&\n\tif base.Ctxt.Pkgpath == "hello\/probe" {\n\t\tprintln("edited compiler")\n\t\tos.Exit(3)\n\t}/' "$b/src/cmd/compile/internal/gc/main.go"
	grep -q 'edited compiler' "$b/src/cmd/compile/internal/gc/main.go" || fail "found no ParseFlags to edit"
	local tooldir=("$b"/pkg/tool/*)
	(cd "$b/src" && run clean_env GOROOT="$b" CGO_ENABLED=0 GOFLAGS='-trimpath -ldflags=-w -gcflags=cmd/...=-dwarf=false' \
		"$b/bin/go" build -o "${tooldir[0]}/compile" cmd/compile)
	refuse gogo "$b" build -o hello .
	expect "edited compiler"
	run gogo "$a" build -o hello .
	refuse gogo "$b" build -o hello .
}

# Every tool that a build uses tells its content.
test_real_tool_ids() {
	local t
	for t in "$goroot"/pkg/tool/*/*; do
		run "$t" -V=full
		[[ $out =~ ^"${t##*/} version $version contentID="[A-Za-z0-9_-]{20}$ ]] || fail "$t -V=full: $out"
	done
	run gogo "$goroot" tool -n vet
}

test_real_demo() {
	cd "$root/misc/demo"
	run gogo "$goroot" vet .
	run env GOEXPERIMENT=nothreadlocker GOCACHE="$work/gocache" GOENV=off GOTOOLCHAIN=local GOROOT="$goroot" "$goroot/bin/go" vet .
	run "$root/make.bash" -demo
	expect "ns/request" "server under LockOSThread" "both on one thread, by ThreadLocker" "both on one thread, by LockToRecvOSThread" "both unlocked"
	! [[ $out =~ ' - ' ]] || fail "a setting is not measured: $out"
}

# --- What takes long.

sums() { (cd "$1" && sha256sum bin/* pkg/tool/*/* pkg/include/*); }

# From another directory, in a hostile environment, the same bytes.
full_same_bytes() {
	real_project "$work/r"
	rm -rf "$work/r/goroot"
	printf 'go 1.99\n' >"$work/go.work"
	run hostile "$work/r/make.bash" -nodemo
	run diff <(sums "$goroot") <(sums "$work/r/goroot")
	run diff -r -x .git "$goroot/src" "$work/r/goroot/src"
	rm "$work/go.work"
}

# Edits of compiler and runtime, without a bootstrap: effective, and the same
# bytes as with one.
full_incremental() {
	local r=$work/r
	real_project "$r"
	sed -i 's/^func schedinit() {$/&\n\tif false {\n\t\tprintstring("edited runtime\\n")\n\t}/' "$r/goroot/src/runtime/proc.go"
	sed -i 's/^\tbase\.ParseFlags()$/&\n\tif base.Ctxt.Pkgpath == "hello\/probe" {\n\t\tprintln("edited compiler")\n\t\tos.Exit(3)\n\t}/' "$r/goroot/src/cmd/compile/internal/gc/main.go"
	run "$r/make.bash" -nodemo
	[[ $out != *bootstrapped* ]] || fail "bootstrapped: $out"
	hello "$work/hi"
	mkdir "$work/hi/probe"
	printf 'package probe\n' >"$work/hi/probe/probe.go"
	(cd "$work/hi" && refuse gogo "$r/goroot" build ./probe && expect "edited compiler")
	run "$r/make.bash" -nodemo
	expect "up to date"
	sums "$r/goroot" >"$work/incremental"
	run "$r/make.bash" -nodemo -a
	expect bootstrapped
	run diff "$work/incremental" <(sums "$r/goroot")
}

# The check of the API sees what api/next lacks, and what it has too much, also where the base
# came without upstream's lists.
full_api() {
	local r=$work/r
	real_project "$r"
	rm -rf "$r/goroot/api" "$r/goroot.cache"
	cp -R "$r/api" "$r/goroot/api"
	run "$r/run.bash" api
	out=$(<"$r/logs/api.log")
	expect "# not checked: that the API of Go itself"
	sed -i '1s/.*/pkg runtime, func NoSuchFunction() #49848/' "$r"/api/next/*.txt
	refuse "$r/run.bash" api
	out=$(<"$r/logs/api.log")
	expect "-pkg runtime, func NoSuchFunction" "+pkg runtime, "
}

# The experiment off for the toolchain itself.
full_off() {
	real_project "$work/r"
	run "$work/r/make.bash" -nodemo -env GOEXPERIMENT=nothreadlocker
	run gogo "$work/r/goroot" version
	expect "$version X:nothreadlocker"
}

# --- Running them.

fast=() real=() long=()
while read -r _ _ f; do
	case $f in
	test_real_*) real+=("$f") ;;
	test_*) fast+=("$f") ;;
	full_*) long+=("$f") ;;
	esac
done < <(declare -F)
tests=("${fast[@]}" "${real[@]}")
if $full; then tests+=("${long[@]}"); fi
if $listing; then
	printf '%s\n' "${fast[@]}" "${real[@]}" "${long[@]}"
	exit
fi
if ((${#names[@]})); then
	for f in "${names[@]}"; do
		declare -F "$f" >/dev/null && [[ $f == test_* || $f == full_* ]] || die "there is no test $f; -list names them"
	done
	tests=("${names[@]}")
fi

setup_fake
passed=0 failed=0
for f in "${tests[@]}"; do
	start=$SECONDS status=0
	p=$work/p
	rm -rf "$p" "$work/rebuilt"
	before=("$work"/*)
	fake_project "$p"
	(
		set -euo pipefail
		export GOROOT_BASE=$work/base
		$f
	) >"$work/log" 2>&1 || status=$?
	notrun=$(grep '^not run: ' "$work/log" || true)
	if ((status)); then
		failed=$((failed + 1))
		printf 'FAIL %s (%d s)\n' "$f" $((SECONDS - start))
		sed 's/^/	/' "$work/log"
	else
		passed=$((passed + 1))
		printf 'ok   %s (%d s)%s\n' "$f" $((SECONDS - start)) "${notrun:+ $notrun}"
	fi
	# What the test left goes, what setup_fake made stays.
	chmod -R u+w "$work"
	for d in "$work"/*; do
		[[ " ${before[*]} " == *" $d "* ]] || rm -rf "$d"
	done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
