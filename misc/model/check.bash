#!/usr/bin/env bash
# Checks the model of the scheduling protocol. misc/model/check.bash -h says how.

set -euo pipefail

usage() {
	cat <<'EOT'
usage: misc/model/check.bash [-big] [-list] [-compared] [NAME...]

Has spin search all states of each configuration in config.pml, and then search for
each deliberate fault, which must be caught by the property that the table in this
script names. NAME is a configuration or a fault; by default all are run but
the large configurations. Needed are spin, gcc and 4 GB of memory.

	-big		the large configurations too, with up to 12 GB of memory
	-list		print the names
	-compared	write down that the functions listed in "functions", as they are
			now, have been compared with the model

The exit status is 1 if a property does not hold, if a search was not complete,
if a fault was not caught, or if a listed function has changed since it was compared.
EOT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/misc/lib.bash"
trap - ERR
model=$root/misc/model
read_version

# Each fault, the configuration it is searched for in, and the property that must
# catch it.
faults=(
	"park_unchecked wake1 lost_wakeup"
	"park_stores wake2 lost_wakeup"
	"push_ticket_unparked slice1 one_ticket"
	"push_touches_late join2 after_exit"
	"claim_keeps_flag wake1 lost_wakeup"
	"claim_overtakes wake1 ticket_first"
	"claim_unparked syscall2 own_queue"
	"yield_publishes_early slice2 ticket_flag"
	"yield_stays handoff1 run_ends"
	"claimed_stays fair_shared_blocks third_runs"
	"yield_in_front fair_shared_blocks third_runs"
	"relay_unwatched fair_two_blocks third_runs"
	"relay_begins_anew fair_two_blocks third_runs"
	"gosched_front fair_compute locked_runs"
	"handoff_forgets handoff1 lost_wakeup"
	"handoff_keeps_p handoff1 one_p"
	"handoff_idles_in_stop stop2 world_stops"
	"next_peeks handoff1 one_place"
	"start_forgets_self wake1 all_done"
	"runs_locked wake1 own_thread"
	"wake_unclaimed slice2 claimed_first"
	"exitsyscall_without_ticket syscall1 lost_wakeup"
	"exitsyscall_unlocks syscall1 lost_wakeup"
	"gcstop_without_ticket stop2 lost_wakeup"
	"gcstop_idles stop2 not_idle"
	"exit_ignores_bound join2 exit_empty"
	"exit_ignores_joining joinrecv1 exit_empty"
	"join_without_epoch big_joinagain2 after_exit"
	"join_without_n joinagain2 after_exit"
	"join_holds_late join2 exit_empty"
	"arrive_uncounted join1 exit_empty"
	"bind_publishes_early joinhere2 after_exit"
	"drop_forgets_bound join1 all_done"
	"drop_late join1 all_done"
	"leave_ignores_joining joinrecv1 exit_empty"
	"leave_published_first join2 exit_empty"
	"critical_unwatched critslice1 critical_first"
	"critical_stays fair_crit third_runs"
	"begins_early excl1 exclusive_alone"
	"holder_preempted exclslice1 exclusive_alone"
	"joiner_runs excljoin1 exclusive_alone"
	"exit_keeps_section excl1 lost_wakeup"
	"excluded_stay excl1 lost_wakeup"
	"yield_keeps_section excl1 yield_lets_in"
	"section_stays fair_excl third_runs"
	"lend_never lend1 lost_wakeup"
	"lend_stays lend1 exclusive_alone"
	"lend_begins lend1 exclusive_alone"
	"lend_unclaimed lend1 own_queue"
	"new_not_parked join1 lost_wakeup"
	"arm_ignores_own block_nest lost_wakeup"
	"arm_ignores_inbox block_nest lost_wakeup"
	"push_ignores_armed block_nest lost_wakeup"
	"own_push_stays_armed block_nest lost_wakeup"
	"wanted_unlocked block_nest wake_over"
	"disarm_keeps_wanted block_nest wake_over"
	"end_waits_not block_nest wake_over"
	"ender_sleeps block_nest block_ends"
	"idle_unlocked block_nest lost_wakeup"
	"want_keeps_idle block_nest one_waker"
	"schedule_armed block_nest wake_needed"
	"callback_armed block_nest wake_needed"
	"callback_returns_unarmed block_nest block_armed"
	"outer_unarmed block_nest block_armed"
	"exitsyscall_armed block_nest armed_alone"
	"lost_p_unarmed block_late lost_wakeup"
	"late_cleared_last block_late lost_wakeup"
	"stop_armed block_stop lost_wakeup"
)

# The configurations in which also each run is shown to end.
ends=(handoff1 slice1 stopsyscall1)

mapfile -t configs < <(sed -nE 's/^#(el)?if defined\(CONFIG_(\w+)\).*/\2/p' "$model/config.pml")
mapfile -t claims < <(sed -nE 's/^ltl (\w+) .*/\1/p' "$model/lockedm.pml")
((${#configs[@]} && ${#claims[@]})) || die "found no configurations in config.pml, or no formulas in lockedm.pml"

# functions prints the list "functions" with the checksums that hold now. goroot, or what
# RELEASE has in its place, is there once make.bash has run; without it, what is in there
# keeps its checksum.
functions() {
	local file name sum path
	while read -r file name sum; do
		path=$root/$file
		[[ $file != goroot/* ]] || path=$goroot/${file#goroot/}
		if [[ $file == goroot/* && ! -e $path ]]; then
			printf '%s %s %s\n' "$file" "$name" "$sum"
			continue
		fi
		sum=$(function_text "$name" <"$path" | cksum)
		[[ $sum != *" 0" ]] || die "$file has no function $name: take it out of misc/model/functions, and the model"
		printf '%s %s %s\n' "$file" "$name" "${sum% *}"
	done <"$model/functions"
}

big=false names=()
while (($#)); do
	case $1 in
	-h | -help | --help)
		usage
		exit 0
		;;
	-big) big=true ;;
	-list)
		printf '%s\n' "${configs[@]}"
		for f in "${faults[@]}"; do printf '%s\n' "${f%% *}"; done
		exit 0
		;;
	-compared)
		now=$(functions)
		printf '%s\n' "$now" >"$model/functions"
		exit 0
		;;
	-*)
		usage >&2
		die "unknown flag \"$1\""
		;;
	*) names+=("$1") ;;
	esac
	shift
done

command -v spin >/dev/null || die "spin is missing. On Debian it is in the package spin: apt-get install spin"
command -v gcc >/dev/null || die "gcc is missing. On Debian it is in the package gcc: apt-get install gcc libc6-dev"

# What is to be searched: configuration, then the formula, run_ends or -, and for a fault its
# name and the property.
todo=()
add() { # CONFIG [FAULT PROPERTY]
	local c
	if [[ ${3-} == run_ends ]]; then
		todo+=("$1 run_ends ${*:2}")
	elif [[ $1 != fair_* ]]; then
		todo+=("$1 - ${*:2}")
		if (($# == 1)) && [[ " ${ends[*]} " == *" $1 "* ]]; then todo+=("$1 run_ends"); fi
	elif (($# > 1)); then
		todo+=("$1 $3 ${*:2}")
	else
		for c in "${claims[@]}"; do todo+=("$1 $c"); done
	fi
}
for c in "${configs[@]}"; do
	if ((${#names[@]})); then
		[[ " ${names[*]} " == *" $c "* ]] || continue
	elif [[ $c == big_* ]]; then
		$big || continue
	fi
	add "$c"
done
nfaults=0
for f in "${faults[@]}"; do
	read -r fault c property <<<"$f"
	((${#names[@]} == 0)) || [[ " ${names[*]} " == *" $fault "* ]] || continue
	add "$c" "$fault" "$property"
	nfaults=$((nfaults + 1))
done
for n in ${names[@]+"${names[@]}"}; do
	[[ " ${configs[*]} ${faults[*]%% *} " == *" $n "* ]] || die "there is no configuration or fault \"$n\"; -list prints their names"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/model.XXXXXX")
stop() {
	local pids
	pids=$(jobs -rp)
	[[ -z $pids ]] || kill $pids 2>/dev/null || true
	wait
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

workers=$(($(nproc 2>/dev/null || echo 1) > 1 ? 2 : 1)) memory=1900
if $big; then workers=1 memory=12000; fi

field() { sed -nE "s/$1/\1/p" "$work/$n/out" | head -n 1; }

# caught prints the name of the property that the search found violated, or nothing.
caught() {
	local p
	p=$(field '.*: assertion violated .*\|\|\(*([a-z_]+)\).*')
	[[ -n $p ]] || p=$(field '.*: assertion violated (.*) \(at depth.*')
	if [[ -z $p ]] && grep -qE ': (acceptance|non-progress) cycle' "$work/$n/out"; then p=$1; fi
	[[ -n $p ]] || p=$(field '.*: (invalid end state).*')
	[[ -n $p ]] || p=$(field '^pan:1: (.*) \(at depth.*')
	printf '%s' "$p"
}

# search N CONFIG CLAIM [FAULT PROPERTY] does that search in $work/N. It leaves a
# line for the user in $work/N.line, and $work/N.ok if all is as it should be.
search() {
	local n=$1 config=$2 claim=$3 fault=${4-} property=${5-} flags=(-O2) run=() by dir=$work/$1
	mkdir "$dir"
	cp "$model"/*.pml "$dir/"
	cd "$dir"
	# Small configurations, and most faults, are found sooner without optimization.
	[[ $config != fair_* && -z $fault ]] || flags=(-O0)
	if [[ $claim == - ]]; then
		flags+=(-DSAFETY)
	elif [[ $claim == run_ends ]]; then
		flags+=(-DNP)
		run=(-l)
	else
		flags+=(-DNFAIR=3)
		run=(-a -f -N "$claim")
	fi
	local define=("-DCONFIG_$config") source=lockedm.pml
	[[ $config != *block_* ]] || source=block.pml
	if [[ -n $fault ]]; then
		# Check nothing but the property, so that nothing else comes before it.
		define+=("-DFAULT_$fault" "-DONLY=$([[ $claim == - ]] && echo "$property" || echo none)")
	fi
	if ! { spin -a "${define[@]}" "$source" &&
		gcc -w -DCOLLAPSE "${flags[@]}" -DMEMLIM=$memory -o pan pan.c; } >build 2>&1; then
		{
			printf '%s: cannot be built:\n' "$config"
			tail -n 20 build
		} >"$work/$n.line"
		return
	fi
	./pan -m1000000 -w24 "${run[@]}" >out 2>&1 || true
	by=$(caught "$claim")

	local name=$config
	[[ $claim == - || -n $fault ]] || name+=" $claim"
	if [[ -n $fault ]]; then
		if [[ $by == "$property" ]]; then
			printf '%-28s %-16s caught by %s\n' "$fault" "$config" "$by"
			touch "$work/$n.ok"
		else
			printf '%-28s %-16s NOT caught by %s, but by: %s\n' "$fault" "$config" "$property" "${by:-nothing}"
		fi
	else
		local result=FAIL
		if [[ -n $by ]]; then
			result="FAIL: $by"
		elif ! grep -q '^Full statespace search' out || ! grep -q 'errors: 0$' out ||
			grep -qE 'max search depth too small|Search not completed|reached -DMEMLIM|out of memory|hash-compact|Bit statespace' out; then
			result="FAIL: the search was not complete"
		else
			result=ok
			touch "$work/$n.ok"
		fi
		printf '%-34s %10s %11s %7s %8s  %s\n' "$name" "$(field '^ *([0-9.e+]+) states, stored.*')" \
			"$(field '^ *([0-9.e+]+) transitions .*')" "$(field '.*depth reached ([0-9]+),.*')" \
			"$(field '.*elapsed time ([0-9.]+) seconds.*')" "$result"
		if [[ -n $by ]]; then
			echo "--- the end of the trail:"
			spin -t -p "${define[@]}" "$source" 2>/dev/null | grep -E '^ *[0-9]+:|CYCLE' |
				grep -vE '\[(IF|DO|D_STEP[0-9]*|else|sub-sequence|break|\.\(goto\)|goto :b[0-9]*|assert.*)\]$' | tail -n 80 | sed 's/^/	/'
		elif [[ $result != ok ]]; then
			tail -n 20 out | sed 's/^/	/'
		fi
	fi >"$work/$n.line" 2>&1
	cd "$work"
	rm -rf "$dir"
}

# show prints the lines of the searches that are done, in order.
next=0
show() {
	while [[ -e $work/$next.done ]]; do
		if ((next == ${#todo[@]} - nfaults)); then
			printf '\n%-28s %-16s result\n' fault configuration
		fi
		cat "$work/$next.line"
		next=$((next + 1))
	done
}

status=0
start=$SECONDS
((nfaults == ${#todo[@]})) || printf '%-34s %10s %11s %7s %8s  result\n' configuration states transitions depth seconds
for ((n = 0; n < ${#todo[@]}; n++)); do
	while (($(jobs -rp | wc -l) >= workers)); do
		wait -n || true
		show
	done
	(
		search "$n" ${todo[n]}
		touch "$work/$n.done"
	) &
done
while [[ -n $(jobs -rp) ]]; do
	wait -n || true
	show
done
show
((next == ${#todo[@]})) || die "a search broke off"
for ((n = 0; n < ${#todo[@]}; n++)); do [[ -e $work/$n.ok ]] || status=1; done

if ((${#names[@]} == 0)); then
	now=$(functions)
	all=$(wc -l <"$model/functions") skipped=0
	[[ -e $goroot/src/runtime/proc.go ]] || skipped=$(grep -c '^goroot/' "$model/functions" || true)
	if changed=$(diff <(cat "$model/functions") <(printf '%s\n' "$now")); then
		printf '\n%d functions are as they were when they were compared with the model\n' $((all - skipped))
	else
		status=1
		printf '\nchanged since they were compared with the model:\n'
		sed -nE 's/^> ([^ ]+) ([^ ]+) .*/	\2 in \1/p' <<<"$changed"
		echo 'Compare them, mend the model, and run misc/model/check.bash -compared.'
	fi
	((skipped == 0)) || printf '%d functions in goroot were not compared: make.bash has not made it\n' "$skipped"
fi
printf 'in %d s\n' $((SECONDS - start))
exit "$status"
