#!/usr/bin/env bash
# Turns edits made in ./goroot into patches/, src/, api/, doc/ and dist/.
# misc/refresh.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOF'
usage: misc/refresh.bash [-n] [-patch N | -new SUBJECT [-F FILE]] [-all] [FILE...]

Takes what was edited in goroot over into the project:
 - a file that is wholly ours, or new, goes to src/, api/ or doc/; if it was
   deleted in goroot, it is deleted there; dist/ has those of the top directory;
 - an edit of an upstream file goes into the last patch that touches this file.
   Patches after it follow; their messages, and patches not concerned, stay
   as they are, byte for byte. A patch that comes out empty is removed.
Nothing is written unless patches/, src/, api/, doc/ and dist/ as they would be then
make exactly what is in goroot, and the patches apply to each other release of VERSION
too, every hunk to one place. goroot is that of the default release: what is edited for
another release must be edited there.

Flags:
	-patch N	put edits of upstream files into patch number N
	-new SUBJECT	put them into a new patch after the others
	-F FILE		the rest of the new patch's message; without it an editor asks
	FILE...		-patch and -new are for these files only (names as in goroot,
			src/runtime/proc.go); other edits go where they would without
	-all		write every patch anew, in the one format that patches have here, with
			more context where three lines fit several places of a file
	-n		say what would be done, and do nothing
	-h		this text
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"

target='' subject='' body='' all=false dry=false only=()
while (($#)); do
	case $1 in
	-h | -help | --help) usage; exit 0 ;;
	-n) dry=true ;;
	-all) all=true ;;
	-patch | -new | -F)
		[[ -n ${2-} ]] || die "$1 wants an argument"
		case $1 in
		-patch)
			[[ $2 =~ ^[0-9]{1,4}$ ]] || die "-patch wants a number, got \"$2\""
			printf -v target %04d "$((10#$2))"
			;;
		-new) subject=$2 ;;
		-F)
			[[ -r $2 ]] || die "-F $2: cannot read it"
			body=$(cat "$2"; echo .)
			body=${body%.}
			;;
		esac
		shift
		;;
	-*)
		usage >&2
		die "unknown flag \"$1\""
		;;
	*) only+=("$1") ;;
	esac
	shift
