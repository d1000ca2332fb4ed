# Functions shared by make.bash and the tools in misc. It is sourced, after
# "set -euo pipefail", by a script that has set root to the project's directory.
#
# goroot is a git repository of its own. Its object store holds the pristine
# base, so every question about who changed what is a comparison of trees:
#
#	base       the unmodified release
#	trees[i]   base with the first i patches
#	composed   base with all patches, src/, api/, doc/, dist/ and VERSION
#	synced     what was last written into goroot from the project
#	worktree   what is in goroot now
#
# An edit made in goroot is a difference between synced and worktree; a change
# made in the project is a difference between synced and composed.

if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
	echo "$0: bash 4.4 or newer is needed, this is $BASH_VERSION" >&2
	exit 1
fi

# Nothing of the caller's may change what commands do with their arguments,
# what a glob matches or how names sort.
unset POSIXLY_CORRECT CDPATH GLOBIGNORE
export LC_ALL=C
shopt -s nullglob

prog=${0##*/}
goroot=$root/goroot
cachedir=$root/goroot.cache # GOCACHE and HOME of all builds and tests; may be deleted at any time
overlaydirs=(src api doc) # the directories whose files are wholly ours
# These files of goroot are ours in place of upstream's. The project has them in dist/.
distfiles=(README.md SECURITY.md CONTRIBUTING.md)

say() { printf '%s: %s\n' "$prog" "$*"; }
warn() { printf '%s: %s\n' "$prog" "$*" >&2; }
die() {
	warn "$@"
	exit 1
}

# What set -e ends without a word of its own still says where.
set -E
trap 'warn "failed (status $?) in ${BASH_SOURCE[0]##*/}, line $LINENO: $BASH_COMMAND"' ERR

# list prints its arguments one to a line, indented, at most 20 of them.
list() {
	local n=$#
	printf '\t%s\n' "${@:1:20}"
	((n <= 20)) || printf '\t... and %d more\n' $((n - 20))
}

# clean_env CMD... runs CMD with nothing of the caller's environment but what
# finds programs and temporary space. The build cache is the project's own.
clean_env() {
	mkdir -p "$cachedir/home"
	env -i PATH="$PATH" HOME="$cachedir/home" LC_ALL=C ${TMPDIR:+TMPDIR="$TMPDIR"} \
		GOENV=off GOPROXY=off GOWORK=off GOTOOLCHAIN=local GOTELEMETRY=off GOCACHE="$cachedir/go-build" "$@"
}

# modules_from GO sets module_vars to the variables by which a command in clean_env
# gets modules from where the go command GO gets them in the caller's environment.
modules_from() {
	local names=(GOPROXY GOMODCACHE GOSUMDB GOPRIVATE GONOPROXY GONOSUMDB GOINSECURE GOVCS) values i
	mapfile -t values < <(cd / && env -u GOROOT GOTOOLCHAIN=local "$1" env "${names[@]}")
	((${#values[@]} == ${#names[@]})) || die "$1 env does not tell where modules come from"
	module_vars=()
	for i in "${!names[@]}"; do
		[[ -z ${values[i]} ]] || module_vars+=("${names[i]}=${values[i]}")
	done
	for i in GOAUTH NETRC {HTTP,HTTPS,NO}_PROXY {http,https,no}_proxy SSL_CERT_{FILE,DIR}; do
		[[ -z ${!i-} ]] || module_vars+=("$i=${!i}")
	done
}

# git_clean runs git without any configuration or variable of the caller's:
# line endings, whitespace checks, hooks and ignore files could all change bytes.
git_clean() {
	env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C TZ=UTC \
		GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 \
		GIT_AUTHOR_NAME=make.bash GIT_AUTHOR_EMAIL=make.bash GIT_AUTHOR_DATE='946684800 +0000' \
		GIT_COMMITTER_NAME=make.bash GIT_COMMITTER_EMAIL=make.bash GIT_COMMITTER_DATE='946684800 +0000' \
		${index:+GIT_INDEX_FILE="$index"} \
		git "$@"
}

# g runs git on goroot's object store, on the index named by $index and
# the work tree named by $tree. The work tree is also the current directory:
# in a subdirectory of one, git apply silently skips what lies outside.
g() {
	git_clean -C "$tree" --literal-pathspecs --git-dir="$store" --work-tree="$tree" -c core.excludesFile=/dev/null "$@"
}

# use_goroot DIR makes DIR's repository and work tree the current ones.
use_goroot() {
	tree=$1
	store=$1/.git
	state=$store/make
	index=$state/index
}

# getstate NAME prints what setstate NAME stored, or nothing.
getstate() {
	if [[ -f $state/$1 ]]; then cat "$state/$1"; fi
}
setstate() {
	printf '%s\n' "$2" >"$state/$1.tmp"
	mv -f "$state/$1.tmp" "$state/$1"
}

# first_line FILE prints FILE's first line, or nothing.
first_line() {
	local line=
	if [[ -f $1 ]]; then read -r line <"$1" || true; fi
	printf '%s\n' "$line"
}

# read_version sets version (go1.26.8-threadlocker1) and release (go1.26.8).
read_version() {
	version=$(first_line "$root/VERSION")
	release=${version%%-*}
	[[ $version =~ ^go1\.[0-9]+(\.[0-9]+)?-threadlocker[0-9]+$ ]] ||
		die "VERSION: the first line is \"$version\", want something like go1.26.8-threadlocker1"
}

# check_base DIR dies unless DIR is a Go tree of the right version.
check_base() {
	local v
	[[ -d $1 ]] || die "$2: there is no directory $1. Set GOROOT_BASE to the GOROOT of an unmodified $release, or unset it."
	[[ -f $1/VERSION ]] || die "$1/VERSION is missing: not a Go release ($2). Set GOROOT_BASE to the GOROOT of an unmodified $release, or unset it."
	v=$(first_line "$1/VERSION")
	[[ $v == "$release" ]] ||
		die "$1/VERSION says $v ($2), but VERSION wants $release. Set GOROOT_BASE to the GOROOT of an unmodified $release, or unset it."
	[[ -f $1/src/make.bash && -x $1/bin/go ]] ||
		die "$1 has no src/make.bash or no bin/go ($2): an incomplete $release. Set GOROOT_BASE to a complete one, or unset it."
}

# find_base sets basedir.
find_base() {
	local gocmd r some=''
	if [[ -n ${GOROOT_BASE-} ]]; then
		check_base "$GOROOT_BASE" "from GOROOT_BASE"
		basedir=$(cd "$GOROOT_BASE" && pwd -P)
		return
	fi
	while IFS= read -r gocmd; do
		r=$(cd / && env -u GOROOT -u GOEXPERIMENT -u GOOS -u GOARCH GOENV=off GOFLAGS= GOWORK=off GOTOOLCHAIN=local "$gocmd" env GOROOT 2>/dev/null) || continue
		[[ -n $r ]] || continue
		[[ -n $some ]] || some=$gocmd
		if [[ $(first_line "$r/VERSION") == "$release" ]]; then
			basedir=$(cd "$r" && pwd -P)
			check_base "$basedir" "installed as $gocmd"
			return
		fi
	done < <(type -ap go)
	[[ -n $some ]] ||
		die "no Go found: GOROOT_BASE is not set and there is no go command in PATH. Install $release (or any go1.21 or later, which can download it), or set GOROOT_BASE to the GOROOT of an unmodified $release."
	say "asking $some for $release"
	# GOPROXY and the like stay the caller's: only they know how to reach a proxy.
	r=$(cd / && env -u GOROOT -u GOEXPERIMENT -u GOOS -u GOARCH GOFLAGS= GOWORK=off GOTOOLCHAIN="$release" "$some" env GOROOT) || r=''
	[[ -n $r && $(first_line "$r/VERSION") == "$release" ]] ||
		die "$some is not $release and could not get it (GOTOOLCHAIN=$release $some env GOROOT). Install $release, or set GOROOT_BASE to the GOROOT of an unmodified one."
	basedir=$r
	check_base "$basedir" "downloaded by $some"
}

# alive PID: it runs, and is not a dead process that nobody has waited for.
alive() {
	kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.*Z' "/proc/$1/status"
}

# lock keeps a second run out. The lock names the processes that hold it, so
# that one left by a killed run does not stand in the way.
lock() {
	lockdir=$root/goroot.lock
	local pid err
	until err=$(mkdir "$lockdir" 2>&1); do
		[[ -d $lockdir ]] || die "cannot write in $root: ${err##*: }. Make it writable, or clone the project to where you may write."
		for pid in $(cat "$lockdir/pid" 2>/dev/null); do
			! alive "$pid" ||
				die "process $pid is at work on goroot. Wait for it; if it is something else, remove $lockdir."
		done
		rm -rf "$lockdir"
	done
	if ! echo $$ 2>/dev/null >"$lockdir/pid"; then
		rm -rf "$lockdir"
		die "cannot write in $root: is the disk full?"
	fi
}
unlock() { rm -rf "$lockdir"; }

# patch_files DIR sets patches to the names of DIR's patches, in order.
patch_files() {
	local p n last=
	patches=()
	for p in "$1"/patches/*; do
		p=${p##*/}
		[[ $p =~ ^([0-9]{4})-[^/]+\.patch$ ]] ||
			die "patches/$p: the name is not NNNN-What-it-does.patch. Rename or remove it."
		n=${BASH_REMATCH[1]}
		[[ $n != "$last" ]] || die "patches/$p: the number $n is taken by ${patches[-1]}. Renumber one of them."
		last=$n
		patches+=("$p")
	done
}

# project_path FILE prints where the project has goroot's FILE, which is ours.
project_path() {
	case " ${distfiles[*]} " in
	*" $1 "*) printf 'dist/%s\n' "$1" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# compose DIR sets composed to the tree that the base and DIR's patches, src,
# api, doc, dist and VERSION make; also trees, patches and owned (DIR's own files,
# named as in goroot).
# It touches no work tree.
compose() {
	local from=$1 p out index=$state/compose.index clash line
	patch_files "$from"
	g read-tree "$base"
	trees=("$base")
	for p in "${patches[@]}"; do
		if ! out=$(g apply --cached --whitespace=nowarn "$from/patches/$p" 2>&1); then
			warn "patches/$p does not apply to $release with the patches before it:"
			printf '%s\n' "$out" | sed 's/^/	/' >&2
			missing_dirs_note
			die "Mend patches/$p, or take it out of patches/."
		fi
		trees+=("$(g write-tree)")
	done

	# The files that are wholly ours, from an index of their own.
	local d present=()
	owned=()
	for d in "${overlaydirs[@]}"; do
		[[ ! -d $from/$d ]] || present+=("$d")
	done
	rm -f "$state/overlay.index"
	if ((${#present[@]})); then
		index=$state/overlay.index tree=$from g add -- "${present[@]}"
		mapfile -d '' -t owned < <(index=$state/overlay.index g ls-files -z)
	fi
	if ((${#owned[@]})); then
		clash=()
		while IFS= read -r -d '' line; do
			clash+=("$line")
		done < <(g ls-tree -r -z --name-only "${trees[-1]}" -- "${owned[@]}")
		if ((${#clash[@]})); then
			warn "these files are upstream's, or a patch makes them, so they cannot stand in src/, api/ or doc/ too:"
			list "${clash[@]}" >&2
			die "Remove them there and change them by a patch (misc/README.md says how)."
		fi
		index=$state/overlay.index g ls-files -s -z >"$state/overlay.info"
		g update-index -z --index-info <"$state/overlay.info"
	fi
	local f mode
	for f in "${distfiles[@]}"; do
		[[ -f $from/dist/$f ]] || continue
		mode=100644
		[[ ! -x $from/dist/$f ]] || mode=100755
		g update-index --add --cacheinfo "$mode,$(g hash-object -w --no-filters -- "$from/dist/$f"),$f"
		owned+=("$f")
	done
	g update-index --add --cacheinfo "100644,$(g hash-object -w --no-filters -- "$from/VERSION"),VERSION"
	composed=$(g write-tree)
}

# missing_dirs_note says which directories the base came without.
missing_dirs_note() {
	local d missing=()
	for d in api doc misc test; do
		g rev-parse -q --verify "$base:$d" >/dev/null || missing+=("$d/")
	done
	((${#missing[@]})) || return 0
	warn "note: the base has no ${missing[*]}. Patches to files there cannot apply, and upstream's tests that need them" \
		"(cmd/internal/testdir, the Std tests of go/types and types2, cmd/api's check) report ok without running." \
		"Set GOROOT_BASE to a full distribution of $release to have them."
}

# scan sets worktree to the tree of what is in goroot now, build products and
# editors' droppings aside (see .git/info/exclude there).
scan() {
	g add -A -- . 2>"$state/add.err" || {
		cat "$state/add.err" >&2
		die "cannot read all of $tree"
	}
	worktree=$(g write-tree)
}

# changed TREE TREE sets paths to the names that differ.
changed() {
	mapfile -d '' -t paths < <(g diff-tree -r -z --no-renames --name-only "$1" "$2")
}

# write_paths TREE PATH... makes these files of goroot what they are in TREE.
write_paths() {
	local from=$1 p have=() d
	shift
	(($#)) || return 0
	local index=$state/checkout.index
	g read-tree "$from"
	mapfile -d '' -t have < <(g ls-files -z -- "$@")
	local -A keep=()
	for p in "${have[@]}"; do keep[$p]=1; done
	for p; do
		[[ -z ${keep[$p]-} ]] || continue
		rm -f -- "$tree/$p"
		d=$p
		while [[ $d == */* ]]; do
			d=${d%/*}
			rmdir -- "$tree/$d" 2>/dev/null || break
		done
	done
	if ((${#have[@]})); then
		printf '%s\0' "${have[@]}" | g checkout-index -f -z --stdin
	fi
}

# entry TREE PATH prints the mode and blob of PATH in TREE, or nothing.
entry() {
	local mode type id rest
	while read -r mode type id rest; do
		printf '%s %s\n' "$mode" "$id"
	done < <(g ls-tree "$1" -- "$2")
}

# sync brings what changed in the project since the last time into goroot. Edits
# made in goroot stay; where both changed one file differently it stops before
# it has written anything. Wants compose and scan to have run.
sync() {
	local synced p both=() take=()
	synced=$(getstate synced)
	local -A edited=()
	changed "$synced" "$worktree"
	for p in "${paths[@]}"; do edited[$p]=1; done
	changed "$synced" "$composed"
	for p in "${paths[@]}"; do
		if [[ -z ${edited[$p]-} ]]; then
			take+=("$p")
		elif [[ $(entry "$worktree" "$p") != "$(entry "$composed" "$p")" ]]; then
			both+=("$p")
		fi
	done
	if ((${#both[@]})); then
		warn "edited in goroot, and changed differently in patches/ or src/ since goroot was made:"
		list "${both[@]}" >&2
		die "Nothing was changed. To keep the edits: put patches/ and src/ back to the state that goroot was made from" \
			"(git stash, or check that commit out), run misc/refresh.bash, commit, and merge. To throw away all edits in goroot: ./make.bash -f."
	fi
	if ((${#take[@]})); then
		write_paths "$composed" "${take[@]}"
		scan
	fi
	record
}

# record notes that goroot now stands for composed, and shows it as the history
# of goroot's repository, so that "git diff" in goroot tells the edits that
# are not yet in the project.
record() {
	local i commit old
	setstate synced "$composed"
	commit=$(printf '%s\n' "$release, unmodified" | g commit-tree "$base")
	for ((i = 0; i < ${#patches[@]}; i++)); do
		commit=$(printf 'patches/%s\n' "${patches[i]}" | g commit-tree "${trees[i + 1]}" -p "$commit")
	done
	commit=$(printf 'src, api, doc, dist, VERSION\n' | g commit-tree "$composed" -p "$commit")
	old=$(g rev-parse -q --verify refs/heads/goroot || true)
	if [[ $commit != "$old" || ! -f $store/index ]]; then
		g update-ref refs/heads/goroot "$commit"
		cp "$index" "$state/head.index"
		index=$state/head.index g read-tree -m "$composed"
		mv -f "$state/head.index" "$store/index"
	fi
}
