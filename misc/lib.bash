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

# function_text NAME prints the function or method NAME of the Go file on standard input.
function_text() { sed -n "/^func \(([^)]*) \)\?$1(/,/^}/p"; }

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

# VERSION in the project has a line for each release, the default first, and then one
# time line. N is the same on all of them:
#
#	go1.27.4-threadlocker2
#	go1.26.11-threadlocker2
#	time 2026-11-27T00:00:00Z
#
# A release is named by its number, go1.26.11, or by its minor version, go1.26.

# minor_of VERSION prints go1.26 for go1.26.11 and for go1.26.11-threadlocker2.
minor_of() {
	[[ $1 =~ ^go1\.[0-9]+ ]] && printf '%s\n' "${BASH_REMATCH[0]}"
}

# read_versions FILE sets versions to the lines of FILE that name one, time_line to the
# last line, and revision to N.
read_versions() {
	local file=$1 text n=0 m seen=' '
	versions=() time_line='' revision=''
	[[ -f $file ]] || die "VERSION is missing"
	while IFS= read -r text || [[ -n $text ]]; do
		n=$((n + 1))
		[[ -z $time_line ]] || die "VERSION: line $n, \"$text\", is after the time line, which must be the last"
		if [[ $text =~ ^time\ [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]; then
			time_line=$text
			continue
		fi
		[[ $text =~ ^go1\.[0-9]+(\.[0-9]+)?-threadlocker([0-9]+)$ ]] ||
			die "VERSION: line $n is \"$text\", want something like go1.27.4-threadlocker2, or at last a line like time 2026-11-27T00:00:00Z"
		[[ -n $revision ]] || revision=${BASH_REMATCH[2]}
		[[ ${BASH_REMATCH[2]} == "$revision" ]] ||
			die "VERSION: line $n is \"$text\", but the number after threadlocker is $revision on the lines before. It must be the same on all."
		m=$(minor_of "$text")
		[[ $seen != *" $m "* ]] || die "VERSION: line $n is \"$text\", but there is another line for $m"
		seen+="$m "
		versions+=("$text")
	done <"$file"
	((${#versions[@]})) || die "VERSION names no release: want a line like go1.27.4-threadlocker2"
	[[ -n $time_line ]] || die "VERSION: there is no time line at the end, like time 2026-11-27T00:00:00Z"
}

# use_version VERSION makes this line of VERSION the one that is worked on. It sets
#
#	version  go1.26.11-threadlocker2
#	release  go1.26.11
#	minor    go1.26
#	goroot   where it is built: ./goroot for the default, ./goroot.go1.26 for another
#	logs     where its tests write
#	make     what to type to build it
use_version() {
	version=$1
	release=${1%%-*}
	minor=$(minor_of "$1")
	suffix='' goroot=$root/goroot logs=$root/logs make=./make.bash
	[[ $version != "${versions[0]}" ]] || return 0
	suffix=.$minor
	goroot+=$suffix
	logs+=/$minor
	make="RELEASE=$minor $make"
}

# read_version uses the line of VERSION that RELEASE names, by default the first.
read_version() {
	local v known
	read_versions "$root/VERSION"
	for v in "${versions[@]}"; do
		[[ -z ${RELEASE-} || $RELEASE == "${v%%-*}" || $RELEASE == "$(minor_of "$v")" ]] || continue
		use_version "$v"
		return
	done
	known=$(for v in "${versions[@]}"; do printf '%s or %s, ' "$(minor_of "$v")" "${v%%-*}"; done)
	die "RELEASE=$RELEASE: VERSION has no such release. There are ${known%, }."
}

# numbered are the documents in which versions of VERSION stand. No other ones stand there,
# and README.md has a table of them. In doc/ and dist/ no version stands: they are a part of
# every goroot, so a move of one release would change the other one.
numbered=(README.md PROPOSAL.md misc/README.md)

# renumber OLD NEW [OLD NEW]... writes the text on standard input with each version OLD, and its
# release, replaced by NEW and its release. v1.27.4 is of another program.
renumber() {
	local script='' before='(^|[^0-9.v])' after='($|[^0-9.]|\.($|[^0-9]))' i=0 olds=() news=()
	while (($#)); do
		olds+=("$1") news+=("$2")
		shift 2
	done
	# First marks, for the new one of a pair may be the old one of another. A match takes
	# the character after it, so each is looked for twice.
	for i in "${!olds[@]}"; do
		local o=${olds[i]#go}
		local r=${o%%-*} n=${o#*-}
		r=${r//./\\.}
		script+="s/$before$r-$n"'($|[^0-9])'"/\\1@V$i@\\2/g;s/$before$r-$n"'($|[^0-9])'"/\\1@V$i@\\2/g;"
		script+="s/$before$r$after/\\1@R$i@\\2/g;s/$before$r$after/\\1@R$i@\\2/g;"
	done
	for i in "${!news[@]}"; do
		local o=${news[i]#go}
		script+="s/@V$i@/$o/g;s/@R$i@/${o%%-*}/g;"
	done
	sed -E "$script"
}

# release_table VERSION... prints README.md's table of releases. A release of Go is
# supported until there are two newer ones.
release_table() {
	local v m default="the default"
	echo "| version | how to build it | supported until |"
	echo "| --- | --- | --- |"
	for v; do
		m=$(minor_of "$v")
		printf '| `%s` | %s | the release of Go 1.%d |\n' "$v" "${default:-\`RELEASE=$m ./make.bash\`}" $((${m#go1.} + 2))
		default=''
	done
}

# insert_release_table VERSION... writes the text on standard input with the lines between
# <!-- releases --> and <!-- /releases --> replaced by the table.
insert_release_table() {
	local text
	while IFS= read -r text || [[ -n $text ]]; do
		printf '%s\n' "$text"
		[[ $text == "<!-- releases -->" ]] || continue
		release_table "$@"
		while IFS= read -r text && [[ $text != "<!-- /releases -->" ]]; do :; done
		printf '%s\n' "$text"
	done
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
	download_base "$some"
}

# download_base GO sets basedir to the release that the go command GO gets by itself,
# and verifies by the checksum database.
download_base() {
	local some=$1 r
	say "asking $some for $release"
	# GOPROXY and the like stay the caller's: only they know how to reach a proxy.
	r=$(cd / && env -u GOROOT -u GOEXPERIMENT -u GOOS -u GOARCH GOFLAGS= GOWORK=off GOTOOLCHAIN="$release" "$some" env GOROOT) || r=''
	[[ -n $r && $(first_line "$r/VERSION") == "$release" ]] ||
		die "$some is not $release and could not get it (GOTOOLCHAIN=$release $some env GOROOT). Install $release, or set GOROOT_BASE to the GOROOT of an unmodified one."
	basedir=$r
	check_base "$basedir" "downloaded by $some"
}

# need_space KB WHAT dies unless the file system has that much room.
need_space() {
	local avail
	avail=$(df -Pk "$root" | sed -n '$s/^.* \([0-9][0-9]*\)  *[0-9-][0-9]*% .*$/\1/p')
	[[ -z $avail ]] || ((avail >= $1)) ||
		die "$2 needs about $(($1 / 1024)) MB in $root, which has $((avail / 1024)) MB free. Make room, or clone the project to a larger disk."
}

# The parts of a release that goroot is made from. The second are missing in what the
# go command downloads.
parts=(src lib LICENSE PATENTS README.md SECURITY.md CONTRIBUTING.md codereview.cfg go.env)
optional_parts=(api doc misc test)

# generated are the files that dist writes into src.
generated=(
	src/cmd/cgo/zdefaultcc.go
	src/cmd/go/internal/cfg/zdefaultcc.go
	src/cmd/go/internal/cfg/zosarch.go
	src/cmd/internal/objabi/zbootstrap.go
	src/go/build/zcgo.go
	src/internal/buildcfg/zbootstrap.go
	src/internal/runtime/sys/zversion.go
	src/time/tzdata/zzipdata.go
)

# copy_base DIR makes DIR the release in basedir as it was before anything was built or
# installed. All bases of one release come out alike, but for the optional parts.
copy_base() {
	local e new=$1 err
	need_space 450000 "the source tree"
	say "copying $basedir"
	rm -rf "$new"
	mkdir "$new"
	for e in "${parts[@]}" "${optional_parts[@]}"; do
		[[ -e $basedir/$e ]] || continue
		err=$(cp -R -H "$basedir/$e" "$new/$e" 2>&1) ||
			die "cannot copy $basedir/$e to $new: $(printf '%s\n' "$err" | sed -n '1s/.*: //p'). Is the disk full?"
	done
	chmod -R u+w "$new"

	# A base may have been read-only, or lost its modes in a module zip.
	(
		shopt -s globstar dotglob
		cd "$new"
		chmod -R a-x+X .
		chmod -- a+x **/*.bash **/*.sh **/*.pl **/*.rc **/go_?*_?*_exec
		# The go command's download leaves these beside the go.mod that it restores.
		rm -f -- **/_go.mod
		# What dist generates for the base's version.
		rm -f -- src/cmd/dist/dist "${generated[@]}"
	)
	# The one file in which an installed distribution may differ from the release.
	sed 's/^GOTOOLCHAIN=.*/GOTOOLCHAIN=auto/' "$basedir/go.env" >"$new/go.env"
}

# init_store DIR makes DIR a repository like goroot's, and the current one.
init_store() {
	git_clean init -q --template= "$1"
	use_goroot "$1"
	mkdir -p "$state" "$store/info"
	g symbolic-ref HEAD refs/heads/goroot
	g config gc.auto 0
	g config core.looseCompression 1
	g config core.autocrlf false
	printf '* -text -ident -filter -working-tree-encoding\n' >"$store/info/attributes"
	{
		printf '/bin/\n/pkg/\n/VERSION.cache\n/src/cmd/dist/dist\n'
		printf '/%s\n' "${generated[@]}"
		printf '%s\n' '*~' '.*.sw?' '.DS_Store' '*.orig' '*.rej' '*.test' '*.test.exe' '*.prof'
	} >"$store/info/exclude"
}

# take_base sets base to the tree of the current work tree, a pristine base.
take_base() {
	g add -A -f -- . 2>"$state/add.err" ||
		die "git could not take in $tree: $(sed -n '$p' "$state/add.err"). Is the disk full?"
	base=$(g write-tree)
}

# misc/base.trees has a section for each release of VERSION: a line "release go1.26.11",
# and the names and hashes of its parts.

# base_section RELEASE prints these names and hashes.
base_section() {
	awk -v release="$1" '$1 == "release" { on = $2 == release; next } on && /^[a-zA-Z]/' "$root/misc/base.trees"
}

# new_base_section prints what is a section for base.
new_base_section() {
	printf 'release %s\n' "$release"
	g ls-tree "$base" | sed 's/^[^ ]* [^ ]* \([^	]*\)	\(.*\)$/\2 \1/'
}

# verify_base dies unless base is the unmodified release that misc/base.trees knows.
verify_base() {
	local e want id section known bad=() unknown=()
	section=$(base_section "$release")
	if [[ -z $section ]]; then
		known=$(sed -n 's/^release //p' "$root/misc/base.trees" | paste -sd' ')
		warn "misc/base.trees knows ${known:-no release}, not $release. misc/release.bash moves to a new release. Or, if you trust $basedir, these lines belong there:"
		new_base_section >&2
		die "Nothing was built."
	fi
	while read -r e want; do
		id=$(g rev-parse -q --verify "$base:$e" || true)
		if [[ -z $id ]]; then
			[[ " ${optional_parts[*]} " == *" $e "* ]] || bad+=("$e is missing")
		elif [[ $id != "$want" ]]; then
			bad+=("$e")
		fi
	done <<<"$section"
	if ((${#bad[@]})); then
		warn "${basedir-the base} is not an unmodified $release. It differs in:"
		list "${bad[@]}" >&2
		die "Set GOROOT_BASE to an unmodified one; GOTOOLCHAIN=$release go env GOROOT, asked of another version, names one."
	fi
	for e in "${optional_parts[@]}"; do
		[[ $'\n'$section == *$'\n'"$e "* ]] || ! g rev-parse -q --verify "$base:$e" >/dev/null || unknown+=("$e/")
	done
	((${#unknown[@]} == 0)) ||
		warn "note: whether ${unknown[*]} of the base is unmodified could not be verified: misc/base.trees has no hash of it, for it was made from a download. It is used as it is."
}

# stored_base sets base to the tree of release's base, in the current store. What is not
# there yet is found as make.bash does, and kept.
stored_base() {
	local basedir='' GOROOT_BASE=${GOROOT_BASE-}
	base=$(getstate "base.$release")
	# It may be gone, by a git gc, or be another than misc/base.trees names now.
	if [[ -z $base ]] || ! (verify_base) >/dev/null 2>&1; then
		# That of another release is of no use here.
		[[ $(first_line "$GOROOT_BASE/VERSION") == "$release" ]] || GOROOT_BASE=
		find_base
		keep_base
	fi
	verify_base
}

# keep_base takes basedir into the current store.
keep_base() {
	local new=$root/goroot.new
	copy_base "$new"
	rm -f "$state/base.index"
	tree=$new index=$state/base.index take_base
	rm -rf "$new" "$state/base.index"
	setstate "base.$release" "$base"
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

# patch_files DIR sets patches to the names of DIR's patches for this release, in order.
# A name that ends in .go1.26.patch is for that minor version only.
patch_files() {
	local p n last=
	patches=()
	for p in "$1"/patches/*; do
		p=${p##*/}
		[[ $p =~ ^([0-9]{4})-[^/]+\.patch$ ]] ||
			die "patches/$p: the name is not NNNN-What-it-does.patch. Rename or remove it."
		n=${BASH_REMATCH[1]}
		[[ ! $p =~ \.(go1\.[0-9]+)\.patch$ || ${BASH_REMATCH[1]} == "$minor" ]] || continue
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

# ambiguous PATCH FILE... prints those hunks of PATCH whose old text (context and removed
# lines) does not fit exactly one place of its file, in the index. git would take the place
# that is next to the line that the hunk names, which may be in another function.
# These are FILE, hunk, and the number of places, with tabs between them.
ambiguous() {
	local patch=$1 dir=$state/hunks names=()
	rm -rf "$dir"
	mapfile -d '' -t names < <(g apply --numstat -z "$patch" 2>/dev/null)
	((${#names[@]})) || return 0
	mapfile -d '' -t names < <(g ls-files -z -- "${names[@]##*	}")
	((${#names[@]})) || return 0
	printf '%s\0' "${names[@]}" | g checkout-index -q -f -z --stdin --prefix="$dir/"
	# By -v, awk would take a backslash in a path for an escape.
	dir=$dir awk '
	BEGIN { dir = ENVIRON["dir"] }
	function load(name) {
		n = 0
		while ((getline text <name) > 0) line[++n] = text
		close(name)
	}
	function check(   i, j, places) {
		inside = 0
		if (k == 0) return
		places = 0
		for (i = 1; i <= n - k + 1; i++) {
			for (j = 1; j <= k; j++) if (line[i + j - 1] != old[j]) break
			if (j > k) places++
		}
		if (places != 1) printf "%s\t%s\t%d\n", file, head, places
	}
	# By its counts a hunk ends, whatever its lines look like.
	inside && /^[ -]/ { old[++k] = substr($0, 2); minus-- }
	inside && /^[ +]/ { plus-- }
	inside && /^$/ { old[++k] = ""; minus--; plus-- }
	inside { if (minus <= 0 && plus <= 0) check(); next }
	/^--- / { file = substr($0, 7); sub(/\t$/, "", file); n = 0; if ($2 != "/dev/null") load(dir "/" file); next }
	/^@@ / {
		head = $0; sub(/ @@.*/, " @@", head)
		minus = split($2, a, ",") > 1 ? a[2] : 1
		plus = split($3, a, ",") > 1 ? a[2] : 1
		k = 0; inside = 1
	}' "$patch"
	rm -rf "$dir"
}

# compose DIR sets composed to the tree that the base, DIR's patches, src, api, doc and
# dist, and this release's VERSION make; also trees, patches and owned (DIR's own files,
# named as in goroot).
# It touches no work tree. If allow_ambiguous is true, hunks may fit several places.
compose() {
	local from=$1 p out index=$state/compose.index clash line
	local twice file hunk places
	patch_files "$from"
	g read-tree "$base"
	trees=("$base")
	for p in "${patches[@]}"; do
		twice=$(ambiguous "$from/patches/$p")
		if ! out=$(g apply --cached --whitespace=nowarn "$from/patches/$p" 2>&1); then
			warn "patches/$p does not apply to $release with the patches before it:"
			printf '%s\n' "$out" | sed 's/^/	/' >&2
			missing_dirs_note
			die "Mend patches/$p, or take it out of patches/."
		fi
		if [[ -n $twice ]] && ! ${allow_ambiguous-false}; then
			warn "patches/$p: these hunks have too little context. What they look for fits more than one place of the file, or fewer, and which one git takes depends on line numbers:"
			while IFS=$'\t' read -r file hunk places; do
				printf '\t%s: %s fits %d places\n' "$file" "$hunk" "$places"
			done <<<"$twice" >&2
			die "Write more context in patches/$p (misc/refresh.bash -all does, where it can)."
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
	g update-index --add --cacheinfo "100644,$(printf '%s\n' "$version" "$time_line" | g hash-object -w --stdin),VERSION"
	composed=$(g write-tree)
}

# write_patch HEADER FROM TO FILE writes a patch in the one format that there is
# here. Whatever the version of git or its configuration could change is fixed.
# A file for which three lines of context would be ambiguous gets more.
write_patch() {
	local header=$1 from=$2 to=$3 out=$4 index=$state/write.index p u places paths
	local -A more=()
	diff_files() { # LINES [FILE]...
		local u=$1
		shift
		g diff-tree -r -p --no-renames --no-color --no-ext-diff --no-textconv --full-index --binary \
			--src-prefix=a/ --dst-prefix=b/ --diff-algorithm=myers --indent-heuristic \
			"-U$u" --inter-hunk-context=0 "$from" "$to" -- "$@"
	}
	g read-tree "$from"
	diff_files 3 >"$out"
	places=$(ambiguous "$out")
	while IFS=$'\t' read -r p _; do
		[[ -n $p && -z ${more[$p]-} ]] || continue
		for ((u = 4; ; u += u < 20 ? 1 : u)); do
			diff_files "$u" "$p" >"$out"
			[[ -n $(ambiguous "$out") ]] || break
			((u < 100000)) || die "no context makes the hunks of $p fit one place"
		done
		more[$p]=$u
	done <<<"$places"
	changed "$from" "$to"
	{
		printf '%s\n---\n' "$header"
		if ((${#more[@]})); then
			for p in "${paths[@]}"; do diff_files "${more[$p]-3}" "$p"; done
		else
			diff_files 3
		fi
	} >"$out"
}

# header FILE prints a patch's message and what stands before it.
header() {
	sed -n -e '/^---$/q' -e '/^diff --git /q' -e p "$1"
}

# attempt CMD... runs CMD in a subshell, and sets status. As the operand of || or if, CMD
# would go on after a command that fails.
attempt() {
	local onerr
	onerr=$(trap -p ERR)
	trap - ERR
	set +e
	(
		eval "$onerr"
		set -e
		"$@"
	)
	status=$?
	set -e
	eval "$onerr"
}

# prove VERSION DIR sets status to 0 if DIR makes a tree from the release of VERSION, and
# then state proved to that tree. It dies if that release cannot be had.
prove() {
	get_base() {
		use_version "$1"
		stored_base
	}
	make_tree() {
		use_version "$1"
		base=$(getstate "base.$release")
		compose "$2"
		setstate proved "$composed"
	}
	attempt get_base "$1"
	((status == 0)) || die "The patches must apply to ${1%%-*} too, but that cannot be tried without it (see above). Nothing was changed."
	attempt make_tree "$1" "$2"
}

# prove_others DIR dies unless DIR makes a tree from each release of VERSION but the
# current one. Their bases are kept in the current store, so only the first time takes long.
prove_others() {
	local v status
	for v in "${versions[@]}"; do
		[[ $v != "$version" ]] || continue
		prove "$v" "$1"
		((status == 0)) || die "The patches must apply to all releases of VERSION, but do not to ${v%%-*} (see above). Nothing was changed. misc/README.md says what to do."
		say "the patches apply to ${v%%-*} too, each hunk to one place"
	done
}

# missing_dirs_note says which directories the base came without.
missing_dirs_note() {
	local d missing=()
	for d in api doc misc test; do
		g rev-parse -q --verify "$base:$d" >/dev/null || missing+=("$d/")
	done
	((${#missing[@]})) || return 0
	warn "note: the base has no ${missing[*]}, as a download. Patches to files there cannot apply. Upstream's tests that need them" \
		"(cmd/internal/testdir, the Std tests of go/types and types2) report ok without running." \
		"A full distribution of $release, named by GOROOT_BASE, has them."
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

# to_keep HOW prints how to keep edits made in goroot: HOW, or, as refresh.bash takes them from
# that of the default release only, something else.
to_keep() {
	if [[ -z $suffix ]]; then
		printf '%s\n' "$1"
	else
		printf '%s\n' "misc/refresh.bash takes edits from ./goroot only: make them there"
	fi
}

# sync brings what changed in the project since the last time into goroot. Edits
# made in goroot stay; where both changed one file differently it stops before
# it has written anything. Wants compose and scan to have run.
sync() {
	local synced p how both=() take=()
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
		warn "edited in ${goroot##*/}, and changed differently in patches/ or src/ since ${goroot##*/} was made:"
		list "${both[@]}" >&2
		how=$(to_keep "To keep the edits: put patches/ and src/ back to the state that goroot was made from (git stash, or check that commit out), run misc/refresh.bash, commit, and merge")
		die "Nothing was changed. $how. To throw away all edits in ${goroot##*/}: $make -f."
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
