#!/usr/bin/env bash
# Moves the project to a new upstream release. misc/release.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOT'
usage: misc/release.bash [-n] [-parts LIST] go1.27.5
       misc/release.bash -continue [-split] [-parts LIST]
       misc/release.bash -abort

Moves the project to an upstream release: of a minor version that VERSION has, or of a
newer one, which then becomes the default. It
 1. gets the release by the go command, which asks the checksum database;
 2. lists what upstream changed in the files that patches/ touches, and in the functions
    that misc/model/functions names;
 3. puts each patch on the new release by a three-way merge;
 4. proves that the patches as they are then apply to all releases of the new VERSION;
 5. writes VERSION, misc/base.trees, the patches that must change, and the numbers in
    README.md and the other documents; nothing is committed;
 6. builds each release and tests it.

Where a patch does not merge, it stops before it has written anything. Then
goroot.release is a git repository in which each patch is a commit. Mend the files that
it names there, and run misc/release.bash -continue. Other commits there may be amended too.

Flags:
	-n		build nothing, and write only what upstream changed, into logs/release
	-parts LIST	the parts of run.bash to run, with commas, or none to build nothing
			either; by default build (for the default release),
			api,programs,threads,upstream,stress
	-continue	go on after a conflict, or once more after a proof that failed
	-split		where a patch had to change and would not fit the other release any
			more, have one for each. This is the last resort.
	-abort		remove goroot.release
	-h		this text
EOT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
. "$root/misc/lib.bash"

action=start dry=false split=false parts_given='' new=''
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-n) dry=true ;;
	-split) split=true ;;
	-continue | -abort)
		[[ $action == start ]] || die "-$action and $1 exclude each other"
		action=${1#-}
		;;
	-parts)
		[[ -n ${2-} ]] || die "-parts wants names of parts of run.bash, with commas, or none"
		parts_given=$2
		shift
		;;
	-*)
		usage >&2
		die "unknown flag \"$1\""
		;;
	*)
		[[ -z $new ]] || die "one release at a time: $new or $1?"
		new=$1
		;;
	esac
	shift
done
if [[ $action == start ]]; then
	[[ -n $new ]] || {
		usage >&2
		die "which release?"
	}
	[[ $new =~ ^go1\.[1-9][0-9]{0,2}\.(0|[1-9][0-9]{0,2})$ ]] || die "\"$new\" is no release: want something like go1.27.5"
	! $split || die "-split goes with -continue"
else
	[[ -z $new ]] || die "-$action goes on with the release that was begun, so it takes no other"
	! $dry || die "-n does not go with -$action"
	[[ $action == continue ]] || ! $split || die "-split goes with -continue"
fi
[[ -z $parts_given || $parts_given == *[^,]* ]] || die "-parts wants names of parts of run.bash, with commas, or none"
for part in ${parts_given//,/ }; do
	[[ $parts_given == none ]] || grep -q "^	\[$part\]=" "$root/run.bash" || die "-parts: run.bash has no part \"$part\""
done
[[ -z ${RELEASE-} ]] || die "RELEASE is set, but this moves all releases: unset RELEASE"
unset GOROOT_BASE # it can be only one of the releases that are needed
read_version

dir=$root/goroot.release # the repository in which the patches move
notes=$root/logs/release # what upstream changed

if [[ $action == abort ]]; then
	[[ -d $dir/.git/make ]] || die "there is nothing to abort: no goroot.release"
	lock
	rm -rf "$dir"
	unlock
	say "goroot.release is removed. The project is as it was."
	exit
fi

keep=false writing=false
lock
cleanup() {
	! $writing || warn "interrupted while it wrote into the project. Put back what it writes: git checkout ${what_moves[*]} ${numbered[*]}; git clean -f patches. Then run misc/release.bash -continue, or -abort."
	$keep || rm -rf "$dir"
	rm -rf "$root/goroot.new"
	unlock
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# d runs git in goroot.release as its user would, on its own index.
d() { index='' git_clean -C "$dir" -c core.editor=true -c merge.conflictStyle=diff3 "$@"; }

# what_moves prints what must not change under a move.
what_moves=(patches VERSION misc/base.trees)
what_moves() { index='' git_clean -C "$root" rev-parse "${what_moves[@]/#/HEAD:}"; }

# clean_project PATH... dies if these are not as they are committed.
clean_project() {
	local changes
	changes=$(index='' git_clean -C "$root" status --porcelain -- "$@") || die "$root is no git repository, so nothing would be there to go back to"
	[[ -z $changes ]] || die "not committed:"$'\n'"$changes"$'\n'"Nothing was changed. Commit that, or put it back."
}

# clean_goroots dies if there are edits in a goroot.
clean_goroots() {
	local v
	for v in "${versions[@]}"; do
		use_version "$v"
		[[ -f $goroot/.git/make/synced ]] || continue
		use_goroot "$goroot"
		rm -f "$state"/*.lock
		scan
		changed "$(getstate synced)" "$worktree"
		((${#paths[@]} == 0)) || {
			warn "edited in ${goroot##*/}, and not in the project:"
			list "${paths[@]}" >&2
			die "Nothing was changed. $(to_keep "Keep them with misc/refresh.bash"), and commit, or throw them away with $make -f."
		}
	done
}

