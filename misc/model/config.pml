/*
 * The configurations. check.bash takes their names from here; those that begin
 * with big_ it runs with -big only.
 *
 *	NM, NP, NG	numbers of ms, ps and gs
 *	LOCK1...	the m that a g is locked to at first, or 0
 *	TODO		how often each g blocks, yields, calls the system or locks;
 *			TODO1... for one g
 *	BLOCKS		0: gs do not block while they run
 *	NETPOLL		findRunnable may find any g that waits in the network poller
 *	GOSCHED		gs call Gosched
 *	SLICES		how many time slices end while a g runs
 *	SYSCALL		gs make system calls
 *	STOPS		how often the world is stopped
 *	LOCKER		gs lock and unlock, so that ms become dedicated, and end; if 2, they lock
 *			the ThreadLocker only
 *	LOCKEXT		those that are locked at first are so by LockOSThread
 *	CRITICAL	locked gs enter and leave critical sections
 *	EXCLUSIVE	and exclusive ones, with Yield; if 2, with BlockOSThread, too; if 3,
 *			only exclusive ones
 *	LEND		gs wait for mutexes in exclusive sections, and ms lend themselves
 *	FAIR		nothing is bounded; see running in lockedm.pml
 *
 * Those that have block_ in their name are of block.pml:
 *
 *	LOOPS1...	how often a g calls BlockOSThread
 *	CALLS		how often gs call C outside of that
 *	NATIVE		how often C returns, or calls back, without having been woken
 *	STEALS		how often the p of an m in C is taken by another than sysmon
 *	LATE		how many other ms have wakers that sysmon is to ready
 *	OTHERS		number of other ms
 */

#if defined(CONFIG_wake1)	/* wake-ups: two gs share a thread, one is unlocked */
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1

#elif defined(CONFIG_wake2)	/* the same with two ps, and without the unlocked g */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1

#elif defined(CONFIG_mixed2)	/* one locked and one unlocked g, two ps */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define NETPOLL 1

#elif defined(CONFIG_handoff1)	/* two dedicated threads at one p */
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 2
#define NETPOLL 1
#define GOSCHED 1

#elif defined(CONFIG_handoff2)	/* and at two */
#define NM 4
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 2
#define TODO2 0
#define NETPOLL 1

#elif defined(CONFIG_slice1)	/* time slices end */
#define NM 2
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1
#define GOSCHED 1
#define SLICES 1

#elif defined(CONFIG_slice2)	/* with one locked and one unlocked g, two ps */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO1 0
#define SLICES 1

#elif defined(CONFIG_syscall1)	/* system calls */
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1

#elif defined(CONFIG_syscall2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1
#define NETPOLL 1

#elif defined(CONFIG_stop2)	/* stops of the world */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO2 0
#define STOPS 1

#elif defined(CONFIG_stopshared2)	/* the same with two gs on the thread */
#define NM 3
#define NP 2
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define TODO 0
#define STOPS 1

#elif defined(CONFIG_stopsyscall1)	/* both */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1
#define STOPS 1
#define NETPOLL 1

#elif defined(CONFIG_join1)	/* bind, join, leave and exit */
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define TODO1 0
#define LOCKER 1

#elif defined(CONFIG_join2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO1 0
#define LOCKER 1

#elif defined(CONFIG_joinagain2)	/* one that has left binds again while another joins */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCKER 1
#define BLOCKS 0

#elif defined(CONFIG_joinhere2)	/* one binds to its own thread while another joins */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCKER 2
#define LOCKEXT 1
#define BLOCKS 0

#elif defined(CONFIG_joinrecv1)	/* LockOSThread and LockToRecvOSThread come before the ThreadLocker */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define TODO1 1
#define TODO2 2
#define LOCKER 1
#define LOCKEXT 1

#elif defined(CONFIG_joinnet2)	/* with the network poller */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO1 0
#define LOCKER 1
#define NETPOLL 1

#elif defined(CONFIG_joinstop2)	/* and with stops of the world */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO1 0
#define LOCKER 1
#define STOPS 1

#elif defined(CONFIG_crit1)	/* critical sections */
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1
#define CRITICAL 1

#elif defined(CONFIG_critslice1)	/* and time slices end */
#define NM 2
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1
#define GOSCHED 1
#define SLICES 1
#define CRITICAL 1

#elif defined(CONFIG_critstop1)	/* and the world stops, or a g calls the system */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1
#define STOPS 1
#define CRITICAL 1

#elif defined(CONFIG_excl1)	/* exclusive sections, Yield and BlockOSThread */
#define NM 2
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define LOCK3 1
#define TODO1 0
#define TODO2 0
#define CRITICAL 1
#define EXCLUSIVE 2

#elif defined(CONFIG_exclslice1)	/* and time slices end */
#define NM 2
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define TODO3 0
#define SLICES 1
#define CRITICAL 1
#define EXCLUSIVE 3

#elif defined(CONFIG_excljoin1)	/* with gs that join and leave */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define LOCKER 2
#define CRITICAL 1
#define EXCLUSIVE 3

#elif defined(CONFIG_exclstop1)	/* and the world stops, or a g calls the system */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1
#define STOPS 1
#define CRITICAL 1
#define EXCLUSIVE 1

#elif defined(CONFIG_lend1)	/* waits for mutexes in exclusive sections */
#define NM 2
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define LOCK3 1
#define TODO2 0
#define TODO3 0
#define CRITICAL 1
#define EXCLUSIVE 3
#define LEND 1

