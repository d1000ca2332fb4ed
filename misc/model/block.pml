/*
 * A model of the protocol of src/runtime/lockedblock.go: how a thread that waits in C
 * learns that another of its goroutines can run. Read the head comment there first, and
 * that of lockedm.pml. Here is only what one dedicated m, its word and its lockedLoop
 * have to do with calls of BlockOSThread; in lockedm.pml there are none. push, drain,
 * park, claim and take ticket are the steps of lockedm.pml, with the flag armed.
 *
 * The process thread is the m, with all gs. lockedWaker is the goroutine that calls wake.
 * Two processes are the rest of the scheduler: other, an m that readies gs and takes
 * their tickets to the m, and sysmon, which takes the p of an m in C and stops the world.
 * When the m returns from C without a p, it gets one or does not: both are tried.
 *
 * Steps are those of lockedm.pml. But the lock of the lockedLoop is held from step to
 * step, since the word changes under it that others touch without it. What only this
 * lock guards changes in one step.
 *
 * Programs. A g waits TODO times, until another readies it. It calls BlockOSThread LOOPS
 * times, in a block, too, and in a callback. It calls C outside of blocks CALLS times.
 * While it runs, in a block or not, it may ready others of its thread. C returns or calls
 * back by itself NATIVE times, and else only once wake has been called. Then it returns,
 * or calls a Go function that calls Gosched. What wake does stays until C sees it. So if a
 * wake-up is lost, a g is runnable and the m in C when nothing can go on.
 *
 * Simplified: there are no C frames, so a callback returns as soon as its g runs. Which g
 * runs next is not told by time, but SLICES slices end. Other ms have lockedLoops, too: LATE of
 * these are late at first. STEALS times other takes the p of the m in C, as sysmon does.
 * Left out: wake functions that panic or call Goexit, and critical and exclusive sections.
 * What BlockOSThread does to an exclusive section is in lockedm.pml.
 */

#include "config.pml"

/* lockedRunq.word */
#define lockedParked	1
#define lockedTicket	2
#define lockedArmed	4
#define lockedFlags	7
#define inbox(w)	((w) >> 3)
#define asInbox(gp)	((gp) << 3)

/* g.status */
#define Gwaiting	0
#define Grunnable	1
#define Grunning	2
#define Gdead		3

/* g.next: where a g goes on that was not running */
#define inGo		0
#define afterFinish	1	/* in lockedLoop.finish, once its wake is over */
#define backFromBlock	2	/* C has returned from its block */
#define backInCallback	3	/* C has called back */
#define backAndYields	4	/* C has returned, or called back, outside of its blocks */

typedef G {
	byte status;
	bool lockTicket;
	byte schedlink;
	byte next;
	byte block;	/* gLocks.block */
	byte nblock;	/* gLocks.nblock */
	byte todo;	/* waits that are left */
	byte blocks	/* calls of BlockOSThread that are left */
}

/* The lockedBlocks of gp are firstBlock(gp), and the one after it, which is inside it. */
#define firstBlock(gp)	(2*(gp) - 1)

typedef Block {
	bool begun;	/* and has not returned */
	byte outer;
	byte frame;	/* blockFrame.outer */
	bool event	/* wake was called, and C has not seen it */
}

typedef Loop {
	bool lock;
	bool idle;
	bool wanted;
	bool late;
	bool ended;
	byte armed;
	byte waking;
	byte blocks;
	byte ender
}

G g[NG+1];
Block blk[2*NG+1];
Loop loop;
byte lockedLate = LATE; /* those there are at first are of other ms */

/* the m */
byte word;
chan q = [NG] of { byte };
byte nblock;
bool hasP;
bool insyscall;
bool outside;	/* the m is in no block and not in C; the code has no such field */
bool scan;	/* who takes its p keeps it from leaving the call */
bool park;	/* the note m.park */

chan runq = [NG] of { byte };	/* tickets in ordinary run queues */
bool wakerReady;		/* the waker is runnable */
bool wakerExits;
bool stopping;
byte hand;			/* ps on their way to the m */
byte stops = STOPS;
byte slices = SLICES;
byte native = NATIVE;
byte calls = CALLS;
byte steals = STEALS;

