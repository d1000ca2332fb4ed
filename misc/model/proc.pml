/*
 * What the protocol needs of the rest of the scheduler: gs, ms, ps, their
 * queues, and the functions of proc.go that give ps to ms. Names are proc.go's.
 *
 * Ids begin at 1; 0 is nil.
 */

/* g.status */
#define Gwaiting	0
#define Grunnable	1
#define Grunning	2
#define Gsyscall	3
#define Gdead		4

/* g.place: where a runnable g stands. The code has no such field. */
#define nowhere		0	/* not runnable */
#define inHand		1	/* of the m that has taken or readied it */
#define inOwnQueue	2
#define inInbox		3
#define inRunq		4	/* an ordinary run queue */
#define inExcluded	5	/* lockedRunq.excluded */

/* p.status */
#define Pidle		0
#define Prunning	1	/* is the p of an m */
#define Phand		2	/* on its way from one m to another */
#define Pgcstop		3

typedef G {
	byte status;
	byte place;
	byte lockedm;
	bool lockTicket;	/* gLockTicket in g.lockflags */
	bool lockRelay;		/* gLockRelay */
	bool locker;		/* holds the ThreadLocker */
	bool ext;		/* m.lockedExt is not 0 while it runs */
	bool joining;		/* gLockJoining */
#if CRITICAL
	byte critical;		/* gLocks.critical; not 0 is gLockCritical */
	bool preempted;		/* in its critical section; the code has no such field */
#endif
#if EXCLUSIVE
	bool exclusive;		/* in an exclusive section, which may be suspended */
	byte suspended;		/* by what */
	bool owed;		/* its turn, by a Yield; the code has no such field */
#endif
#if LEND
	bool begins;		/* gLocks.begins */
	bool mutex;		/* what it waits for is a mutex */
#endif
	byte schedlink;		/* next in the inbox */
	byte todo		/* blocks, yields, system calls and locks that are left */
}

typedef M {
	byte p;
	byte nextp;
	bool park;		/* m.park, a note */
	bool idle;		/* on sched.midle */
	bool spinning;
	bool preempt;		/* g.preempt of its g */
	bool insyscall;		/* its g is in Gsyscall */
	bool dedicated;		/* m.lockedg != 0 */
	byte nlocks;		/* gs that are locked to it and have arrived; also where the code keeps no count */
	bool tainted;		/* mBound or mTainted in m.lockbits */
	bool awake;		/* since it was woken it has not set parked; the code has no such field */
	bool exited;		/* likewise */

	/* lockedRunq */
	byte word;
	byte joining;
	byte bound;		/* ThreadLockers that are bound to it */
	byte yield;
	bool relay;
#if CRITICAL
	byte ncritical;
	chan excluded = [NG] of { byte };
#endif
#if LEND
	bool mayLend;
	bool lends;
#endif
	chan q = [NG] of { byte }
}

typedef P {
	byte status;
	byte schedtick;		/* modulo FAIRTICK, which is 61 in the code */
	bool sliceOver;		/* slice.over == schedtick */
#if FAIR
	bool relay;		/* slice.relay == schedtick */
	bool last;		/* slice.last */
	bool relaySeen;		/* sysmon has seen the relay */
	bool relayLong;		/* and again, so that it has lasted too long */
#endif
	byte runnext;
	chan runq = [NG] of { byte }
}

typedef Sched {
	bool lock;
	chan runq = [NG] of { byte };
	byte nmidle;
	byte npidle;
	byte nmspinning;
	bool needspinning;
	bool gcwaiting;
	byte stopwait
}

G g[NG+1];
M m[NM+1];
P p[NP+1];
Sched sched;

#define runqempty(pp)	(p[pp].runnext == 0 && len(p[pp].runq) == 0)

#if STOPS
#define stopping	sched.gcwaiting
#else
#define stopping	false
#endif

/*
 * The properties. must(cond, name) is an assertion whose message has the name.
 * The names are variables that are false, and not part of the state. With -DONLY=name
 * all others are true, so that nothing but that property is checked.
 */