done
[[ -z $target || -z $subject ]] || die "-patch and -new exclude each other"
[[ -n $subject || -z $body ]] || die "-F goes with -new"
[[ -n $target$subject || ${#only[@]} == 0 ]] || die "file names go with -patch or -new"

read_version
[[ $version == "${versions[0]}" ]] ||
	die "RELEASE=$RELEASE: patches are written from $(minor_of "${versions[0]}"), the default release, and only proved on the others. With two sources of edits, one would undo the other's. Edit goroot, and unset RELEASE."
[[ -f $goroot/.git/make/synced ]] || die "there is no goroot made by make.bash. Run ./make.bash first."
lock
stage=''
trap '[[ -z $stage ]] || rm -rf "$stage"; rm -rf "$root/goroot.new"; unlock' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

use_goroot "$goroot"
rm -f "$state"/*.lock
base=$(getstate base)
[[ $(getstate release) == "$release" ]] || die "goroot is made from $(getstate release), VERSION wants $release. Run ./make.bash first."
(verify_base) >/dev/null 2>&1 || die "goroot is not made from the $release that misc/base.trees knows. Run ./make.bash first."
allow_ambiguous=$all # -all gives them more context
compose "$root"
allow_ambiguous=false
scan
changed "$(getstate synced)" "$worktree"
[[ " ${paths[*]} " != *" VERSION "* || $(entry "$worktree" VERSION) == "$(entry "$composed" VERSION)" ]] ||
	die "goroot/VERSION is edited, but it is made from the project's VERSION, which has the lines of all releases. Nothing was changed. Edit that, and put back this: git -C goroot checkout VERSION"
sync
edited=$worktree
before=$composed
n=${#patches[@]}

# What is whose.
declare -A ours=() last=() toucher=() chosen=()
for p in "${owned[@]}"; do ours[$p]=1; done
for ((i = 1; i <= n; i++)); do
	changed "${trees[i - 1]}" "${trees[i]}"
	for p in "${paths[@]}"; do last[$p]=$i; done
done
for p in "${only[@]}"; do
	p=${p#./}
	chosen[${p#goroot/}]=1
done
k=0
if [[ -n $target ]]; then
	for ((i = 1; i <= n; i++)); do
		if [[ ${patches[i - 1]} == "$target"-* ]]; then k=$i; fi
	done
	((k)) || die "-patch $target: there is no such patch"
fi
[[ -z $subject ]] || k=$((n + 1))

changed "$composed" "$edited"
edits=("${paths[@]}")
mine=() upstreams=() homeless=() outside=() # by where they go
for p in "${edits[@]}"; do
	if [[ -n ${ours[$p]-} ]]; then
		mine+=("$p")
	elif [[ -n ${last[$p]-} || -n $(entry "$base" "$p") ]]; then
		toucher[$p]=${last[$p]-}
		if ((k)) && [[ ${#only[@]} == 0 || -n ${chosen[$p]-} ]]; then toucher[$p]=$k; fi
		if [[ -n ${toucher[$p]} ]]; then upstreams+=("$p"); else homeless+=("$p"); fi
	elif [[ $p == src/* || $p == api/* || $p == doc/* ]]; then
		mine+=("$p")
	else
		outside+=("$p")
	fi
	unset "chosen[$p]"
done
if ((${#chosen[@]})); then
	warn "these files are not edited in goroot:"
	list "${!chosen[@]}" >&2
	die "Nothing was changed."
fi
if ((${#outside[@]})); then
	warn "new in goroot, and in none of the directories that the project has for them (${overlaydirs[*]}):"
	list "${outside[@]}" >&2
	die "Nothing was changed. Move or delete them; test programs belong in the project's test/."
fi
if ((${#homeless[@]})); then
	warn "these are upstream's, edited in goroot, and no patch touches them yet:"
	list "${homeless[@]}" >&2
	die "Nothing was changed. Say where the edits belong: misc/refresh.bash -patch N FILE..., or misc/refresh.bash -new 'SUBJECT' FILE..."
fi
if [[ -n $subject ]]; then
	new=0
	for p in "${upstreams[@]}"; do ((toucher[$p] <= n)) || new=1; done
	((new)) || die "-new: no upstream file is edited in goroot, so the new patch would be empty. Nothing was changed."
fi

stage=$state/stage
rm -rf "$stage"
mkdir "$stage" "$stage/patches"
if [[ -f $root/.gitignore ]]; then cp "$root/.gitignore" "$stage/"; fi
for d in "${overlaydirs[@]}" dist; do
	if [[ -d $root/$d ]]; then cp -R "$root/$d" "$stage/$d"; fi
done
for p in "$root"/patches/*.patch; do cp "$p" "$stage/patches/"; done

# blob TREE PATH FILE writes PATH of TREE to FILE.
blob() {
	local id
	id=$(entry "$1" "$2")
	[[ -n $id ]] || return 1
	g cat-file blob "${id#* }" >"$3"
}

# An edit made on top of all patches, as it is on top of the first i: the same
# if no later patch touches the file, else what a merge makes of it.
edit_at() {
	local i=$1 p=$2 m=$stage/merge id
	local at full new
	at=$(entry "${trees[i]}" "$p")
	full=$(entry "${trees[n]}" "$p")
	new=$(entry "$edited" "$p")
	if [[ $at == "$full" ]]; then
		printf '%s\n' "$new"
		return
	fi
	if blob "${trees[i]}" "$p" "$m.at" && blob "${trees[n]}" "$p" "$m.full" && blob "$edited" "$p" "$m.new" &&
		git_clean merge-file -q "$m.at" "$m.full" "$m.new"; then
		id=$(g hash-object -w --no-filters -- "$m.at")
		rm -f "$m".*
		printf '%s %s\n' "${new% *}" "$id"
		return
	fi
	rm -f "$m".*
	return 1
}

nt=("$base")
for ((i = 1; i <= n + (k > n); i++)); do
	index=$state/refresh.index
	g read-tree "${trees[i <= n ? i : n]}"
	for p in "${upstreams[@]}"; do
		((toucher[$p] <= i)) || continue
		e=$(edit_at "$((i <= n ? i : n))" "$p") ||
			die "the edit of $p cannot go into ${patches[toucher[$p] - 1]}: it does not fit under the later patches that touch the same lines. Nothing was changed. Put it into the last of these, or edit the patches by hand."
		if [[ -n $e ]]; then
			printf '%s\t%s\0' "$e" "$p"
		else
			printf '0 %040d\t%s\0' 0 "$p"
		fi
	done >"$state/refresh.info"
	g update-index -z --index-info <"$state/refresh.info"
	nt+=("$(g write-tree)")
done
index=$state/index

zero=0000000000000000000000000000000000000000
report=()
for ((i = 1; i <= n; i++)); do
	f=$stage/patches/${patches[i - 1]}
	if [[ ${nt[i]} == "${nt[i - 1]}" && ${trees[i]} != "${trees[i - 1]}" ]]; then
		rm "$f"
		report+=("patches/${patches[i - 1]}: nothing left of it, removed")
		continue
	fi
	if ! $all && [[ ${nt[i]} == "${trees[i]}" && ${nt[i - 1]} == "${trees[i - 1]}" ]]; then continue; fi
	h=$(header "$f")
	if [[ $h =~ ^From\ [0-9a-f]{40}\  ]]; then h="From $zero Mon Sep 17 00:00:00 2001"$'\n'"${h#*$'\n'}"; fi
	h=$(printf '%s\n' "$h" | sed -e 's/^Subject: \[PATCH[^]]*\] */Subject: /')
	write_patch "$h" "${nt[i - 1]}" "${nt[i]}" "$f.new"
	if cmp -s "$f" "$f.new"; then
		rm "$f.new"
	else
		mv "$f.new" "$f"
		report+=("patches/${patches[i - 1]}")
	fi
done
if ((k > n)); then
	if [[ -z $body ]]; then
		[[ -t 0 && -t 1 ]] || die "-new: give the rest of the message with -F FILE (there is no terminal for an editor). Nothing was changed."
		printf '\n# The message of "%s": why it is needed. Lines with # go away.\n' "$subject" >"$stage/message"
		sh -c "$(git -C "$root" var GIT_EDITOR) \"\$1\"" editor "$stage/message" || die "the editor failed. Nothing was changed."
		body=$(sed '/^#/d' "$stage/message")
		rm "$stage/message"
	fi
	# Command substitution drops the blank lines at the end, sed those at the start.
	body=$(printf '%s\n' "$body" | sed '/./,$!d')
	[[ $'\n'$body$'\n' != *$'\n---\n'* && $'\n'$body != *$'\ndiff --git '* ]] ||
		die "-new: the message must not contain a line --- or diff --git, which end it. Nothing was changed."
	[[ -n $body ]] || die "-new: the message is empty: say why the patch is needed. Nothing was changed."
	who=$(git -C "$root" var GIT_AUTHOR_IDENT) || die "git does not know who you are (user.name, user.email). Nothing was changed."
	who=${who%>*}\>
	num=0000
	for p in "$stage"/patches/*.patch; do p=${p##*/} num=${p%%-*}; done
	printf -v num %04d $((10#$num + 1))
	slug=$(printf '%s' "$subject" | sed -e 's/[^A-Za-z0-9._]\{1,\}/-/g' -e 's/^-//' | cut -c 1-52 | sed 's/[-.]*$//')
	write_patch "From $zero Mon Sep 17 00:00:00 2001
From: $who
Date: $(date -R)
Subject: $subject

$body" "${nt[n]}" "${nt[n + 1]}" "$stage/patches/$num-$slug.patch"
	report+=("patches/$num-$slug.patch: new")
fi
for i in "${!mine[@]}"; do
	p=${mine[i]}
	mine[i]=$(project_path "$p")
	if [[ -n $(entry "$edited" "$p") ]]; then
		mkdir -p "$(dirname "$stage/${mine[i]}")"
		cp -p "$goroot/$p" "$stage/${mine[i]}"
		report+=("${mine[i]}")
	else
		[[ ${mine[i]} != dist/* ]] ||
			die "$p was deleted in goroot, but without ${mine[i]} it is upstream's. Nothing was changed. Edit it, or put it back by ./make.bash -f."
		rm -f "$stage/${mine[i]}"
		report+=("${mine[i]}: deleted")
	fi
done

# The proof: the project as it would be makes what is in goroot.
compose "$stage"
if [[ $composed != "$edited" ]]; then
	changed "$composed" "$edited"
	warn "the project would not make these files of goroot again:"
	list "${paths[@]}" >&2
	die "Nothing was changed. This is a mistake in misc/refresh.bash, or goroot was edited while it ran: run it again."
fi
prove_others "$stage"

if ((${#report[@]} == 0)); then
	say "nothing to do: the project makes goroot as it is"
	exit
fi
list() { printf '\t%s\n' "$@"; }
if $dry; then
	say "would write:"
	list "${report[@]}"
	exit
fi

# install FILE puts the staged FILE in its place in one step.
install() {
	mkdir -p "$(dirname "$root/$1")"
	cp -p "$stage/$1" "$root/$1.refresh~"
	mv -f "$root/$1.refresh~" "$root/$1"
}
for p in "${mine[@]}"; do
	if [[ -f $stage/$p ]]; then
		install "$p"
	else
		rm -f "$root/$p"
		rmdir -p "$(dirname "$root/$p")" 2>/dev/null || true
	fi
done
for p in "$stage"/patches/*.patch; do
	p=patches/${p##*/}
	cmp -s "$stage/$p" "$root/$p" || install "$p"
done
for p in "$root"/patches/*.patch; do
	[[ -f $stage/patches/${p##*/} ]] || rm -f "$p"
done
record
say "wrote:"
list "${report[@]}"