/* The properties, as in proc.pml */
hidden byte lost_wakeup;	/* when nothing can go on, no g is runnable */
hidden byte block_ends;		/* nor does one wait for the end of its wake */
hidden byte wake_over;		/* wake is called only while its block is not over */
hidden byte wake_needed;	/* and only if a g can run and the m is in a block or in C, not in a callback */
hidden byte one_waker;		/* the waker is readied only if it is idle, and by one */
hidden byte armed_alone;	/* an m that parks or schedules is not armed */
hidden byte block_armed;	/* an m whose g goes to C in its block has been armed for it */
hidden byte none;

#define must(cond, name)	assert((cond) || name)

hidden byte i, j, k;

#define acquire	atomic { !loop.lock -> loop.lock = true }
#define release	loop.lock = false

inline readyWaker() {
	d_step { must(!wakerReady, one_waker); wakerReady = true; waker = false }
}

/* want, with its result in waker */
inline want() {
	loop.wanted = true;
	waker = loop.idle;
#ifndef FAULT_want_keeps_idle
	loop.idle = false
#endif
}

#ifdef FAULT_arm_ignores_own
#define ownEmpty	true
#else
#define ownEmpty	(len(q) == 0)
#endif
#ifdef FAULT_arm_ignores_inbox
#define inboxEmpty(w)	true
#else
#define inboxEmpty(w)	(inbox(w) == 0)
#endif

inline armLocked() {
	do
	:: atomic { ownEmpty -> w = word };
		if
		:: !inboxEmpty(w) -> d_step { w = 0; want() }; break
		:: else ->
			if
			:: atomic { word == w -> word = w | lockedArmed; w = 0; break }
			:: word != w
			fi
		fi
	:: d_step { !ownEmpty -> want() }; break
	od
}

inline arm(b) {
	acquire;
	d_step { loop.armed = b; outside = false };
	armLocked();
	release;
	if
	:: waker -> readyWaker()
	:: else
	fi
}

inline disarmLocked() {
#ifdef FAULT_disarm_keeps_wanted
	atomic { true -> loop.armed = 0 };
#else
	atomic { true -> loop.armed = 0; loop.wanted = false };
#endif
	do
	:: atomic { w = word };
		if
		:: atomic { (w & lockedArmed) == 0 -> w = 0; break }
		:: atomic { (w & lockedArmed) != 0 && word == w -> word = w & ~lockedArmed; w = 0; break }
		:: (w & lockedArmed) != 0 && word != w
		fi
	od
}

inline disarm() {
	if
	:: loop.armed == 0
	:: else -> acquire; disarmLocked(); release
	fi
}

/* intoInbox(gp, keep) is the step that puts gp there. */
#define intoInbox(gp, keep) \
	g[gp].schedlink = inbox(w); \
	word = asInbox(gp) | (w & (keep)); \
	gp = 0; w = 0

/* loopPush(gp, keep) is lockedLoop.push. If it reports true, gp is 0. */
inline loopPush(gp, keep) {
	acquire;
	do
	:: atomic { w = word };
		if
		:: (w & lockedArmed) == 0 -> release; break
		:: else ->
			if
			:: atomic { word == w -> intoInbox(gp, (keep) & ~lockedArmed) };
#ifdef FAULT_wanted_unlocked
				release;
				d_step { want() };
#else
				d_step { want() };
				release;
#endif
				if
				:: waker -> readyWaker()
				:: else
				fi;
				break
			:: word != w
			fi
		fi
	od
}

/* lockedPush(gp), by other. If gp is not 0 after it, it has become a ticket. */
inline lockedPush(gp) {
	do
	:: atomic { w = word };
		if
		:: (w & lockedFlags) == lockedParked ->
			if
			:: atomic { word == w -> word = w | lockedTicket; g[gp].lockTicket = true; w = 0; break }
			:: word != w
			fi
		:: (w & lockedFlags) != lockedParked && (w & lockedArmed) != 0 ->
#ifdef FAULT_push_ignores_armed
			if
			:: atomic { word == w -> intoInbox(gp, lockedFlags); break }
			:: word != w
			fi
#else
			loopPush(gp, lockedFlags);
			if
			:: gp == 0 -> break
			:: else
			fi
#endif
		:: (w & lockedFlags) != lockedParked && (w & lockedArmed) == 0 ->
			if
			:: atomic { word == w -> intoInbox(gp, lockedFlags); break }
			:: word != w
			fi
		fi
	od
}