hidden byte one_place;		/* a runnable g stands in exactly one place */
hidden byte one_ticket;		/* an m has at most one ticket */
hidden byte ticket_flag;	/* if a ticket is out, the flag says so */
hidden byte ticket_first;	/* a g that is not the ticket does not overtake it */
hidden byte own_queue;		/* only the m that runs, or its claimer, touches the own queue */
hidden byte one_p;		/* each p is in exactly one place, and none is lost */
hidden byte claimed_first;	/* a dedicated m gets a p only from who has claimed it */
hidden byte own_thread;		/* a locked g runs on its m, and its m runs no other */
hidden byte critical_first;	/* an m whose gs are in critical sections runs only these */
hidden byte exclusive_alone;	/* and if one is in an exclusive section, none but that one */
hidden byte yield_lets_in;	/* Yield in an exclusive section gives each g in the queue of the m a turn */
hidden byte not_idle;		/* a dedicated m is not on sched.midle */
hidden byte exit_empty;		/* an m exits once, and becomes ordinary, only with nothing queued and no g locked to it */
hidden byte after_exit;		/* nobody touches an m that has exited */
hidden byte world_stops;	/* a stop of the world stops all ps, and ends */
hidden byte lost_wakeup;	/* when nothing can go on, no g is runnable */
hidden byte none;
hidden byte all_done;		/* nor does one wait that has been readied as often as it blocked */

#define must(cond, name)	assert((cond) || name)

hidden byte i, j, k; /* scratch in a d_step, likewise */

/* to(gp, from, at): gp, which stood in from, now stands in at. */
#define to(gp, from, at) \
	must(g[gp].status == Grunnable && g[gp].place == from, one_place); \
	g[gp].place = at

/* runnable(gp): the m that does this has gp, made runnable, in its hand. */
#define runnable(gp) \
	must(g[gp].place == nowhere, one_place); \
	g[gp].status = Grunnable; \
	g[gp].place = inHand

/*
 * anyWaiting; anyPolled, if it waits for an event and not for a mutex; and anyReady, which
 * makes one that anyPolled tells of runnable, in an atomic.
 */
#if LEND
#define polled(gp)	(g[gp].status == Gwaiting && !g[gp].mutex)
#else
#define polled(gp)	(g[gp].status == Gwaiting)
#endif
#if NG == 1
#define anyWaiting	(g[1].status == Gwaiting)
#define anyPolled	polled(1)
#elif NG == 2
#define anyWaiting	(g[1].status == Gwaiting || g[2].status == Gwaiting)
#define anyPolled	(polled(1) || polled(2))
#else
#define anyWaiting	(g[1].status == Gwaiting || g[2].status == Gwaiting || g[3].status == Gwaiting)
#define anyPolled	(polled(1) || polled(2) || polled(3))
#endif

inline anyReady(gp) {
	if
	:: polled(1) -> gp = 1
#if NG >= 2
	:: polled(2) -> gp = 2
#endif
#if NG >= 3
	:: polled(3) -> gp = 3
#endif
	fi;
	runnable(gp)
}

#if LEND
/* noneRunnable, but those that wait to begin sections */
#define canBeRun(gp)	(g[gp].status == Grunnable && !(g[gp].begins && g[gp].place == inExcluded))
#define noneRunnable	(!canBeRun(1) && !canBeRun(2) && !canBeRun(NG))

/* anyUnlocked does so with one that waits for a mutex. */
inline anyUnlocked(gp) {
	if
	:: g[1].status == Gwaiting && g[1].mutex -> gp = 1
	:: g[2].status == Gwaiting && g[2].mutex -> gp = 2
	:: NG > 2 && g[NG].status == Gwaiting && g[NG].mutex -> gp = NG
	fi;
	runnable(gp)
}
#endif

/* Run queues. */

inline runqput(pp, gp, next) {
	d_step {
		must(p[pp].status == Prunning && m[me].p == pp, one_p);
		to(gp, inHand, inRunq);
		if
		:: next && p[pp].runnext != 0 -> p[pp].runq!p[pp].runnext; p[pp].runnext = gp
		:: next && p[pp].runnext == 0 -> p[pp].runnext = gp
		:: else -> p[pp].runq!gp
		fi;
		gp = 0
	}
}

inline runqget(pp, gp) {
	d_step {
		if
		:: p[pp].runnext != 0 -> gp = p[pp].runnext; p[pp].runnext = 0; to(gp, inRunq, inHand)
		:: p[pp].runnext == 0 && len(p[pp].runq) != 0 -> p[pp].runq?gp; to(gp, inRunq, inHand)
		:: else -> gp = 0
		fi
	}
}

inline runqsteal(pp, gp) {
	d_step {
		if
		:: len(p[pp].runq) != 0 -> p[pp].runq?gp; to(gp, inRunq, inHand)
		:: len(p[pp].runq) == 0 && p[pp].runnext != 0 -> gp = p[pp].runnext; p[pp].runnext = 0; to(gp, inRunq, inHand)
		:: else -> gp = 0
		fi
	}
}

/* These, pidleget and so on stand in a section of sched.lock. */

inline globrunqput(gp) {
	to(gp, inHand, inRunq);
	sched.runq!gp;
	gp = 0
}

inline globrunqget(gp) {
	if
	:: len(sched.runq) != 0 -> sched.runq?gp; to(gp, inRunq, inHand)
	:: else -> gp = 0
	fi
}

