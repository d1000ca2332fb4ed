// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// What the peers in C and C++ share: how long to measure, and what to print.

#ifndef PEER_H
#define PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct usage {
	double wall, cpu;
	long switches;
};

static struct usage usage_now(void) {
	struct timespec t;
	struct rusage r;
	struct usage u;
	clock_gettime(CLOCK_MONOTONIC, &t);
	getrusage(RUSAGE_SELF, &r);
	u.wall = t.tv_sec * 1e9 + t.tv_nsec;
	u.cpu = (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e9 + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e3;
	u.switches = r.ru_nvcsw + r.ru_nivcsw;
	return u;
}

// benchmark has call make round trips until ms milliseconds of them are
// measured at one go.
static void benchmark(const char *name, double ms, void (*call)(long n)) {
	long n;
	call(100);
	for (n = 100;; n *= 2) {
		struct usage before = usage_now(), after;
		call(n);
		after = usage_now();
		if (after.wall - before.wall >= ms * 1e6 || n >= 1L << 40) {
			printf("BenchmarkRoundTrip/%s %ld %.2f ns/op %.2f cpu-ns/op %.7f csw/op\n", name, n,
				(after.wall - before.wall) / n, (after.cpu - before.cpu) / n,
				(double)(after.switches - before.switches) / n);
			fflush(stdout);
			return;
		}
	}
}

static void check(long asked, long got) {
	if (got != asked + 1) {
		fprintf(stderr, "asked %ld, got %ld\n", asked, got);
		exit(1);
	}
}

#endif
