/*
 * A model of the protocol of src/runtime/lockedm.go: dedicated threads, and how they
 * and the rest of the scheduler find each other. Read the head comment there first.
 * What is a word, a state or a step there has the same name here. proc.pml has the rest
 * of the scheduler and the properties, config.pml the configurations. check.bash runs
 * the model, and prints how many states each configuration has. block.pml, beside this, is
 * the protocol of BlockOSThread.
 *
 * An m is a process, thread. It goes from label to label where the code calls functions
 * that never return. The process sysmon retakes ps, ends time slices, and readies
 * gs without having a p, as a thread that polls the network does.
 *
 * Steps. An atomic or a d_step is one access to what others may touch at the same time,
 * with the private work around it, or one section of sched.lock or the lock of a channel. A
 * compare-and-swap and the load before it are two steps. In exitsyscallNoPLocked words
 * change under sched.lock that others touch without it; there the lock is held from
 * step to step. Sequential consistency is all that is assumed: every word that ms
 * share changes by compare-and-swap or under a lock, and Go's atomics are sequentially
 * consistent. Private is what an m does with its own queue, its counts nlocks and bound, with
 * a g in its hand, and with an m that it has claimed. The properties own_queue and one_place
 * check that for queues and gs.
 *
 * Programs. In all configurations but fair_* a g does TODO things, in any order: it
 * blocks, yields, calls the system, or locks itself. Then it ends. While it runs it may
 * ready any g that waits, and so may sysmon at any time. So every run ends, and what was
 * lost shows when nothing can go on. Only critical sections are not counted. In fair_* gs
 * go on for ever.
 *
 * Simplified, and why that is sound:
 *
 *   - startm waits for an idle m where the code makes a new one. If none came, that would
 *     be found as an invalid end state. With LOCKER, an m that has exited stands for a
 *     new one once mget takes it. Who touches it only after that escapes after_exit.
 *   - runqget, runqsteal and runqput are one step each. Only who has a p puts into its
 *     queue; what a thief sees between the halves of runqput is what it sees before
 *     it. A thief takes one g, which for queues this short is half.
 *   - A look at queues or counters that decides only whether to take a lock, or where a
 *     g goes, is one step. It is repeated under the lock, or any answer will do.
 *   - handoffp starts no m to poll the network, since sysmon polls at all times.
 *     findRunnable takes one g from the poller; more would go through injectglist, which
 *     sysmon calls.
 *   - lockedSpin is a delay: between the drain and the load in lockedPark an m may stay as
 *     long as it likes. Only with STOPS it is a step. lockedSpinScan, which goes back to the
 *     drain, is a delay before that.
 *   - Time slices end when sysmon likes, SLICES times. With FAIR they end if schedtick is the
 *     same at two looks, where sysmon may always find the p on its way, and look away. What
 *     relaySlice finds out by the clock, sysmon tells too. Relays are followed only with FAIR.
 *     Otherwise each m that is claimed begins a slice that is not part of one, which differs
 *     in the value of schedtick, and with SLICES what it readies may always go to the
 *     end of the global queue.
 *   - Gs enter and leave critical sections when they like, and nothing is taken or waited
 *     for in them that is not outside: criticalEnter and criticalExit touch the own m only.
 *     With FAIR, there is a semaphore that is taken at the beginning of each.
 *   - LockOSThread on a shared thread and Do begin the same exclusive section, and their ends
 *     are one step. It may begin on a thread that is not shared. BlockOSThread is the end of
 *     the section, whatever a g does outside of one, and a yield. criticalEnd always yields
 *     at once.
 *   - With LEND, who waits for a mutex does so in its exclusive section. Any g may unlock
 *     it, or at last one that is not here. An m lends itself at any time after it has parked.
 *     endLending is left out: any g that runs may be preempted.
 *   - A g joins by Lock only. Do and Go take the hold before they know the m, which cannot
 *     exit then. A g that Go or an inheriting holder starts is one that joins at once.
 *   - Those that find a ThreadLocker being bound do not lock it. In the code they yield, and
 *     look again. The idle m that stands for the new one is taken first, as nobody else sees
 *     it yet.
 *   - locker_epoch counts without bound, and locker_mp is only compared. What the code does
 *     to word in one step, it does here to locker_epoch, locker_binding and locker_n.
 *   - nlocks counts a LockOSThread goroutine also while it is alone on its thread. The code
 *     counts it once others have joined it and the m goes on to one of these, and until then
 *     takes nlocks for the number of the others.
 *   - One g at a time stops the world; nobody waits for worldsema. As others see
 *     gcwaiting without the lock, the section in stopTheWorldWithSema is two steps.
 *   - Who may be blocked in a receive is each locked g that waits, and who may be blocked in
 *     LockToRecvOSThread, each other one. lockRecvRelease adopts and readies in one step:
 *     the waiter is in no queue between, and nobody else can ready it.
 *   - FAIRTICK, 2, stands for 61.
 *
 * Left out, because it adds no step: goreadyLocked, parkLocked, and the first lines of
 * scheduleLocked, which do the same with less; timers, which ready gs as a g that runs
 * does; ninbox and other statistics. Left out, though it has a part in the protocol:
 * callbacks from C, coroutines, injected debugger calls, schedEnableUser (its gs come from
 * an ordinary queue without being tickets, like those of the network poller), GC
 * workers, the trace reader, finalizers, and checkdead.
 */

#include "config.pml"
#include "proc.pml"

/* lockedRunq.word: the g at the head of the inbox, and two flags */
#define lockedParked	1
#define lockedTicket	2
#define lockedFlags	3
#define inbox(w)	((w) >> 2)
#define asInbox(gp)	((gp) << 2)

#define yieldNot	0
#define yieldLocal	1
#define yieldGlobal	2
#define yieldClaimed	3

/* state of the ThreadLocker: its word, and the m that it is bound to */
byte locker_epoch;
bool locker_binding;
byte locker_n;
byte locker_mp;

#if CRITICAL && FAIR && !EXCLUSIVE
byte sema; /* the g in its critical section that has the semaphore */
#endif

bool worldsema;
byte stops = STOPS;
byte slices = SLICES;

/* touch(mp) stands before each access of another m's word. */
#define touch(mp)	must((mp) != 0 && !m[mp].exited, after_exit)

#if LEND
#define lending		m[me].lends
#define lendNot		m[me].mayLend = false
#else
#define lending		false
#define lendNot		skip
#endif

/* mine stands before each access of the m's own queue. */
#define mine		must(m[me].awake && (m[me].word & lockedParked) == 0, own_queue)

inline pushBack(gp) {
	mine;
	to(gp, inHand, inOwnQueue);
	m[me].q!gp;
	gp = 0
}

inline pop(gp) {
	mine;
	m[me].q?gp;
	must(!g[gp].lockTicket, ticket_flag);
	to(gp, inOwnQueue, inHand)
}

/* lastFirst(mp), in a d_step, moves the last g in the own queue of mp to its head. */
inline lastFirst(mp) {
	i = len(m[mp].q) - 1;
	do
	:: i > 0 -> m[mp].q?j; m[mp].q!j; i--
	:: else -> break
	od
}

/* makeTicket(gp), in a d_step: gp becomes the only ticket of its m. */
inline makeTicket(gp) {
	i = 1;
	do
	:: i <= NG -> must(!g[i].lockTicket || g[i].lockedm != g[gp].lockedm, one_ticket); i++
	:: else -> break
	od;
	g[gp].lockTicket = true;
#if EXCLUSIVE
	g[gp].owed = false
#endif
}

