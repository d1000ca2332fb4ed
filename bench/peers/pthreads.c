// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Round trips between two threads: pthreads [cond|sem][-pinned] MILLISECONDS

#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "peer.h"

static void fail(const char *what) {
	perror(what);
	exit(1);
}

// pin keeps the process on one processor.
static void pin(void) {
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		fail("sched_setaffinity");
}

// A box holds at most one number for the other side.
struct box {
	pthread_mutex_t mu;
	pthread_cond_t cond;
	int full;
	sem_t sem;
	long x;
};

static struct box req, resp;
static int use_sem;

static void put(struct box *b, long x) {
	if (use_sem) {
		b->x = x;
		sem_post(&b->sem);
		return;
	}
	pthread_mutex_lock(&b->mu);
	b->x = x;
	b->full = 1;
	pthread_cond_signal(&b->cond);
	pthread_mutex_unlock(&b->mu);
}

static long take(struct box *b) {
	long x;
	if (use_sem) {
		while (sem_wait(&b->sem) != 0)
			;
		return b->x;
	}
	pthread_mutex_lock(&b->mu);
	while (!b->full)
		pthread_cond_wait(&b->cond, &b->mu);
	x = b->x;
	b->full = 0;
	pthread_mutex_unlock(&b->mu);
	return x;
}

static void *serve(void *arg) {
	for (;;)
		put(&resp, take(&req) + 1);
	return arg;
}

static void call(long n) {
	long i;
	for (i = 0; i < n; i++) {
		put(&req, i);
		check(i, take(&resp));
	}
}

static void init(struct box *b) {
	pthread_mutex_init(&b->mu, NULL);
	pthread_cond_init(&b->cond, NULL);
	sem_init(&b->sem, 0, 0);
}

int main(int argc, char **argv) {
	char name[64];
	pthread_t t;
	if (argc != 3) {
		fprintf(stderr, "usage: pthreads cond|sem|cond-pinned|sem-pinned MILLISECONDS\n");
		return 2;
	}
	use_sem = strncmp(argv[1], "sem", 3) == 0;
	if (strstr(argv[1], "-pinned"))
		pin();
	init(&req);
	init(&resp);
	if (pthread_create(&t, NULL, serve, NULL) != 0)
		fail("pthread_create");
	snprintf(name, sizeof name, "pthread-%s", argv[1]);
	benchmark(name, atof(argv[2]), call);
	return 0;
}