/*
 * globrunqgetbatch(gp) takes gp, and what findRunnable puts in the run queue of the p by
 * runqputbatch. With one p there is nobody to see it on its way, so it is put there
 * at once. With two it is at most one g, more.
 */
inline globrunqgetbatch(gp) {
	d_step {
#if NP > 1
		i = len(sched.runq);
		globrunqget(gp);
		if
		:: i > 1 -> globrunqget(more)
		:: else
		fi
#else
		globrunqget(gp);
		do
		:: len(sched.runq) != 0 -> sched.runq?j; p[m[me].p].runq!j
		:: else -> break
		od
#endif
	}
}

/* ps */

inline acquirep(pp) {
	must(p[pp].status == Phand && m[me].p == 0, one_p);
	p[pp].status = Prunning;
	m[me].p = pp;
	pp = 0
}

inline releasep(pp) {
	must(m[me].p != 0 && p[m[me].p].status == Prunning, one_p);
	pp = m[me].p;
	p[pp].status = Phand;
	m[me].p = 0
}

inline pidleput(pp) {
	must(p[pp].status == Phand && runqempty(pp), one_p);
#if FAIR
	p[pp].relay = false;
#endif
	p[pp].status = Pidle;
	sched.npidle++;
	pp = 0
}

inline pidleget(pp) {
	if
	:: sched.npidle == 0 -> pp = 0
	:: else ->
		pp = 1;
		do
		:: p[pp].status == Pidle -> break
		:: else -> pp++
		od;
		p[pp].status = Phand;
		sched.npidle--
	fi
}

inline pidlegetSpinning(pp) {
	pidleget(pp);
	if
	:: pp == 0 -> sched.needspinning = true
	:: else
	fi
}

/* giveP(mp, pp) is mp.nextp.set(pp); notewakeup(&mp.park). */
inline giveP(mp, pp) {
	must(m[mp].nextp == 0 && !m[mp].park && p[pp].status == Phand, one_p);
	m[mp].nextp = pp;
	m[mp].park = true;
	pp = 0
}

/* stopP puts pp, which no m has, where a stop of the world finds it. */
inline stopP(pp) {
	must(p[pp].status == Phand && sched.stopwait > 0, world_stops);
	p[pp].status = Pgcstop;
	sched.stopwait--;
	pp = 0
}

/* ms */

inline mput() {
	must(!m[me].dedicated && !m[me].idle && !m[me].spinning, not_idle);
	m[me].idle = true;
	sched.nmidle++
}

/*
 * mget is for where there is an idle m. One that has exited is a new one, and to touch
 * it no longer violates after_exit.
 */
inline mget(mp) {
	mp = 1;
	do
	:: m[mp].idle -> break
	:: else -> mp++
	od;
	m[mp].idle = false;
	m[mp].exited = false;
	sched.nmidle--
}

inline becomeSpinning() {
	m[me].spinning = true;
	sched.nmspinning++;
	sched.needspinning = false
}

/* startm waits for an idle m where the code makes a new one. */
inline startm(pp, spin) {
	atomic {
		!sched.lock && sched.nmidle > 0 ->
		d_step {
			mget(i);
			must(!m[i].spinning && (!spin || runqempty(pp)), one_p);
			m[i].spinning = spin;
			giveP(i, pp)
		}
	}
}

inline handoffp(pp) {
	if
	:: !runqempty(pp) || len(sched.runq) != 0 -> startm(pp, false)
	:: else ->
		if
		:: sched.nmspinning == 0 && sched.npidle == 0 ->
			d_step {
				if
				:: sched.nmspinning == 0 -> sched.nmspinning = 1; sched.needspinning = false; ok = true
				:: else
				fi
			}
		:: else
		fi;
		if
		:: ok -> ok = false; startm(pp, true)
		:: else ->
			atomic {
				!sched.lock ->
				if
#ifdef FAULT_handoff_idles_in_stop
				:: len(sched.runq) == 0 -> pidleput(pp)
#else
				:: stopping -> stopP(pp)
				:: !stopping && len(sched.runq) == 0 -> pidleput(pp)
#endif
				:: else
				fi
			};
			if
			:: pp != 0 -> startm(pp, false)
			:: else
			fi
		fi
	fi
}

inline wakep() {
	if
	:: atomic { sched.nmspinning == 0 -> sched.nmspinning = 1 };
		atomic {
			!sched.lock ->
			d_step {
				pidlegetSpinning(pp);
				if
				:: pp == 0 -> sched.nmspinning--
				:: else
				fi
			}
		};
		if
		:: pp != 0 -> startm(pp, true)
		:: else
		fi
	:: sched.nmspinning != 0
	fi
}