/* lockedClaim(gp), by other. It sets claimed. */
inline lockedClaim(gp) {
	d_step { keep = (g[gp].lockTicket -> lockedFlags & ~lockedTicket : lockedFlags); g[gp].lockTicket = false };
	/* Each gp here is the ticket. */
	do
	:: atomic { w = word };
		if
		:: (w & lockedParked) != 0 ->
			if
			:: atomic { word == w -> word = asInbox(inbox(w)) | (w & keep & ~lockedParked); w = 0;
				d_step {
					q!gp;
					i = len(q) - 1;
					do
					:: i > 0 -> q?j; q!j; i--
					:: else -> break
					od;
					gp = 0
				};
				claimed = true; break }
			:: word != w
			fi
		:: (w & lockedParked) == 0 && (w & lockedArmed) != 0 ->
			loopPush(gp, keep);
			if
			:: gp == 0 -> break
			:: else
			fi
		:: (w & (lockedParked | lockedArmed)) == 0 ->
			if
			:: atomic { word == w -> intoInbox(gp, keep); break }
			:: word != w
			fi
		fi
	od
}

inline lockedDrain() {
	do
	:: atomic { w = word; if :: inbox(w) == 0 -> w = 0; break :: else fi };
		if
		:: atomic { word == w ->
			word = w & lockedFlags;
			d_step {
				i = inbox(w); j = 0; w = 0;
				do
				:: i != 0 -> k = g[i].schedlink; g[i].schedlink = j; j = i; i = k
				:: else -> break
				od;
				do
				:: j != 0 -> k = g[j].schedlink; g[j].schedlink = 0; q!j; j = k
				:: else -> break
				od
			};
			break }
		:: word != w
		fi
	od
}

/* parks(flags) is the step that sets parked. */
#define parks(flags) \
	must((w & lockedArmed) == 0, armed_alone); \
	word = w | (flags); \
	w = 0

/* lockedTakeTicket takes the ticket to gp. */
inline lockedTakeTicket(gp) {
	do
	:: d_step {
			w = word;
			if
			:: gp == 0 -> q?gp; g[gp].lockTicket = true
			:: else
			fi
		};
		if
		:: atomic { word == w -> parks(lockedParked | lockedTicket); break }
		:: word != w
		fi
	od
}

/* lostP is called by who has set scan. It goes to late if sysmon is to ready the waker. */
inline lostP() {
#ifndef FAULT_lost_p_unarmed
	acquire;
	if
	:: loop.armed == 0 && loop.blocks != 0 ->
		loop.armed = loop.blocks;
		armLocked();
		if
		:: waker -> d_step { waker = false; loop.idle = true; loop.late = true; lockedLate++ }
		:: else
		fi
	:: else
	fi;
	release;
#endif
	scan = false
}

inline gotP() {
	if
	:: g[gp].block == 0 -> disarm()
	:: else
	fi
}

/* anyWaiting(gp): gp waits, and not for the end of a wake. */
#define waits(gp)	(g[gp].status == Gwaiting && g[gp].next != afterFinish)
#if NG == 2
#define anyWaiting	(waits(1) || waits(2))
#else
#define anyWaiting	(waits(1) || waits(2) || waits(3))
#endif

/* anyReady(gp), in an atomic, makes one of these runnable. */
inline anyReady(gp) {
	if
	:: waits(1) -> gp = 1
	:: waits(2) -> gp = 2
#if NG > 2
	:: waits(3) -> gp = 3
#endif
	fi;
	g[gp].status = Grunnable
}

#define inBlock(gp)	(g[gp].block != 0)
#define inCallback(gp)	(g[gp].block == 0 && g[gp].nblock != 0)
#define innermost(gp)	(firstBlock(gp) + g[gp].nblock - 1)