/* lockedPush(gp, queued): if it is not queued, gp has become a ticket. */
inline lockedPush(gp, queued) {
	mp = g[gp].lockedm;
	do
	:: d_step { touch(mp); w = m[mp].word };
		if
#ifdef FAULT_push_ticket_unparked
		:: atomic { (w & lockedTicket) == 0 && m[mp].word == w ->
#else
		:: atomic { (w & lockedFlags) == lockedParked && m[mp].word == w ->
#endif
			touch(mp);
			m[mp].word = w | lockedTicket;
			d_step { makeTicket(gp) };
			queued = false; w = 0; mp = 0; break }
#ifdef FAULT_push_ticket_unparked
		:: atomic { (w & lockedTicket) != 0 && m[mp].word == w ->
#else
		:: atomic { (w & lockedFlags) != lockedParked && m[mp].word == w ->
#endif
			touch(mp);
			g[gp].schedlink = inbox(w);
			m[mp].word = asInbox(gp) | (w & lockedFlags);
			to(gp, inHand, inInbox);
			gp = 0;
#ifdef FAULT_push_touches_late
			queued = true; w = 0 };
			atomic { touch(mp); mp = 0; break }
#else
			queued = true; w = 0; mp = 0; break }
#endif
		:: m[mp].word != w
		fi
	od
}

inline lockedDrain() {
	do
	:: atomic { w = m[me].word; if :: inbox(w) == 0 -> w = 0; break :: else fi };
		if
		:: atomic { m[me].word == w ->
			m[me].word = w & lockedFlags;
			d_step {
				mine;
				i = inbox(w); j = 0; w = 0;
				do
				:: i != 0 -> k = g[i].schedlink; g[i].schedlink = j; j = i; i = k
				:: else -> break
				od;
				do
				:: j != 0 -> k = g[j].schedlink; g[j].schedlink = 0; to(j, inInbox, inOwnQueue); m[me].q!j; j = k
				:: else -> break
				od
			};
			break }
		:: m[me].word != w
		fi
	od
}

/*
 * lockedClaim(gp, claimed) sets mp to the m of gp. If it is claimed, it belongs
 * to the caller, so that gp can be put first in its queue in the same step.
 */
inline lockedClaim(gp, claimed) {
	d_step {
		mp = g[gp].lockedm;
		ticket = g[gp].lockTicket;
		relay = g[gp].lockTicket && g[gp].lockRelay;
		g[gp].lockTicket = false;
		g[gp].lockRelay = false
	};
	do
	:: d_step {
			touch(mp);
			w = m[mp].word;
			must(!ticket || (w & lockedTicket) != 0, ticket_flag);
#ifdef FAULT_claim_keeps_flag
			ticket = false
#endif
		};
		if
#ifdef FAULT_claim_unparked
		:: atomic { m[mp].word == w ->
#elif defined(FAULT_claim_overtakes)
		:: atomic { (w & lockedParked) != 0 && m[mp].word == w ->
#else
		:: atomic { (w & lockedParked) != 0 && (ticket || (w & lockedTicket) == 0) && m[mp].word == w ->
#endif
			must(ticket || (w & lockedTicket) == 0, ticket_first);
			touch(mp);
			m[mp].word = w & ~lockedParked & ~(ticket * lockedTicket);
			m[mp].relay = relay;
			d_step {
				must(!m[mp].awake, own_queue);
				to(gp, inHand, inOwnQueue);
				m[mp].q!gp;
				lastFirst(mp)
			};
			gp = 0;
			claimed = true; w = 0; ticket = false; relay = false; break }
#ifndef FAULT_claim_unparked
		:: atomic { !((w & lockedParked) != 0 && (ticket || (w & lockedTicket) == 0)) && m[mp].word == w ->
			touch(mp);
			g[gp].schedlink = inbox(w);
			m[mp].word = asInbox(gp) | (w & lockedFlags & ~(ticket * lockedTicket));
			to(gp, inHand, inInbox);
			gp = 0;
			claimed = false; w = 0; mp = 0; ticket = false; relay = false; break }
#endif
		:: m[mp].word != w
		fi
	od
}

/* wake gives the claimed mp the p in pp. */
inline wake() {
	d_step {
		ok = false;
		giveP(mp, pp);
		mp = 0
	}
}

inline lockedWake(gp, taken) {
	if
	:: sched.npidle == 0
	:: else ->
		atomic { !sched.lock -> d_step { pidleget(pp) } };
		if
		:: pp != 0 ->
#ifdef FAULT_wake_unclaimed
			d_step { mp = g[gp].lockedm; gp = 0; taken = true };
#else
			lockedClaim(gp, taken);
			must(taken, ticket_first);
#endif
			wake();
			taken = true
		:: else
		fi
	fi
}

#if FAIR
#define inRelay	p[m[me].p].relay

/* relaySlice, of the m's p */
inline relaySlice() {
	p[m[me].p].sliceOver = false;
	p[m[me].p].relay = true;
	p[m[me].p].last = p[m[me].p].relayLong
}
#endif

/* lockedRunqput(gp), with next, which is what goready asks for */
inline lockedRunqput(gp) {
	if
	:: runqempty(m[me].p) && (sched.npidle != 0 || sched.nmspinning != 0) -> runqput(m[me].p, gp, false)
	:: else ->
#if FAIR
		if
#ifndef FAULT_relay_unwatched
		:: inRelay && p[m[me].p].last ->
			atomic { !sched.lock -> globrunqput(gp) }
#endif
		:: else ->
			atomic {
				if
#ifdef FAULT_relay_begins_anew
				:: true ->
#else
				:: !inRelay ->
#endif
					p[m[me].p].relaySeen = false; p[m[me].p].relayLong = false
				:: else
				fi;
				g[gp].lockRelay = g[gp].lockTicket;
				runqput(m[me].p, gp, true)
			}
		fi
#else
		if
		:: runqput(m[me].p, gp, true)
#if SLICES
		:: atomic { !sched.lock -> globrunqput(gp) }
#endif
		fi
#endif
	fi;
#if NP > 1
	wakep()
#endif
}

/* ready(rg): the m, which has a p and runs gp, has made rg runnable. */
inline ready(rg) {
	if
	:: g[rg].lockedm == me -> d_step { pushBack(rg) }
	:: g[rg].lockedm != 0 && g[rg].lockedm != me ->
		lockedPush(rg, ok);
		if
		:: !ok -> lockedWake(rg, ok)
		:: else
		fi;
		if
		:: ok -> ok = false
		:: else -> lockedRunqput(rg)
		fi
	:: g[rg].lockedm == 0 && m[me].dedicated -> lockedRunqput(rg)
	:: g[rg].lockedm == 0 && !m[me].dedicated ->
		runqput(m[me].p, rg, true);
		wakep()
	fi
}

/* lockedPark, from where lockedSpin has given up, which may be at any time */
inline lockedPark() {
	do
	:: atomic { w = m[me].word; if :: inbox(w) != 0 -> w = 0; inherit = false; lendNot; goto scheduleLocked :: else fi };
		if
#if defined(FAULT_park_unchecked)
		:: atomic { true -> m[me].word = m[me].word | lockedParked; m[me].awake = false; w = 0; break }
#elif defined(FAULT_park_stores)
		:: atomic { true -> m[me].word = w | lockedParked; m[me].awake = false; w = 0; break }
#else
		:: atomic { m[me].word == w -> m[me].word = w | lockedParked; m[me].awake = false; w = 0; break }
		:: m[me].word != w
#endif
		fi
	od
}

#if EXCLUSIVE
/* g.suspended */
#define notSuspended	0
#define byBlock		1	/* BlockOSThread; gp does what an ordinary g does */
#define isOver		2	/* Yield or BlockOSThread, which is over: the section is to go on */
#endif

#if CRITICAL
#define isCritical(gp)	(g[gp].critical != 0)

/* putBack(), in a d_step, moves what was put aside to the head of the own queue. */
inline putBack() {
	i = len(m[me].q);
	do
	:: len(m[me].excluded) != 0 -> m[me].excluded?j; to(j, inExcluded, inOwnQueue); m[me].q!j
	:: else -> break
	od;
	do
	:: i > 0 -> m[me].q?j; m[me].q!j; i--
	:: else -> break
	od
}

/*
 * lockedCritical puts the gs aside that stand before the first one in a section. It
 * leaves that one at the head of the queue.
 */
inline lockedCritical() {
	d_step {
		mine;
		do
		:: len(m[me].q) != 0 ->
			m[me].q?<j>;
			if
			:: isCritical(j) ->
#if LEND && !defined(FAULT_lend_stays)
				m[me].lends = m[me].lends && !g[j].exclusive;
#endif
				break
#ifdef FAULT_joiner_runs
			:: !isCritical(j) && g[j].joining -> break
			:: !isCritical(j) && !g[j].joining ->
#else
			:: else ->
#endif
				m[me].q?j; to(j, inOwnQueue, inExcluded); m[me].excluded!j
			fi
		:: else -> break
		od
#if defined(FAULT_critical_unwatched) || defined(FAULT_begins_early)
		;
		if
		:: len(m[me].q) == 0 -> putBack()
		:: else
		fi
#endif
	}
}

/* criticalEnd(gp, yield), in an atomic, ends the section of gp. */
inline criticalEnd(gp, yield) {
	d_step {
		g[gp].critical = 0; m[me].ncritical--;
		yield = (len(m[me].excluded) != 0);
#ifndef FAULT_excluded_stay
		if
		:: m[me].ncritical == 0 -> putBack()
		:: else
		fi
#endif
	}
}

/* exclusiveDrop(gp), in an atomic: gp ends or leaves the m, and its section with it. */
inline exclusiveDrop(gp) {
	if
#ifndef FAULT_exit_keeps_section
	:: isCritical(gp) -> criticalEnd(gp, ok); ok = false
#else
	:: isCritical(gp) -> g[gp].critical = 0
#endif
	:: else
	fi;
#if EXCLUSIVE
	g[gp].exclusive = false; g[gp].suspended = notSuspended
#endif
}
#else
#define isCritical(gp)	false
#define exclusiveDrop(gp)	skip
#endif

#if EXCLUSIVE
/* inExclusive(gp): gp is in an exclusive section that is not suspended. */
#define inExclusive(gp)	(g[gp].exclusive && isCritical(gp))

/* inSection(gp): gp is in a critical section of the runtime, so it cannot end or leave. */
#if FAIR
#define inSection(gp)	isCritical(gp)
#else
#define inSection(gp)	(g[gp].critical > g[gp].exclusive)
#endif

#if LEND
/* A g in an exclusive section that waits for a mutex, and those that can be run meanwhile. */
#define waitsMutex(gp)	(g[gp].lockedm == me && inExclusive(gp) && g[gp].status == Gwaiting && g[gp].mutex)
#define lendable(gp)	(g[gp].lockedm == me && g[gp].place == inExcluded && !g[gp].begins)

/* takeLendable(), in a d_step, moves the first g that can be run to the head of the own queue. */
inline takeLendable() {
	i = len(m[me].excluded); k = 0;
	do
	:: i > 0 ->
		m[me].excluded?j; i--;
		if
		:: k == 0 && !g[j].begins -> k = j
		:: else -> m[me].excluded!j
		fi
	:: else -> break
	od;
	if
	:: k != 0 -> mine; to(k, inExcluded, inOwnQueue); m[me].q!k; lastFirst(me)
	:: else
	fi
}
#endif

byte yielder; /* the g that has called Yield first, or is at the end of BlockOSThread */

/* owe(gp), in an atomic: gp yields, so the gs in the queues of the m are owed a turn. */
inline owe(gp) {
	d_step {
	i = 1;
	do
	:: i <= NG && yielder == 0 ->
		g[i].owed = (i != gp && g[i].lockedm == me &&
			(g[i].place == inOwnQueue || g[i].place == inInbox || g[i].place == inExcluded));
		i++
	:: else -> break
	od;
	if
	:: yielder == 0 -> yielder = gp
	:: else
	fi
	}
}
#else
#define inSection(gp)	isCritical(gp)
#endif

#define nothingToRun	(len(m[me].q) == 0)

inline lockedTakeTicket(gp) {
	do
	:: d_step {
			w = m[me].word;
			must((w & (lockedParked | lockedTicket)) == 0, one_ticket);
			if
			:: gp == 0 -> pop(gp)
			:: else
			fi
		};
		if
		:: atomic { m[me].word == w ->
			m[me].word = w | lockedParked | lockedTicket;
			d_step { makeTicket(gp) };
			m[me].awake = false; w = 0; break }
		:: m[me].word != w
		fi
	od
}

/*
 * lockedYield up to lockedHandoff. lockedMustYield has set m.yield to yieldNot, and
 * its result is in it until lockedYield has used it.
 */
#ifndef FAULT_yield_stays
#define yielded	m[me].yield = yieldNot
#else
#define yielded	skip
#endif

inline lockedYield() {
#ifdef FAULT_yield_publishes_early
	/* the ticket first, then the flags */
	d_step { pop(gp); g[gp].lockTicket = true };
	atomic { !sched.lock -> globrunqput(gp) };
	wakep();
	do
	:: w = m[me].word;
		if
		:: atomic { m[me].word == w -> m[me].word = w | lockedParked | lockedTicket; m[me].awake = false; yielded; w = 0; break }
		:: m[me].word != w
		fi
	od
#else
	lockedTakeTicket(gp);
#ifdef FAULT_yield_in_front
	atomic { true -> yielded; runqput(m[me].p, gp, true) }
#else
	if
	:: atomic { m[me].yield == yieldLocal -> yielded; runqput(m[me].p, gp, false) }
	:: atomic { m[me].yield != yieldLocal && !sched.lock -> yielded; globrunqput(gp) };
		wakep()
	fi
#endif
#endif
}

inline lockedNext(gp) {
	atomic {
		gp = p[m[me].p].runnext;
		if
		:: gp == 0 && len(p[m[me].p].runq) != 0 -> p[m[me].p].runq?<gp>
		:: else
		fi;
		if
		:: gp != 0 && g[gp].lockedm == 0 -> gp = 0; goto handoff
		:: else
		fi
	};
	if
	:: gp == 0 ->
		if
		:: len(sched.runq) == 0
		:: else ->
			atomic {
				!sched.lock ->
				d_step {
					if
					:: len(sched.runq) != 0 -> sched.runq?<gp>
					:: else
					fi;
					if
#ifdef FAULT_next_peeks
					:: gp != 0 && g[gp].lockedm != 0 -> g[gp].place = inHand
#else
					:: gp != 0 && g[gp].lockedm != 0 ->
						globrunqget(gp);
#if FAIR
						g[gp].lockRelay = false
#endif
#endif
					:: else -> gp = 0
					fi
				}
			}
		fi
	:: else ->
#if FAIR
		atomic { ok = (p[m[me].p].runnext != 0); runqget(m[me].p, gp); g[gp].lockRelay = g[gp].lockRelay && ok; ok = false };
#else
		runqget(m[me].p, gp);
#endif
		if
		:: gp != 0 && g[gp].lockedm == 0 -> runqput(m[me].p, gp, true)
		:: else
		fi
	fi
}

/*
 * lockedRelease(gp, last) releases gp, which leaves or ends, from the m, and says whether
 * that was the last one. Only nlocks and bound are the m's own.
 */
inline lockedRelease(gp, last) {
	exclusiveDrop(gp);
	m[me].nlocks--;
	g[gp].lockedm = 0;
	last = (m[me].nlocks == 0
#ifndef FAULT_exit_ignores_bound
		&& m[me].bound == 0
#endif
#ifndef FAULT_exit_ignores_joining
		&& m[me].joining == 0
#endif
		)
}

/* drop() takes a holder off the ThreadLocker. */
inline drop() {
	locker_n--;
	if
#ifndef FAULT_drop_forgets_bound
	:: locker_n == 0 -> m[me].bound--
#endif
	:: else
	fi
}

/* joins(gp, mp): gp is on the way to mp, which does not count it yet. */
inline joins(gp, mp) {
	touch(mp);
	g[gp].joining = true;
	m[mp].joining++
}

/* member(mp): a g is locked to mp, there or on the way. */
#if NG == 1
#define member(mp)	(g[1].lockedm == mp)
#elif NG == 2
#define member(mp)	(g[1].lockedm == mp || g[2].lockedm == mp)
#else
#define member(mp)	(g[1].lockedm == mp || g[2].lockedm == mp || g[3].lockedm == mp)
#endif

inline clean() {
	must(m[me].word == 0 && len(m[me].q) == 0 && !member(me), exit_empty);
#if CRITICAL
	must(m[me].ncritical == 0 && len(m[me].excluded) == 0, exit_empty)
#endif
}

inline execute() {
	to(gp, inHand, nowhere);
	g[gp].status = Grunning;
	must(g[gp].lockedm == (m[me].dedicated -> me : 0), own_thread);
#if LOCKER
	/* lockedSwitchHolds */
	if
	:: g[gp].joining ->
		g[gp].joining = false; m[me].joining--;
#ifndef FAULT_arrive_uncounted
		m[me].nlocks++
#endif
	:: else
	fi;
#endif
#if CRITICAL
	must(m[me].ncritical == 0 || isCritical(gp) || lending, critical_first);
#endif
#if EXCLUSIVE
	must(gp == 1 || g[1].lockedm != g[gp].lockedm || !inExclusive(1) || lending, exclusive_alone);
	must(gp == 2 || g[2].lockedm != g[gp].lockedm || !inExclusive(2) || lending, exclusive_alone);
	must(gp == NG || g[NG].lockedm != g[gp].lockedm || !inExclusive(NG) || lending, exclusive_alone);
	must(!inExclusive(gp) || !lending, exclusive_alone);
	g[gp].owed = false;
#endif
#if LEND
	g[gp].mutex = false;
#endif
	if
	:: !inherit ->
		p[m[me].p].schedtick = (p[m[me].p].schedtick + 1) % FAIRTICK;
#if FAIR
		p[m[me].p].relay = false;
		p[m[me].p].last = false;
#endif
		p[m[me].p].sliceOver = false
	:: else
	fi;
	m[me].preempt = false;
	inherit = false
}

inline schedule() {
	if
	:: m[me].dedicated -> inherit = true; goto scheduleLocked
	:: else -> goto findRunnable
	fi
}

/* found(): what schedule does with gp from findRunnable, in one step with taking it */
inline found() {
	if
	:: m[me].spinning -> goto resetspinning
#ifndef FAULT_runs_locked
	:: !m[me].spinning && g[gp].lockedm != 0 -> goto startLocked
#endif
	:: else -> execute(); goto running
	fi
}

/* foundBatch() is the same after globrunqgetbatch. */
inline foundBatch() {
#if NP > 1
	if
	:: more != 0 -> goto runqputbatch
	:: else -> found()
	fi
#else
	found()
#endif
}

/* receives(gp): gp is locked, and may be blocked in a receive. */
#define receives(gp)	(g[gp].status == Gwaiting && g[gp].lockedm != 0)

/* waitsToRecv(gp): gp is not locked, and may be blocked in LockToRecvOSThread. */
#define waitsToRecv(gp)	(g[gp].status == Gwaiting && g[gp].lockedm == 0 && g[gp].todo > 0)

/* An m. It begins asleep. */
proctype thread(byte me) {
	byte gp, gp2, mp, pp, w;
	bool ok, ticket, inherit, relay;
#if NP > 1
	byte more;
#endif
#if SYSCALL
	byte oldp;
#endif
#if LOCKER
	byte n, epoch;
#endif
	goto end_mPark;

	/* findRunnable, for an ordinary m with a p */
findRunnable:
#if STOPS
	if
	:: stopping -> goto gcstopm
	:: else
	fi;
#endif
	if
	:: p[m[me].p].schedtick == 0 && len(sched.runq) != 0 ->
		atomic { !sched.lock -> globrunqget(gp); if :: gp != 0 -> found() :: else fi }
	:: else
	fi;
	atomic {
		inherit = (p[m[me].p].runnext != 0);
		runqget(m[me].p, gp);
		if
		:: gp != 0 -> found()
		:: else
		fi
	};
	if
	:: len(sched.runq) != 0 ->
		atomic { !sched.lock -> globrunqgetbatch(gp); if :: gp != 0 -> foundBatch() :: else fi }
	:: else
	fi;
#if NETPOLL
	if
	:: atomic { anyPolled -> anyReady(gp); found() }
	:: true
	fi;
#endif
	atomic {
		if
		:: m[me].spinning
		:: !m[me].spinning && 2*sched.nmspinning < NP - sched.npidle -> becomeSpinning()
		:: else -> goto idle
		fi
	};
#if NP > 1
	atomic { runqsteal(3 - m[me].p, gp); if :: gp != 0 -> found() :: else fi };
#endif
idle:
	atomic {
		!sched.lock ->
		if
		:: stopping -> goto findRunnable
		:: !stopping && len(sched.runq) != 0 -> globrunqgetbatch(gp); foundBatch()
		:: !stopping && len(sched.runq) == 0 && !m[me].spinning && sched.needspinning -> becomeSpinning(); goto findRunnable
		:: else ->
			releasep(pp); pidleput(pp);
			if
			:: m[me].spinning
			:: else -> goto stopm
			fi
		fi
	};
	atomic { m[me].spinning = false; sched.nmspinning-- };
	atomic {
		!sched.lock ->
		if
		:: len(sched.runq) != 0 ->
			pidlegetSpinning(pp);
			if
			:: pp != 0 -> acquirep(pp); globrunqgetbatch(gp); goto spins
			:: else
			fi
		:: else
		fi
	};
	/* checkRunqsNoP */
	if
#if NP > 1
	:: !runqempty(1) || !runqempty(2) ->
#else
	:: !runqempty(1) ->
#endif
		atomic {
			!sched.lock ->
			pidlegetSpinning(pp);
			if
			:: pp != 0 -> acquirep(pp); becomeSpinning(); goto findRunnable
			:: else
			fi
		}
	:: else
	fi;
stopm:
	atomic { !sched.lock -> mput(); m[me].awake = false };

	/* mPark, in stopm and lockedSleep */
end_mPark:
#if LEND
	if
	:: m[me].park
	:: atomic { m[me].mayLend && !m[me].park -> goto lockedLend }
	fi;
#endif
	atomic {
		m[me].park ->
		m[me].park = false;
		lendNot;
		must((m[me].word & lockedParked) == 0, claimed_first);
		m[me].awake = true;
		pp = m[me].nextp; m[me].nextp = 0;
		acquirep(pp);
		if
		:: m[me].dedicated ->
			/* lockedSleep */
#ifndef FAULT_yield_stays
			m[me].yield = yieldClaimed;
#endif
			inherit = m[me].relay;
			m[me].relay = false;
#if FAIR
			if
			:: inherit -> relaySlice()
			:: else
			fi;
#endif
			goto scheduleLocked
		:: else -> goto findRunnable
		fi
	};

#if STOPS
gcstopm:
	atomic {
		!sched.lock ->
		if
		:: m[me].spinning -> m[me].spinning = false; sched.nmspinning--
		:: else
		fi;
		releasep(pp); stopP(pp);
		goto stopm
	};
#endif

#if NP > 1
runqputbatch:
	atomic { runqput(m[me].p, more, false); found() };
#endif

spins:
#if NP > 1
	if
	:: more != 0 -> runqput(m[me].p, more, false)
	:: else
	fi;
#endif
	atomic { becomeSpinning(); goto resetspinning };

resetspinning:
	atomic { m[me].spinning = false; sched.nmspinning-- };
	wakep();
	if
	:: g[gp].lockedm != 0
	:: else -> atomic { execute(); goto running }
	fi;
startLocked:
#if FAIR
	/* tookTicket */
	atomic { g[gp].lockRelay = g[gp].lockRelay && inherit; inherit = false };
#endif
	lockedClaim(gp, ok);
	if
	:: ok ->
		d_step { releasep(pp) };
#ifdef FAULT_start_forgets_self
		d_step { m[me].awake = false };
#else
		atomic { !sched.lock -> mput(); m[me].awake = false };
#endif
		wake();
		goto end_mPark
	:: else -> goto findRunnable
	fi;

	/* scheduleLocked, for a dedicated m with a p */
scheduleLocked:
#if STOPS
	if
	:: stopping -> goto lockedGCStop
	:: else
	fi;
#endif
	lockedDrain();
#if CRITICAL
	if
#ifdef FAULT_holder_preempted
	:: m[me].ncritical != 0 && !p[m[me].p].sliceOver -> lockedCritical()
#else
	:: m[me].ncritical != 0 -> lockedCritical()
#endif
	:: else
	fi;
#if LEND
	if
	:: nothingToRun && lending -> d_step { takeLendable() }
	:: else
	fi;
#endif
#endif
	if
	:: nothingToRun ->
#if LEND && !defined(FAULT_lend_never)
		d_step { m[me].mayLend = !lending && (waitsMutex(1) || waitsMutex(2) || waitsMutex(NG)) && (lendable(1) || lendable(2) || lendable(NG)) };
#endif
#if STOPS && NP > 1
		/* lockedSpin */
		if
		:: stopping -> goto scheduleLocked
		:: true
		fi;
#endif
		lockedPark();
		goto lockedHandoff
	:: else
	fi;
#if GOSCHED || SLICES || FAIR || STOPS || SYSCALL || EXCLUSIVE
	/* lockedMustYield */
	if
	:: m[me].yield == yieldClaimed -> goto runs
	:: else
	fi;
	if
	:: inherit && p[m[me].p].sliceOver ->
		inherit = false;
		/* lockedOtherWork */
		if
		:: !runqempty(m[me].p) || len(sched.runq) != 0 -> m[me].yield = yieldGlobal; goto yields
		:: else
		fi;
#if NP > 1
		if
		:: sched.npidle == 0 && !runqempty(3 - m[me].p) -> m[me].yield = yieldGlobal; goto yields
		:: else
		fi
#endif
	:: else
	fi;
	if
	:: m[me].yield != yieldNot ->
		if
		:: !runqempty(m[me].p) || len(sched.runq) != 0 -> goto yields
		:: else -> m[me].yield = yieldNot
		fi
	:: else
	fi;
#endif
runs:
	atomic {
#ifdef FAULT_claimed_stays
		d_step { pop(gp); execute() };
#else
		d_step { m[me].yield = yieldNot; pop(gp); execute() };
#endif
		goto running
	};

#if GOSCHED || SLICES || FAIR || STOPS || SYSCALL || EXCLUSIVE
yields:
	lockedYield();
#endif

lockedHandoff:
	if
	:: stopping || p[m[me].p].schedtick == 0 && len(sched.runq) != 0 -> goto handoff
	:: else
	fi;
	lockedNext(gp);
	if
	:: gp == 0 -> goto handoff
	:: else
	fi;
	lockedClaim(gp, ok);
	if
	:: ok ->
#ifdef FAULT_handoff_forgets
		ok = false; mp = 0;
		goto lockedHandoff
#else
#ifdef FAULT_handoff_keeps_p
		pp = m[me].p;
#else
		d_step { releasep(pp) };
#endif
		wake();
		goto end_mPark
#endif
	:: else -> goto lockedHandoff
	fi;
handoff:
	atomic { releasep(pp) };
	handoffp(pp);
	goto end_mPark;

#if LEND
	/* The m has no p, and may be claimed. */
lockedLend:
	m[me].lends = true;
	do
	:: atomic { w = m[me].word;
			if
			:: (w & lockedParked) == 0 || (w & lockedTicket) != 0 -> w = 0; lendNot; goto end_mPark
			:: else
			fi };
		if
#ifdef FAULT_lend_unclaimed
		:: atomic { true -> m[me].word = m[me].word & ~lockedParked; m[me].awake = true; w = 0; break }
#else
		:: atomic { m[me].word == w -> m[me].word = w & ~lockedParked; m[me].awake = true; w = 0; break }
		:: m[me].word != w
#endif
		fi
	od;
	atomic { true -> d_step { takeLendable() } };
	lockedTakeTicket(gp);
	atomic { !sched.lock -> globrunqput(gp); lendNot };
	wakep();
	goto end_mPark;
#endif

#if STOPS
lockedGCStop:
	lockedDrain();
	if
	:: len(m[me].q) == 0 ->
		atomic { w = m[me].word; if :: inbox(w) != 0 -> w = 0; goto scheduleLocked :: else fi };
		atomic {
			if
			:: m[me].word == w -> m[me].word = w | lockedParked; m[me].awake = false; w = 0
			:: else -> w = 0; goto scheduleLocked
			fi
		}
	:: else ->
#ifdef FAULT_gcstop_without_ticket
		d_step { m[me].word = m[me].word | lockedParked; m[me].awake = false }
#else
		lockedTakeTicket(gp);
		runqput(m[me].p, gp, true)
#endif
	fi;
	atomic {
		!sched.lock ->
		releasep(pp); stopP(pp);
#ifdef FAULT_gcstop_idles
		goto stopm
#else
		goto end_mPark
#endif
	};
#endif

#if LEND
#define mayGoOn	(g[gp].suspended != isOver && !g[gp].begins)
#elif EXCLUSIVE && !FAIR
#define mayGoOn	(g[gp].suspended != isOver)
#else
#define mayGoOn	true
#endif

	/* The m runs gp. */
running:
	if
#if FAIR && CRITICAL
	/*
	 * The third computes, and the others go from one critical section to the next, until
	 * their slices end. A critical section sees the end of one slice at most.
	 */
#define slowSection	(isCritical(gp) && g[gp].preempted)
	:: atomic { m[me].preempt && !slowSection -> g[gp].preempted = isCritical(gp); goto preempted }
#if EXCLUSIVE
	:: !m[me].preempt && gp != 3 && !isCritical(gp) -> g[gp].exclusive = true; goto exclusiveBegin
	:: slowSection && gp != 3 && isCritical(gp) -> g[gp].exclusive = false; goto criticalExit
#else
	:: !m[me].preempt && gp != 3 && !g[gp].critical ->
		atomic { g[gp].critical = 1; m[me].ncritical++ };
		if
		:: atomic { sema == 0 -> sema = gp; goto running }
		:: atomic { sema != 0 -> g[gp].status = Gwaiting; gp = 0; schedule() }
		fi
	:: (!m[me].preempt || slowSection) && gp != 3 && g[gp].critical ->
		if
		:: g[3 - gp].critical && g[3 - gp].status == Gwaiting ->
			/* semrelease gives the semaphore to the one that waits. */
			atomic { gp2 = 3 - gp; sema = gp2; runnable(gp2) };
			ready(gp2)
		:: else -> sema = 0
		fi;
		goto criticalExit
#endif
#endif
#if FAIR && !CRITICAL
	/* Who computes, does so until its slice ends. */
	:: m[me].preempt && (gp == 3 -> !FAIR_BLOCKS : FAIR_COMPUTES) -> goto preempted
	/* The third blocks until one of the others readies it. */
	:: gp == 3 && FAIR_BLOCKS ->
		atomic { g[gp].status = Gwaiting; gp = 0; goto findRunnable }
	:: gp != 3 && g[3].status == Gwaiting ->
		atomic { gp2 = 3; runnable(gp2) };
		ready(gp2);
		goto running
	/* The other two ready each other and block. */
	:: gp != 3 && g[3].status != Gwaiting && !FAIR_COMPUTES ->
		atomic { gp2 = 3 - gp; runnable(gp2) };
		ready(gp2);
		atomic { g[gp].status = Gwaiting; gp = 0; schedule() }
#endif
#if EXCLUSIVE && !FAIR
	/* it goes on with a section that was suspended */
	:: g[gp].suspended == isOver -> goto exclusiveBegin
#if LEND
	/* it goes on to wait for the end of another's */
	:: g[gp].suspended != isOver && g[gp].begins -> goto exclusiveBegin
	/* it waits for a mutex in its section */
	:: atomic { mayGoOn && g[gp].todo > 0 && inExclusive(gp) -> g[gp].todo--; g[gp].mutex = true; g[gp].status = Gwaiting; gp = 0; schedule() }
#endif
	/* LockOSThread, or Do */
	:: atomic { mayGoOn && g[gp].suspended == notSuspended && g[gp].lockedm != 0 && !g[gp].exclusive && !isCritical(gp) ->
		g[gp].exclusive = true; goto exclusiveBegin }
	/* UnlockOSThread, or the end of Do */
	:: atomic { g[gp].exclusive && g[gp].suspended == notSuspended && g[gp].critical == 1 -> g[gp].exclusive = false; goto criticalExit }
	/* Yield */
	:: atomic { g[gp].exclusive && g[gp].suspended == notSuspended && g[gp].critical == 1 ->
#ifndef FAULT_yield_keeps_section
		criticalEnd(gp, ok); ok = false;
#endif
		owe(gp);
		g[gp].suspended = isOver;
		goto gosched }
#if EXCLUSIVE > 1
	/* BlockOSThread, and its end */
	:: atomic { g[gp].exclusive && g[gp].suspended == notSuspended && g[gp].critical == 1 ->
		criticalEnd(gp, ok); ok = false;
		g[gp].suspended = byBlock;
		goto running }
	:: atomic { g[gp].suspended == byBlock && !isCritical(gp) ->
		g[gp].suspended = isOver;
		owe(gp);
		if
		:: len(m[me].q) != 0 || inbox(m[me].word) != 0 -> goto gosched
		:: else -> goto running
		fi }
#endif
#endif
#if BLOCKS && !FAIR
	/* it blocks */
	:: atomic { mayGoOn && g[gp].todo > 0 -> g[gp].todo--; g[gp].status = Gwaiting; gp = 0; schedule() }
#endif
#if !FAIR
	/* it readies one that blocks */
	:: atomic { mayGoOn && anyPolled -> anyReady(gp2) };
#if LEND
		ready(gp2);
		goto running
	:: atomic { mayGoOn && anyWaiting && !anyPolled -> anyUnlocked(gp2) };
#endif
		ready(gp2);
		goto running
#if CRITICAL && EXCLUSIVE < 3
	/* criticalEnter, criticalExit */
#if EXCLUSIVE
	:: atomic { mayGoOn && g[gp].lockedm != 0 && !inSection(gp) ->
		if
		:: !isCritical(gp) -> m[me].ncritical++
		:: else
		fi;
		g[gp].critical++; goto running }
	:: atomic { mayGoOn && inSection(gp) && inExclusive(gp) && g[gp].suspended == notSuspended -> g[gp].critical--; goto running }
	:: mayGoOn && inSection(gp) && (!g[gp].exclusive || g[gp].suspended == byBlock) -> goto criticalExit
#else
	:: atomic { g[gp].lockedm != 0 && !isCritical(gp) -> g[gp].critical = 1; m[me].ncritical++; goto running }
	:: isCritical(gp) -> goto criticalExit
#endif
#endif
	/* it ends */
	:: atomic { mayGoOn && g[gp].todo == 0 && !inSection(gp) -> g[gp].status = Gdead; if :: g[gp].lockedm == 0 -> gp = 0; schedule() :: else fi };
		/* gdestroyLocked */
		if
		:: g[gp].locker -> d_step { g[gp].locker = false; drop() }
		:: else
		fi;
		atomic {
			m[me].tainted = m[me].tainted || g[gp].ext;
			g[gp].ext = false;
			lockedRelease(gp, ok);
			gp = 0;
			if
			:: ok -> ok = false; goto mexit
			:: else -> schedule()
			fi
		}
#endif
#if GOSCHED
	:: atomic { g[gp].todo > 0 -> g[gp].todo--; g[gp].status = Gwaiting; runnable(gp) };
		if
		:: m[me].dedicated ->
			/* goschedLocked, or goyieldLocked once the m has readied another's g */
			lockedDrain();
			atomic {
				if
				:: len(m[me].q) == 0 -> m[me].yield = yieldGlobal
				:: len(m[me].q) != 0
				:: m[me].yield = yieldLocal
				fi;
				pushBack(gp);
				schedule()
			}
		:: else ->
			atomic { !sched.lock -> globrunqput(gp) };
			wakep();
			goto findRunnable
		fi
#endif
#if SLICES || STOPS
	:: m[me].preempt || stopping -> goto preempted
#endif
#if SYSCALL
	:: atomic { g[gp].todo > 0 -> g[gp].todo--; oldp = m[me].p };
		goto entersyscall
#endif
#if STOPS
	:: atomic { stops > 0 && !worldsema && !sched.lock -> stops--; worldsema = true;
		sched.lock = true;
		sched.gcwaiting = true;
		sched.stopwait = NP - 1;
		p[m[me].p].status = Pgcstop;
		goto stopTheWorld }
#endif
#if LOCKER
#if LOCKER != 2
	/* LockOSThread */
	:: atomic { g[gp].todo > 0 && g[gp].lockedm == 0 ->
		g[gp].todo--;
		clean();
		m[me].nlocks = 1; m[me].dedicated = true;
		g[gp].lockedm = me; g[gp].ext = true;
		goto running }
	/*
	 * LockToRecvOSThread. The lock of the channel is held, so that the receiver stays
	 * where it is.
	 */
	:: atomic { g[gp].todo > 0 && g[gp].lockedm == 0 && (receives(1) || receives(2) || receives(NG)) ->
		g[gp].todo--;
		if
		:: receives(1) -> gp2 = 1
		:: receives(2) -> gp2 = 2
#if NG > 2
		:: receives(3) -> gp2 = 3
#endif
		fi;
		joins(gp, g[gp2].lockedm);
		g[gp].lockedm = g[gp2].lockedm; g[gp].ext = true;
		gp2 = 0;
		goto lockedMove }
#endif
	/*
	 * ThreadLocker.Lock. The first steps are a load of the word, one of locker_mp, and the
	 * compare-and-swap. Those that find it being bound look again later.
	 */
	:: atomic { g[gp].todo > 0 && !g[gp].locker && locker_n != 0 && !locker_binding ->
		n = locker_n; epoch = locker_epoch };
		atomic { mp = locker_mp };
		if
#if defined(FAULT_join_without_epoch)
		:: atomic { g[gp].lockedm == 0 && locker_n == n && !locker_binding ->
#elif defined(FAULT_join_without_n)
		:: atomic { g[gp].lockedm == 0 && locker_epoch == epoch ->
#else
		:: atomic { g[gp].lockedm == 0 && locker_n == n && locker_epoch == epoch && !locker_binding ->
#endif
			n = 0; epoch = 0;
#ifndef FAULT_join_holds_late
			locker_n++;
#endif
			g[gp].locker = true; g[gp].lockedm = mp;
			g[gp].todo-- };
			atomic { joins(gp, mp); mp = 0;
#ifdef FAULT_join_holds_late
				locker_n++;
#endif
				goto lockedMove }
		/* One that is locked to that m already joins nobody. */
		:: atomic { g[gp].lockedm == me && mp == me && locker_n == n && locker_epoch == epoch && !locker_binding ->
			n = 0; epoch = 0; mp = 0;
			locker_n++;
			g[gp].locker = true;
			g[gp].todo--;
			goto running }
		/* It panics, or looks again. */
		:: atomic { (g[gp].lockedm != 0 && mp != me) || locker_n != n || locker_epoch != epoch || locker_binding ->
			n = 0; epoch = 0; mp = 0;
			goto running }
		fi
	/* bind to a new m, for which an idle one stands */
	:: atomic { g[gp].todo > 0 && g[gp].lockedm == 0 && locker_n == 0 && !locker_binding && sched.nmidle > 0 && !sched.lock ->
		d_step { mget(mp); locker_binding = true } };
#ifndef FAULT_bind_publishes_early
		atomic { locker_mp = mp };
#endif
		/* lockedNewm, and the word that publishes it */
		atomic { true ->
#ifndef FAULT_new_not_parked
			m[mp].word = lockedParked;
#endif
			m[mp].dedicated = true; m[mp].tainted = true; m[mp].bound = 1;
			joins(gp, mp);
			g[gp].locker = true; g[gp].lockedm = mp;
			g[gp].todo--;
			locker_n = 1; locker_epoch++; locker_binding = false };
#ifdef FAULT_bind_publishes_early
		atomic { locker_mp = mp };
#endif
		atomic { mp = 0; goto lockedMove }
	/* bind to the m that gp is locked to */
	:: atomic { g[gp].todo > 0 && g[gp].lockedm == me && !g[gp].locker && locker_n == 0 && !locker_binding ->
		locker_binding = true };
#ifndef FAULT_bind_publishes_early
		atomic { locker_mp = me };
#endif
		atomic {
			m[me].tainted = true; m[me].bound++;
			g[gp].locker = true;
			g[gp].todo--;
			locker_n = 1; locker_epoch++; locker_binding = false };
#ifdef FAULT_bind_publishes_early
		atomic { locker_mp = me };
#endif
		goto running
	/* lockRecvRelease: gp receives, and one that waits in LockToRecvOSThread joins it */
	:: atomic { g[gp].lockedm != 0 && (waitsToRecv(1) || waitsToRecv(2) || waitsToRecv(NG)) ->
		if
		:: waitsToRecv(1) -> gp2 = 1
		:: waitsToRecv(2) -> gp2 = 2
#if NG > 2
		:: waitsToRecv(3) -> gp2 = 3
#endif
		fi;
		g[gp2].todo--;
		joins(gp2, me);
		g[gp2].lockedm = me; g[gp2].ext = true;
		runnable(gp2) };
		ready(gp2);
		goto running
	/* ThreadLocker.Unlock */
	:: atomic { mayGoOn && g[gp].locker && !inSection(gp) -> g[gp].locker = false;
#ifndef FAULT_drop_late
		drop();
#endif
		if
		:: g[gp].ext -> goto running
		:: else -> goto lockedLeave
		fi }
	/* UnlockOSThread */
	:: atomic { mayGoOn && g[gp].ext && !inSection(gp) -> g[gp].ext = false;
		if
		:: g[gp].locker -> goto running
		:: else -> goto lockedLeave
		fi }
#endif
	fi;

#if LOCKER
lockedMove:
	atomic { g[gp].status = Gwaiting; runnable(gp) };
	lockedPush(gp, ok);
	if
	:: !ok -> lockedWake(gp, ok)
	:: else
	fi;
	if
	:: ok -> ok = false
	:: else -> lockedRunqput(gp)
	fi;
	goto findRunnable;

	/*
	 * lockedLeave looks at what others count without a lock. Nobody joins meanwhile: that
	 * takes a ThreadLocker bound to the m, for which it has mBound, or a g of the m that
	 * blocks in a receive, besides the one that runs.
	 */
lockedLeave:
	if
#ifdef FAULT_leave_ignores_joining
	:: m[me].nlocks == 1 && !m[me].tainted ->
#else
	:: m[me].nlocks == 1 && !m[me].tainted && m[me].joining == 0 ->
#endif
		atomic {
			m[me].nlocks = 0; m[me].dedicated = false;
			g[gp].lockedm = 0;
			clean();
			goto running
		}
	:: else
	fi;
	d_step { g[gp].status = Gwaiting; runnable(gp) };
#ifdef FAULT_leave_published_first
	gp2 = gp;
	lockedRunqput(gp);
	d_step { lockedRelease(gp2, ok); gp2 = 0 };
#else
	d_step { lockedRelease(gp, ok) };
	lockedRunqput(gp);
#endif
#ifdef FAULT_drop_late
	atomic { true -> drop() };
#endif
	if
	:: ok -> ok = false; goto mexit
	:: else
	fi;
	atomic { schedule() }
#endif

#if EXCLUSIVE
exclusiveBegin:
	atomic {
#if LEND && !defined(FAULT_lend_begins)
		/* exclusiveWait */
		if
		:: m[me].ncritical != 0 && !isCritical(gp) -> g[gp].begins = true; goto gosched
		:: else -> g[gp].begins = false
		fi;
#endif
		/*
		 * The code yields until no other g is in a section. Without LEND none is here: who
		 * runs on an m with gs in sections is in one.
		 */
		must(m[me].ncritical == 0 || isCritical(gp), exclusive_alone);
		if
		:: g[gp].suspended == isOver && yielder == gp ->
			yielder = 0;
			must(!g[1].owed && !g[2].owed && !g[NG].owed, yield_lets_in)
		:: else
		fi;
		if
		:: !isCritical(gp) -> g[gp].critical = 1; m[me].ncritical++
		:: else
		fi;
		g[gp].suspended = notSuspended;
		goto running
	};
#endif

#if CRITICAL
criticalExit:
	atomic {
		criticalEnd(gp, ok);
#if FAIR
		g[gp].preempted = false;
#endif
		if
#if !defined(FAULT_critical_stays) && !defined(FAULT_section_stays)
		:: ok -> ok = false
#endif
		:: else -> ok = false; goto running
		fi
	};
gosched:
	/* goschedLocked */
	atomic { g[gp].status = Gwaiting; runnable(gp) };
	lockedDrain();
#if EXCLUSIVE
	atomic {
		if
		:: len(m[me].q) == 0 -> m[me].yield = yieldGlobal
		:: else
		fi;
		pushBack(gp);
		schedule()
	};
#else
	atomic { pushBack(gp); schedule() };
#endif
#endif

#if SLICES || STOPS || FAIR || SYSCALL
preempted:
	atomic { g[gp].status = Gwaiting; runnable(gp) };
	if
	:: m[me].dedicated ->
		/* goschedLocked */
		lockedDrain();
#ifdef FAULT_gosched_front
		atomic { p[m[me].p].sliceOver = true; d_step { pushBack(gp); lastFirst(me) }; schedule() }
#else
		atomic { p[m[me].p].sliceOver = true; pushBack(gp); schedule() }
#endif
	:: else ->
		if
		:: stopping -> runqput(m[me].p, gp, true)
		:: else -> atomic { !sched.lock -> globrunqput(gp) }
		fi;
		wakep()
	fi;
	goto findRunnable;
#endif

#if SYSCALL
entersyscall:
#if STOPS
	if
	:: stopping ->
		/* entersyscallHandleGCWait */
		atomic {
			!sched.lock ->
			if
			:: sched.stopwait > 0 -> releasep(pp); stopP(pp)
			:: else
			fi
		}
	:: else
	fi;
#endif
	atomic { g[gp].status = Gsyscall; m[me].insyscall = true };
	/* exitsyscall */
	atomic {
		m[me].insyscall = false;
		g[gp].status = Grunning;
		if
		:: m[me].p != 0 -> oldp = 0; goto running
		:: else
		fi
	};
	/* exitsyscallTryGetP */
	d_step {
		i = 1;
		do
		:: i <= NM && m[i].p == oldp && m[i].insyscall ->
			m[i].p = 0; p[oldp].status = Phand;
			acquirep(oldp);
			break
		:: i <= NM && !(m[i].p == oldp && m[i].insyscall) -> i++
		:: i > NM -> oldp = 0; break
		od;
		skip
	};
	if
	:: m[me].p == 0 && sched.npidle != 0 ->
		atomic { !sched.lock -> pidleget(pp); if :: pp != 0 -> acquirep(pp) :: else fi }
	:: else
	fi;
	if
	:: m[me].p != 0 ->
		if
		:: m[me].dedicated && (len(m[me].q) != 0 || inbox(m[me].word) != 0) -> goto preempted
		:: else -> goto running
		fi
	:: else
	fi;
	/* exitsyscallNoP */
	if
	:: !m[me].dedicated ->
		atomic {
			!sched.lock ->
			g[gp].status = Gwaiting; runnable(gp);
			pidleget(pp);
			if
			:: pp != 0 -> acquirep(pp); execute(); goto running
			:: else -> globrunqput(gp); goto stopm
			fi
		}
	:: else
	fi;
	/* exitsyscallNoPLocked */
	atomic {
		!sched.lock ->
		g[gp].status = Gwaiting; runnable(gp);
		pidleget(pp);
		if
		:: pp != 0 -> acquirep(pp); execute(); goto running
#ifdef FAULT_exitsyscall_unlocks
		:: else
#else
		:: else -> sched.lock = true
#endif
		fi
	};
	lockedDrain();
	atomic { pushBack(gp) };
#ifdef FAULT_exitsyscall_without_ticket
	d_step { m[me].word = m[me].word | lockedParked; m[me].awake = false };
#else
	lockedTakeTicket(gp);
#endif
	atomic {
#ifdef FAULT_exitsyscall_unlocks
		!sched.lock ->
#endif
		if
		:: gp != 0 -> globrunqput(gp)
		:: else
		fi;
		sched.lock = false;
		goto end_mPark
	};
#endif

#if STOPS
stopTheWorld:
	atomic { true -> d_step {
		i = 1;
		do
		:: i <= NM ->
			if
			:: m[i].insyscall && m[i].p != 0 -> p[m[i].p].status = Pgcstop; m[i].p = 0; sched.stopwait--
			:: else
			fi;
			i++
		:: else -> break
		od;
		do
		:: sched.npidle > 0 -> pidleget(pp); stopP(pp)
		:: else -> break
		od;
		sched.lock = false
	} };
	atomic {
		sched.stopwait == 0 ->
		must(p[1].status == Pgcstop && p[NP].status == Pgcstop, world_stops)
	};
	/* startTheWorldWithSema */
	atomic {
		!sched.lock && (sched.nmidle > 0 || runqempty(1) && runqempty(NP) || NP == 1) ->
		p[m[me].p].status = Prunning;
#if NP > 1
		pp = 3 - m[me].p;
		p[pp].status = Phand;
		if
		:: runqempty(pp) -> pidleput(pp)
		:: else -> d_step { mget(i); giveP(i, pp) }
		fi;
#endif
		sched.gcwaiting = false;
		worldsema = false
	};
	wakep();
	goto running;
#endif

mexit:
	atomic {
		clean();
		must(!m[me].exited, exit_empty);
		m[me].exited = true;
		m[me].awake = false;
		m[me].dedicated = false;
		m[me].tainted = false;
		releasep(pp)
	};
	handoffp(pp);
#if LOCKER
	atomic { !sched.lock -> mput(); goto end_mPark }
#endif
}

/* sysmon, and what comes from a thread that polls the network without a p */
proctype sysmon() {
	byte gp, mp, pp, w;
	bool ok;
#if FAIR
	byte tick;
#endif
	do
#if FAIR
	/* Two looks, of which the second is 10 ms after the first. */
	:: d_step { tick = p[1].schedtick; p[1].relaySeen = true };
		d_step {
			if
			:: p[1].relaySeen -> p[1].relayLong = true; p[1].relaySeen = false
			:: else
			fi;
			if
			:: p[1].schedtick == tick && p[1].status == Prunning ->
				/* preemptone */
				p[1].sliceOver = true;
				i = 1;
				do
				:: m[i].p == 1 -> m[i].preempt = true; break
				:: else -> i++
				od
			:: else
			fi
		}
#else
	/* injectglist */
#if LEND
	/* A mutex that is held elsewhere is unlocked at last. */
	:: atomic { anyPolled || timeout && anyWaiting && noneRunnable ->
		if
		:: anyPolled -> anyReady(gp)
		:: else -> anyUnlocked(gp)
		fi };
#else
	:: atomic { anyPolled -> anyReady(gp) };
#endif
		if
		:: g[gp].lockedm != 0 -> lockedPush(gp, ok)
		:: else
		fi;
		if
		:: ok -> ok = false
		:: else ->
			atomic { !sched.lock -> globrunqput(gp) };
			/* startIdle */
			atomic {
				!sched.lock && (sched.npidle == 0 || sched.nmidle > 0) ->
				d_step {
					pidlegetSpinning(pp);
					if
					:: pp != 0 -> mget(i); giveP(i, pp)
					:: else
					fi
				}
			}
		fi
#if LEND
	:: timeout && !(anyWaiting && noneRunnable) -> break
#else
	:: timeout -> break
#endif
#endif
#if SYSCALL
	/* retake */
	:: atomic { m[1].insyscall && m[1].p != 0 -> pp = m[1].p; m[1].p = 0; p[pp].status = Phand };
		handoffp(pp)
	:: atomic { m[2].insyscall && m[2].p != 0 -> pp = m[2].p; m[2].p = 0; p[pp].status = Phand };
		handoffp(pp)
	:: atomic { m[NM].insyscall && m[NM].p != 0 -> pp = m[NM].p; m[NM].p = 0; p[pp].status = Phand };
		handoffp(pp)
#endif
#if SLICES
	/* preemptone; only dedicated ms are preempted at once */
	:: d_step { slices > 0 && m[1].p != 0 && !p[m[1].p].sliceOver -> slices--; p[m[1].p].sliceOver = true; m[1].preempt = m[1].dedicated }
	:: d_step { slices > 0 && m[2].p != 0 && !p[m[2].p].sliceOver -> slices--; p[m[2].p].sliceOver = true; m[2].preempt = m[2].dedicated }
	:: d_step { slices > 0 && m[NM].p != 0 && !p[m[NM].p].sliceOver -> slices--; p[m[NM].p].sliceOver = true; m[NM].preempt = m[NM].dedicated }
#endif
	od;
	/* Nothing can go on. */
	atomic { true -> d_step {
		i = 1;
		do
		:: i <= NG -> must(g[i].status != Grunnable, lost_wakeup); i++
		:: else -> break
		od;
		must(!stopping, world_stops);
		i = 1;
		do
		:: i <= NP -> must(p[i].status == Pidle, one_p); i++
		:: else -> break
		od;
		i = 1;
		do
		:: i <= NG -> must(g[i].status == Gdead, all_done); i++
		:: else -> break
		od;
		i = 1;
		do
		:: i <= NM ->
			must(m[i].word == 0 && len(m[i].q) == 0, exit_empty);
			must(m[i].idle || m[i].exited, all_done);
			must(m[i].nlocks == 0 && m[i].bound == 0 && m[i].joining == 0, all_done);
			i++
		:: else -> break
		od
	} }
}

inline lockTo(gp, mp, n) {
	if
	:: mp != 0 ->
		g[gp].lockedm = mp;
#if !LOCKER || LOCKEXT
		g[gp].ext = true;
#else
		g[gp].locker = true;
		locker_mp = mp;
		locker_n++;
		m[mp].bound = 1;
		m[mp].tainted = true;
#endif
		m[mp].nlocks++;
		m[mp].dedicated = true;
		m[mp].word = lockedParked
	:: else
	fi;
	g[gp].todo = n
}

init {
	byte pp;
#ifdef ONLY
	d_step {
		one_place = true; one_ticket = true; ticket_flag = true; own_queue = true; one_p = true;
		claimed_first = true; own_thread = true; critical_first = true; exclusive_alone = true; ticket_first = true; yield_lets_in = true; not_idle = true;
		exit_empty = true; after_exit = true; world_stops = true; lost_wakeup = true; all_done = true;
		ONLY = false
	};
#endif
	d_step {
		lockTo(1, LOCK1, TODO1);
#if NG >= 2
		lockTo(2, LOCK2, TODO2);
#endif
#if NG >= 3
		lockTo(3, LOCK3, TODO3);
#endif
		i = 1;
		do
		:: i <= NP -> p[i].status = Pidle; sched.npidle++; i++
		:: else -> break
		od;
		i = 1;
		do
		:: i <= NM ->
			if
			:: !m[i].dedicated -> m[i].idle = true; sched.nmidle++
			:: else
			fi;
			i++
		:: else -> break
		od;
#if FAIR
		/* g 1 is the ticket of its m, 2 waits or is behind it, 3 is runnable. */
		g[1].status = Grunnable; g[1].place = inRunq; g[1].lockTicket = true;
		m[LOCK1].word = lockedParked | lockedTicket;
		sched.runq!1;
		if
		:: (FAIR_COMPUTES || CRITICAL) && LOCK1 == LOCK2 -> g[2].status = Grunnable; g[2].place = inOwnQueue; m[LOCK1].q!2
		:: else
		fi;
		g[3].status = Grunnable;
		if
		:: LOCK3 == 0 -> g[3].place = inRunq; sched.runq!3
		:: else -> g[3].place = inOwnQueue; m[LOCK1].q!3
		fi;
		pp = 1;
		sched.npidle = 0;
		p[1].status = Phand;
		mget(i);
		giveP(i, pp);
#endif
		skip
	};
	atomic {
		run sysmon();
		run thread(1);
		run thread(2);
#if NM >= 3
		run thread(3);
#endif
#if NM >= 4
		run thread(4);
#endif
	}
}

#if FAIR
ltl third_runs { []<> (g[3].status == Grunning) }
ltl locked_runs { ([]<> (g[1].status == Grunning)) && ([]<> (g[2].status == Grunning)) }
#endif