# number RELEASE prints it as a number that grows.
number() {
	local n
	IFS=. read -r -a n <<<"$1"
	printf '%d%05d\n' "${n[1]}" "${n[2]-0}"
}

# plan sets from to the line of VERSION whose release the patches come from, and news to
# the lines of the new VERSION.
plan() {
	local v m
	m=$(minor_of "$new")
	from='' news=()
	for v in "${versions[@]}"; do
		if [[ $(minor_of "$v") == "$m" ]]; then
			[[ ${v%%-*} != "$new" ]] || die "VERSION has $new already"
			(($(number "${v%%-*}") < $(number "$new"))) || die "VERSION has ${v%%-*}, which is newer than $new"
			from=$v
			v=$new-threadlocker$revision
		fi
		news+=("$v")
	done
	[[ -z $from ]] || return 0
	from=${versions[0]}
	(($(number "${from%%-*}") < $(number "$new"))) ||
		die "VERSION has no $m, and $m is older than the default, $(minor_of "$from"). Only newer minor versions are added."
	news=("$new-threadlocker$revision" "$from")
}

# upstream_changes OLD NEW lists what upstream changed between these trees that
# concerns the project, and leaves the differences in logs/release.
upstream_changes() {
	local old=$1 now=$2 file name added removed log touched=() changes=()
	mkdir -p "$notes"
	changed "$old" "${trees[-1]}"
	touched=("${paths[@]}")
	log=$notes/${from%%-*}-$new.files.diff
	g diff-tree -r -p --no-renames --no-color --no-ext-diff "$old" "$now" -- "${touched[@]}" >"$log"
	while IFS=$'\t' read -r added removed file; do
		changes+=("$file: +$added -$removed")
	done < <(g diff-tree -r --no-renames --numstat "$old" "$now" -- "${touched[@]}")
	say "of the ${#touched[@]} files that patches/ touches, upstream changed ${#changes[@]} (${log#"$root/"}):"
	for name in "${changes[@]}"; do printf '\t%s\n' "$name"; done

	[[ -f $root/misc/model/functions ]] || return 0
	log=$notes/${from%%-*}-$new.functions.diff
	: >"$log"
	changes=() touched=()
	while read -r file name _; do
		[[ $file == goroot/* ]] || continue
		file=${file#goroot/}
		touched+=("$name")
		text() { g cat-file blob "$1:$file" 2>/dev/null | function_text "$name" || true; }
		[[ $(text "$now") != "$(text "$old")" ]] || continue
		diff -u --label "${from%%-*} $file $name" --label "$new $file $name" <(text "$old") <(text "$now") >>"$log" || true
		[[ -n $(text "$now") ]] || name+=", which is gone"
		changes+=("$file: $name")
	done <"$root/misc/model/functions"
	say "of the ${#touched[@]} upstream functions that misc/model follows, upstream changed ${#changes[@]} (${log#"$root/"}):"
	for name in "${changes[@]}"; do printf '\t%s\n' "$name"; done
}

# begin makes goroot.release, and has git put the patches on the new release.
begin() {
	local v i commit
	[[ ! -e $dir || -d $dir/.git/make ]] || {
		keep=true
		die "$dir was not made by this script. Move it away or remove it."
	}
	[[ ! -f $dir/.git/make/move ]] || {
		keep=true
		die "a move is under way in goroot.release, to $(sed 's/ .*//' "$dir/.git/make/move"). Go on with misc/release.bash -continue, or give it up with -abort."
	}
	rm -rf "$dir"
	clean_project "${what_moves[@]}" src api doc dist misc README.md PROPOSAL.md
	plan
	clean_goroots

	v=$(type -P go) || die "no go command in PATH, to get $new"
	use_version "$new-threadlocker$revision"
	download_base "$v"
	[[ $basedir == */golang.org/toolchain@* ]] ||
		warn "note: $basedir is installed, not downloaded, so no checksum database vouches for it. Its hashes are taken as they are."
	copy_base "$dir"
	init_store "$dir"
	take_base
	setstate "base.$release" "$base"
	local now=$base
	cp "$index" "$store/index"
	commit=$(printf '%s, unmodified\n' "$new" | g commit-tree "$now")
	g update-ref refs/heads/goroot "$commit"
	g update-ref refs/tags/new "$commit"

	# Hunks that fit several places are written anew below.
	local allow_ambiguous=true
	# What the other releases are made into must not change without a new N.
	for v in "${news[@]}"; do
		[[ ${v%%-*} != "$new" ]] || continue
		use_version "$v"
		stored_base
		compose "$root"
		setstate "composed.$release" "$composed"
	done
	use_version "$from"
	stored_base
	compose "$root"
	upstream_changes "$base" "$now"

	commit=$(printf '%s, unmodified\n' "$release" | g commit-tree "$base")
	g update-ref refs/tags/old "$commit"
	for ((i = 0; i < ${#patches[@]}; i++)); do
		commit=$(printf 'patches/%s\n' "${patches[i]}" | g commit-tree "${trees[i + 1]}" -p "$commit")
	done
	g update-ref refs/tags/patches "$commit"
	: >"$state/patches"
	((${#patches[@]} == 0)) || printf '%s\n' "${patches[@]}" >"$state/patches"
	what_moves >"$state/project"
	setstate parts "${parts_given:-default}"
	setstate move "$new ${from%%-*}"
	((${#patches[@]} == 0)) || merge cherry-pick --keep-redundant-commits old..patches
}

# merge ARG... runs git, which puts patches on the new release until one does not merge.
merge() {
	local name files=() out
	if out=$(d "$@" 2>&1); then return; fi
	mapfile -t files < <(d diff --name-only --diff-filter=U)
	((${#files[@]})) || die "git ${1-} failed: $out"
	name=$(d log -1 --format=%s CHERRY_PICK_HEAD)
	warn "$name does not merge into $new. To mend in goroot.release:"
	list "${files[@]}" >&2
	if $dry; then die "Nothing was changed."; fi
	keep=true
	die "Nothing in the project has changed. Mend these files (git diff there shows the conflicts, ${notes#"$root/"}/*.files.diff what upstream did), and run misc/release.bash -continue, or -abort."
}

# go_on takes what was mended, and lets git go on.
go_on() {
	local f bad=()
	while d rev-parse -q --verify CHERRY_PICK_HEAD >/dev/null; do
		while IFS= read -r f; do
			if [[ -f $dir/$f ]] && grep -qE '^(<<<<<<<|>>>>>>>) ' "$dir/$f"; then bad+=("$f"); fi
		done < <(d diff --name-only HEAD) # not only what is unmerged: git add calls a file merged
		((${#bad[@]} == 0)) || {
			warn "these files of goroot.release have conflict markers yet:"
			list "${bad[@]}" >&2
			die "Mend them, and run misc/release.bash -continue again."
		}
		d add -A
		# A patch of which nothing is left has an empty commit.
		d commit -q --allow-empty -m "$(d log -1 --format=%s CHERRY_PICK_HEAD)"
		[[ ! -d $dir/.git/sequencer ]] || merge cherry-pick --continue
	done
	[[ ! -d $dir/.git/sequencer ]] || merge cherry-pick --continue
	[[ -z $(d status --porcelain) ]] || die "goroot.release has changes that are in none of its commits: commit --amend them, or put them back, and run misc/release.bash -continue again."
}

# write_new writes into stage what the project will have, and proves it.
write_new() {
	local i f name subject kept='' at old commits=() mended=() nt
	use_version "$new-threadlocker$revision"
	stage=$state/stage
	rm -rf "$stage"
	mkdir -p "$stage/patches"
	for f in "${overlaydirs[@]}" dist; do
		if [[ -d $root/$f ]]; then cp -R "$root/$f" "$stage/$f"; fi
	done
	if [[ -f $root/.gitignore ]]; then cp "$root/.gitignore" "$stage/"; fi
	for f in "$root"/patches/*.patch; do cp "$f" "$stage/patches/"; done
	for f in "${news[@]}"; do [[ ${f%%-*} == "$new" ]] || kept=$(minor_of "$f"); done

	mapfile -t mended <"$state/patches"
	mapfile -t commits < <(d rev-list --reverse --first-parent new..HEAD)
	for ((i = 0; i < ${#mended[@]} || i < ${#commits[@]}; i++)); do
		subject=$([[ -z ${commits[i]-} ]] || d log -1 --format=%s "${commits[i]}")
		[[ $subject == "patches/${mended[i]-}" ]] ||
			die "the commits in goroot.release must be the patches, one for one and in order, but number $((i + 1)) is \"$subject\", not \"patches/${mended[i]-}\". Mend that (git rebase -i new there), and run misc/release.bash -continue again."
	done

	report=()
	nt=$(d rev-parse new^{tree})
	for ((i = 0; i < ${#mended[@]}; i++)); do
		name=${mended[i]} at=$nt
		nt=$(d rev-parse "${commits[i]}^{tree}")
		f=$stage/patches/$name
		# One for another minor version only goes on as one for this.
		if [[ $name =~ ^(.*)\.go1\.[0-9]+\.patch$ && $name != *".$minor.patch" ]]; then
			name=${BASH_REMATCH[1]}.$minor.patch
			cp "$f" "$stage/patches/$name"
			f=$stage/patches/$name
			report+=("patches/$name: as ${mended[i]}")
		fi
		old=$f.old
		cp "$f" "$old"
		index=$state/try.index
		g read-tree "$at"
		if [[ -z $(ambiguous "$old") ]] && g apply --cached --whitespace=nowarn "$old" 2>/dev/null && [[ $(g write-tree) == "$nt" ]]; then
			index=$state/index
			rm "$old"
			continue
		fi
		index=$state/index
		if [[ $name != *".$minor.patch" && -n $kept ]] && { $split || [[ $nt == "$at" ]]; }; then
			rm "$f"
			cp "$old" "${f%.patch}.$kept.patch"
			report+=("patches/${name%.patch}.$kept.patch: as before, for $kept only")
			name=${name%.patch}.$minor.patch
		fi
		f=$stage/patches/$name
		if [[ $nt == "$at" ]]; then
			rm -f "$f"
			report+=("patches/$name: nothing left of it")
		else
			write_patch "$(header "$old")" "$at" "$nt" "$f"
			report+=("patches/$name")
		fi
		rm "$old"
	done
	# A patch for a minor version that is dropped goes with it.
	for f in "$stage"/patches/*.patch; do
		[[ ! $f =~ \.(go1\.[0-9]+)\.patch$ || $(printf '%s\n' "${news[@]}") == *"${BASH_REMATCH[1]}."* ]] || {
			rm "$f"
			report+=("patches/${f##*/}: removed with ${BASH_REMATCH[1]}")
		}
	done

	local v status olds=("${versions[@]}") raise=false
	versions=("${news[@]}")
	base=$(getstate "base.$new")
	compose "$stage"
	[[ ${trees[-1]} == "$nt" ]] || die "the patches do not make what is in goroot.release. This is a mistake in misc/release.bash."
	new_base_section >"$stage/section"
	say "the patches apply to $new, each hunk to one place"
	for v in "${news[@]}"; do
		[[ ${v%%-*} != "$new" ]] || continue
		use_version "$v"
		prove "$v" "$stage"
		((status == 0)) || die "The patches as they are for $new must apply to $release too, but do not (see above). Nothing in the project was changed. Amend the commits in goroot.release so that the lines near each hunk are what both have, or move code into src/, and run misc/release.bash -continue again; if nothing else can do, with -split."
		say "the patches apply to $release too, each hunk to one place"
		[[ $(getstate proved) == "$(getstate "composed.$release")" ]] || raise=true
	done
	if $raise; then
		# One version must not name two different things.
		revision=$((revision + 1))
		news=("${news[@]/%-threadlocker*/-threadlocker$revision}")
		time_line="time $(date -u +%Y-%m-%dT00:00:00Z)"
		report+=("VERSION: N is $revision now, for another release than $new changes too")
	else
		report+=(VERSION)
	fi
	versions=("${olds[@]}")
}

# install_new puts it into the project.
install_new() {
	local f v i p pairs=()
	put() { # FILE PATH
		cmp -s "$1" "$root/$2" && return
		cp "$1" "$root/$2.release~"
		mv -f "$root/$2.release~" "$root/$2"
	}
	{
		sed '/^release /,$d' "$root/misc/base.trees" | sed '${/^$/d}'
		for v in "${news[@]}"; do
			echo
			if [[ ${v%%-*} == "$new" ]]; then
				cat "$stage/section"
			else
				printf 'release %s\n' "${v%%-*}"
				base_section "${v%%-*}"
			fi
		done
	} >"$stage/base.trees"
	for f in "$root"/patches/*.patch; do
		[[ -f $stage/patches/${f##*/} ]] || rm -f "$f"
	done
	for f in "$stage"/patches/*.patch; do put "$f" "patches/${f##*/}"; done
	put "$stage/base.trees" misc/base.trees
	report+=(misc/base.trees)
	for i in "${!versions[@]}"; do
		[[ -z ${news[i]-} ]] || pairs+=("${versions[i]}" "${news[i]}")
	done
	for p in "${numbered[@]}"; do
		[[ -f $root/$p ]] || continue
		renumber "${pairs[@]}" <"$root/$p" | insert_release_table "${news[@]}" >"$stage/document"
		cmp -s "$stage/document" "$root/$p" || {
			put "$stage/document" "$p"
			report+=("$p")
		}
	done
	printf '%s\n' "${news[@]}" "$time_line" >"$stage/VERSION"
	put "$stage/VERSION" VERSION
	read_version
}

# build_and_test makes each release and runs what must pass.
build_and_test() {
	local v what run=() failed=()
	for v in "${versions[@]}"; do
		use_version "$v"
		say "$make"
		RELEASE=$minor "$root/make.bash" -nodemo ||
			die "$release does not build (see above). The project is moved. Mend it in goroot and with misc/refresh.bash, or put the project back with git checkout."
		run=(${what_to_run//,/ })
		if [[ $what_to_run == default ]]; then run=(build api programs threads upstream stress); fi
		[[ -z $suffix ]] || run=("${run[@]/#build/}")
		run=(${run[@]})
		((${#run[@]})) || continue
		what=${make/make.bash/run.bash}
		say "$what ${run[*]}"
		RELEASE=$minor "$root/run.bash" "${run[@]}" || failed+=("$what")
	done
	((${#failed[@]} == 0)) || die "failed: ${failed[*]}. The project is moved; mend it, and run that again."
}

start=$SECONDS
if [[ $action == start ]]; then
	begin
else
	[[ -f $dir/.git/make/move ]] || die "there is nothing to go on with: no move was begun"
	keep=true
	use_goroot "$dir"
	rm -f "$state"/*.lock
	read -r new _ <"$state/move"
	plan
	clean_project "${what_moves[@]}"
	[[ $(what_moves) == "$(<"$state/project")" ]] ||
		die "${what_moves[*]} of the project are not what they were when the move to $new began. Check that commit out, or begin again: misc/release.bash -abort, misc/release.bash $new."
	use_version "$new-threadlocker$revision"
	go_on
fi
what_to_run=${parts_given:-$(getstate parts)}
$dry || keep=true
write_new
if $dry; then
	say "would write:"
	list "${report[@]}"
	exit
fi
writing=true
install_new
keep=false writing=false
cleanup
trap - EXIT
say "wrote, in $((SECONDS - start)) s:"
list "${report[@]}"
[[ $what_to_run == none ]] || build_and_test
cat <<EOT
$prog: $new is in VERSION. What remains to be done:
	read logs/release/*.diff, and if a function changed that the model follows, compare
	it, and run misc/model/check.bash -compared;
	git diff, and git commit.
EOT