/* The m. It begins asleep. */
proctype thread() {
	byte gp, gp2, w, b;
	bool waker;
	goto end_mPark;

	/* scheduleLocked */
schedule:
#if STOPS && defined(FAULT_stop_armed)
	if
	:: stopping -> goto lockedGCStop
	:: else
	fi;
#endif
#ifndef FAULT_schedule_armed
	disarm();
#endif
	outside = true;
#if STOPS
	if
	:: stopping -> goto lockedGCStop
	:: else
	fi;
#endif
	lockedDrain();
	if
	:: len(q) == 0 ->
		/* lockedPark */
		atomic { w = word; if :: inbox(w) != 0 -> w = 0; goto schedule :: else fi };
		if
		:: atomic { word == w -> parks(lockedParked); hasP = false; goto end_mPark }
		:: atomic { word != w -> w = 0; goto schedule }
		fi
	:: len(q) != 0
#if SLICES
	:: len(q) != 0 && slices > 0 ->
		/* lockedYield */
		slices--;
		lockedTakeTicket(gp);
		atomic { runq!gp; gp = 0; hasP = false; goto end_mPark }
#endif
	fi;
	d_step { must((word & (lockedParked | lockedArmed)) == 0, armed_alone); q?gp };
	/* lockedBlockResume */
	if
	:: g[gp].block != 0 -> b = g[gp].block; arm(b); b = 0
	:: else
	fi;
	atomic { g[gp].status = Grunning; goto goesOn };

#if STOPS
lockedGCStop:
	lockedDrain();
	if
	:: len(q) == 0 ->
		atomic { w = word; if :: inbox(w) != 0 -> w = 0; goto schedule :: else fi };
		if
		:: atomic { word == w -> parks(lockedParked) }
		:: atomic { word != w -> w = 0; goto schedule }
		fi
	:: else ->
		lockedTakeTicket(gp);
		atomic { runq!gp; gp = 0 }
	fi;
	atomic { hasP = false; goto end_mPark };
#endif

end_mPark:
	atomic { park -> park = false; hasP = true; hand--; goto schedule };

	/* Where gp goes on that has been scheduled, or has returned from C. */
goesOn:
	if
	:: atomic { g[gp].next == inGo -> goto running }
	:: atomic { g[gp].next == afterFinish -> g[gp].next = inGo; goto finished }
	:: atomic { g[gp].next == backFromBlock -> g[gp].next = inGo; goto finish }
	:: g[gp].next == backInCallback ->
		/* callbackEnter, and Gosched */
		d_step { b = g[gp].block; g[gp].block = 0; g[gp].next = inGo };
#ifndef FAULT_callback_armed
		disarm();
#endif
		atomic { b = 0; outside = true; goto gosched }
	:: atomic { g[gp].next == backAndYields -> g[gp].next = inGo; goto gosched }
	fi;

gosched:
	/* goschedLocked */
	lockedDrain();
	atomic { g[gp].status = Grunnable; q!gp; gp = 0; goto schedule };

	/* The m runs gp. */
running:
	if
	/* it waits */
	:: atomic { g[gp].todo > 0 -> g[gp].todo--; g[gp].status = Gwaiting; gp = 0; goto schedule }
	/* it readies another of its thread: lockedPut, pushed */
	:: atomic { anyWaiting -> anyReady(gp2); q!gp2; gp2 = 0 };
#ifndef FAULT_own_push_stays_armed
		if
		:: (word & lockedArmed) == 0 || nblock == 0
		:: else ->
			acquire;
			do
			:: atomic { w = word };
				if
				:: (w & lockedArmed) == 0 -> w = 0; break
				:: else ->
					if
					:: atomic { word == w -> word = w & ~lockedArmed; w = 0 };
						d_step { want() };
						break
					:: word != w
					fi
				fi
			od;
			release;
			if
			:: waker -> readyWaker()
			:: else
			fi
		fi;
#endif
		goto running
#if SLICES
	:: atomic { slices > 0 -> slices--; goto gosched }
#endif
	/* it calls C */
	:: atomic { g[gp].block != 0 || calls > 0 ->
		if
		:: g[gp].block == 0 -> calls--
		:: else
		fi;
		goto entersyscall }
	/* it calls BlockOSThread */
	:: atomic { g[gp].blocks > 0 -> g[gp].blocks--; b = firstBlock(gp) + g[gp].nblock };
		g[gp].nblock++;
		/* begin */
		acquire;
		d_step { blk[b].begun = true; blk[b].outer = loop.blocks; loop.blocks = b; nblock++ };
		release;
		d_step { blk[b].frame = g[gp].block; g[gp].block = b };
		arm(b);
		atomic { b = 0; goto running }
	/* the block function returns */
	:: g[gp].block != 0 -> goto finish
	/* the callback returns to C */
	:: atomic { inCallback(gp) -> b = innermost(gp); g[gp].block = b };
#ifndef FAULT_callback_returns_unarmed
		arm(b);
#endif
		atomic { b = 0; goto entersyscall }
	/* it ends */
	:: atomic { g[gp].todo == 0 && g[gp].nblock == 0 && g[gp].blocks == 0 -> g[gp].status = Gdead; gp = 0;
		if
#if NG == 2
		:: g[1].status == Gdead && g[2].status == Gdead -> skip
#else
		:: g[1].status == Gdead && g[2].status == Gdead && g[3].status == Gdead -> skip
#endif
		:: else -> goto schedule
		fi };
		goto exits
	fi;

	/* blockEnd */
finish:
	atomic { true -> b = innermost(gp); g[gp].block = 0 };
	acquire;
	disarmLocked();
	atomic { true -> d_step {
		if
		:: loop.blocks == b -> loop.blocks = blk[b].outer
		:: else ->
			i = loop.blocks;
			do
			:: blk[i].outer != b -> i = blk[i].outer
			:: else -> break
			od;
			blk[i].outer = blk[b].outer
		fi;
		nblock--; outside = true
	} };
#ifndef FAULT_end_waits_not
	if
	:: atomic { loop.waking == b ->
		loop.ender = gp;
		g[gp].next = afterFinish; g[gp].status = Gwaiting;
		gp = 0; b = 0;
		release;
		goto schedule }
	:: else
	fi;
#endif
	release;
finished:
	atomic {
		true ->
		b = innermost(gp);
		must(loop.waking != b, wake_over);
		blk[b].begun = false; blk[b].event = false; blk[b].outer = 0;
		g[gp].block = blk[b].frame; blk[b].frame = 0;
		g[gp].nblock--;
		b = 0
	};
	if
	:: len(q) != 0 || inbox(word) != 0 -> goto gosched
	:: else
	fi;
	if
	:: g[gp].block != 0 ->
#ifndef FAULT_outer_unarmed
		b = g[gp].block; arm(b); b = 0
#endif
	:: else
	fi;
	goto running;

	/* entersyscall, C and exitsyscall */
entersyscall:
	atomic { true -> must(g[gp].block == 0 || loop.armed == g[gp].block, block_armed); insyscall = true; outside = false };
endC:
	if
	/* C has seen what wake has done. */
	:: atomic { !scan && g[gp].block != 0 && blk[g[gp].block].event ->
		blk[g[gp].block].event = false;
		if
		:: g[gp].next = backFromBlock
		:: g[gp].next = backInCallback
		fi }
	:: atomic { !scan && g[gp].block == 0 && (blk[1].event || blk[2].event || blk[3].event) ->
		blk[1].event = false; blk[2].event = false; blk[3].event = false;
		g[gp].next = backAndYields }
	:: atomic { !scan && (native > 0 || loop.blocks == 0) ->
		if
		:: native > 0 && loop.blocks != 0 -> native--
		:: else
		fi;
		if
		:: g[gp].block != 0 -> g[gp].next = backFromBlock
		:: g[gp].block != 0 -> g[gp].next = backInCallback
		:: g[gp].block == 0
		fi }
	fi;
	atomic {
		!scan ->
		insyscall = false;
		if
		:: hasP -> outside = !inBlock(gp); goto goesOn
		:: else
		fi
	};
	gotP();
	outside = !inBlock(gp);
	if
	:: atomic { !stopping -> hasP = true; goto goesOn }
	:: true
	fi;
	/* exitsyscallNoPLocked */
	g[gp].status = Grunnable;
#ifndef FAULT_exitsyscall_armed
	disarm();
#endif
	lockedDrain();
	atomic { q!gp; gp = 0 };
	lockedTakeTicket(gp);
	atomic { runq!gp; gp = 0; goto end_mPark };

	/* lockedRelease, with lockedLoop.end */
exits:
	acquire;
	d_step { loop.ended = true; waker = loop.idle; loop.idle = false };
	release;
	if
	:: waker -> readyWaker()
	:: else
	fi;
	hasP = false
}