#elif defined(CONFIG_lendstop1)	/* and the world stops, or time slices end */
#define NM 3
#define NP 1
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SLICES 1
#define STOPS 1
#define CRITICAL 1
#define EXCLUSIVE 3
#define LEND 1

#elif defined(CONFIG_block_nest)	/* BlockOSThread, and again in a block and in a callback */
#define NG 2
#define LOOPS1 2

#elif defined(CONFIG_block_two)	/* blocks of two gs overlap */
#define NG 2
#define TODO1 0
#define LOOPS2 1

#elif defined(CONFIG_block_late)	/* calls of C outside of blocks lose their p */
#define NG 2
#define TODO1 0
#define SLICES 1
#define CALLS 1
#define STEALS 1
#define LATE 1

#elif defined(CONFIG_block_stop)	/* the world stops */
#define NG 2
#define STOPS 1
#define STEALS 1

#elif defined(CONFIG_block_push)	/* two ms ready gs */
#define NG 2
#define TODO2 2
#define SLICES 1
#define OTHERS 2

#elif defined(CONFIG_fair_shared)	/* two gs of a thread ready each other, an unlocked one computes */
#define FAIR 1
#define LOCK1 1
#define LOCK2 1
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_two)	/* two gs, each on its thread, do so */
#define FAIR 1
#define LOCK1 1
#define LOCK2 2
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_compute)	/* all three compute */
#define FAIR 1
#define LOCK1 1
#define LOCK2 1
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 1

#elif defined(CONFIG_fair_shared_blocks)	/* as above, and the unlocked one blocks */
#define FAIR 1
#define LOCK1 1
#define LOCK2 1
#define FAIR_BLOCKS 1
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_two_blocks)
#define FAIR 1
#define LOCK1 1
#define LOCK2 2
#define FAIR_BLOCKS 1
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_mixed)	/* a locked and an unlocked g ready each other, a third computes */
#define FAIR 1
#define LOCK1 1
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_mixed_blocks)	/* and the third blocks */
#define FAIR 1
#define LOCK1 1
#define FAIR_BLOCKS 1
#define FAIR_COMPUTES 0

#elif defined(CONFIG_fair_crit)	/* two gs of a thread go from one critical section to the next, a third one of it computes */
#define FAIR 1
#define LOCK1 1
#define LOCK2 1
#define LOCK3 1
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 0
#define CRITICAL 1

#elif defined(CONFIG_fair_excl)	/* the same with exclusive sections */
#define FAIR 1
#define LOCK1 1
#define LOCK2 1
#define LOCK3 1
#define FAIR_BLOCKS 0
#define FAIR_COMPUTES 0
#define CRITICAL 1
#define EXCLUSIVE 1

#elif defined(CONFIG_big_block_two)
#define NG 2
#define LOOPS2 1

#elif defined(CONFIG_big_wake2)
#define NM 3
#define NP 2
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define NETPOLL 1

#elif defined(CONFIG_big_handoff2)
#define NM 4
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 2
#define NETPOLL 1

#elif defined(CONFIG_big_join2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCKER 1

#elif defined(CONFIG_big_joinagain2)	/* one that has left binds to its own thread */
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define TODO1 2
#define LOCKER 1
#define BLOCKS 0

#elif defined(CONFIG_big_stop2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define STOPS 1

#elif defined(CONFIG_big_slice2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define GOSCHED 1
#define SLICES 1

#elif defined(CONFIG_big_slice1)
#define NM 3
#define NP 1
#define NG 3
#define LOCK1 1
#define LOCK2 1
#define GOSCHED 1
#define SLICES 1

#elif defined(CONFIG_big_stopsyscall2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define SYSCALL 1
#define STOPS 1

#elif defined(CONFIG_big_critstop2)
#define NM 3
#define NP 2
#define NG 2
#define LOCK1 1
#define LOCK2 1
#define STOPS 1
#define CRITICAL 1

#else
#error "name a configuration: -DCONFIG_wake1 or another"
#endif

#if FAIR
#define NM 3
#define NP 1
#define NG 3
#else
#define FAIR 0
#endif
#ifndef LOCK2
#define LOCK2 0
#endif
#ifndef LOCK3
#define LOCK3 0
#endif
#ifndef TODO
#define TODO 1
#endif
#ifndef TODO1
#define TODO1 TODO
#endif
#ifndef TODO2
#define TODO2 TODO
#endif
#ifndef TODO3
#define TODO3 TODO
#endif
#ifndef BLOCKS
#define BLOCKS 1
#endif
#ifndef SLICES
#define SLICES 0
#endif
#ifndef LOCKEXT
#define LOCKEXT 0
#endif
#ifndef STOPS
#define STOPS 0
#endif
#ifndef CRITICAL
#define CRITICAL 0
#endif
#ifndef LOOPS1
#define LOOPS1 1
#endif
#ifndef LOOPS2
#define LOOPS2 0
#endif
#ifndef CALLS
#define CALLS 0
#endif
#ifndef NATIVE
#define NATIVE 1
#endif
#ifndef STEALS
#define STEALS 0
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef OTHERS
#define OTHERS 1
#endif
#ifndef EXCLUSIVE
#define EXCLUSIVE 0
#endif
#ifndef LEND
#define LEND 0
#endif
#define FAIRTICK 2