/* lockedWaker. It has run already, and is parked. */
proctype lockedWaker() {
	byte b, gp, w;
	bool waker;
end_idle:
	atomic { wakerReady -> wakerReady = false };
	acquire;
	do
	:: loop.ended -> release; break
	:: !loop.ended && loop.wanted ->
		d_step {
			b = loop.armed;
			must(b != 0 && blk[b].begun, wake_over);
			must((len(q) != 0 || inbox(word) != 0) && !outside, wake_needed);
			loop.wanted = false; loop.waking = b
		};
		release;
		/* wake */
		d_step { must(b != 0 && blk[b].begun, wake_over); blk[b].event = true };
		b = 0;
		acquire;
		d_step { loop.waking = 0; gp = loop.ender; loop.ender = 0 };
		release;
		if
#ifndef FAULT_ender_sleeps
		:: gp != 0 ->
			g[gp].status = Grunnable;
			lockedPush(gp);
			if
			:: gp != 0 -> atomic { runq!gp; gp = 0 }
			:: else
			fi
#endif
		:: else
		fi;
		acquire
	:: !loop.ended && !loop.wanted ->
#ifdef FAULT_idle_unlocked
		release;
		loop.idle = true;
#else
		loop.idle = true;
		release;
#endif
		goto end_idle
	od;
	wakerExits = true
}

/* An m that readies gs, and takes their tickets to the m. */
proctype other() {
	byte gp, w, keep;
	bool waker, claimed;
end_other:
	do
	:: atomic { anyWaiting -> anyReady(gp) };
		lockedPush(gp);
		if
		:: gp != 0 -> atomic { runq!gp; gp = 0 }
		:: else
		fi
	:: atomic { !stopping && len(runq) != 0 -> runq?gp; hand++ };
		lockedClaim(gp);
		atomic {
			keep = 0;
			if
			:: claimed -> claimed = false; park = true
			:: else -> hand--
			fi
		}
#if STEALS
	/* exitsyscallTryGetP takes the p of the m. */
	:: atomic { steals > 0 && insyscall && hasP && !scan -> steals--; hasP = false; scan = true };
		lostP()
#endif
	od
}

proctype sysmon() {
	byte w;
	bool waker;
	do
	/* retake */
	:: atomic { insyscall && hasP && !scan -> hasP = false; scan = true };
		lostP()
	/* lockedLateWake */
	:: lockedLate != 0 ->
#ifndef FAULT_late_cleared_last
		lockedLate = 0;
#endif
		if
		:: nblock != 0 ->
			acquire;
			d_step {
				waker = loop.late && loop.idle && loop.wanted;
				loop.idle = loop.idle && !waker;
				loop.late = false
			};
			release;
			if
			:: waker -> readyWaker()
			:: else
			fi
		:: else
		fi
#ifdef FAULT_late_cleared_last
		;
		lockedLate = 0
#endif
#if STOPS
	:: atomic { stops > 0 && !stopping -> stops--; stopping = true }
	:: atomic { stopping && !hasP && hand == 0 -> stopping = false }
#endif
	:: timeout -> break
	od;
	/* Nothing can go on. */
	atomic { true -> d_step {
		i = 1;
		do
		:: i <= NG ->
			must(g[i].status != Grunnable, lost_wakeup);
			must(g[i].status != Gwaiting, block_ends);
			i++
		:: else -> break
		od
	} }
}

init {
#ifdef ONLY
	d_step {
		lost_wakeup = true; block_ends = true; wake_over = true; wake_needed = true; one_waker = true; armed_alone = true; block_armed = true;
		ONLY = false
	};
#endif
	d_step {
		word = lockedParked;
		loop.idle = true;
		g[1].todo = TODO1; g[1].blocks = LOOPS1;
		g[2].todo = TODO2; g[2].blocks = LOOPS2;
#if NG > 2
		g[3].todo = TODO3;
#endif
		skip
	};
	atomic {
		run thread();
		run lockedWaker();
		run other();
#if OTHERS > 1
		run other();
#endif
		run sysmon()
	}
}
