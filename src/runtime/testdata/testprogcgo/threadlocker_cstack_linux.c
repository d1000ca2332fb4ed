// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// The C definitions for threadlocker_cstack_linux.go.

#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Function exported from Go.
extern uintptr_t threadLockerCallback(uintptr_t);

// low returns the lowest address of the current thread's stack that can be used.
static char *low(void) {
	static __thread char *addr;
	pthread_attr_t attr;
	size_t size;

	if (addr == NULL) {
		if (pthread_getattr_np(pthread_self(), &attr) != 0 || pthread_attr_getstack(&attr, (void**)&addr, &size) != 0) {
			perror("pthread_getattr_np");
			abort();
		}
		pthread_attr_destroy(&attr);
	}
	return addr;
}

// fill uses n bytes of stack, from the top down, and calls the Go function
// that h stands for.
static uintptr_t __attribute__((noinline)) fill(uintptr_t n, uintptr_t h) {
	volatile char *p = alloca(n);
	uintptr_t i;

	for (i = n; i > 0; i--)
		p[i-1] = 0;
	return threadLockerCallback(h) + p[0];
}

// threadLockerStackFrame calls the Go function that h stands for with a frame of
// size bytes. If that leaves less than another such frame, it does so with a frame
// that leaves rest bytes, which may be less than none.
uintptr_t threadLockerStackFrame(uintptr_t size, intptr_t rest, uintptr_t h) {
	intptr_t have = (char*)__builtin_frame_address(0) - low();

	if (have < 2 * (intptr_t)size)
		size = have - rest;
	return fill(size, h);
}

// threadLockerStackDepth calls itself until there is no more stack.
int __attribute__((noinline)) threadLockerStackDepth(int n) {
	volatile char frame[1000];

	frame[n % sizeof frame] = n;
	return threadLockerStackDepth(n + 1) + frame[n % sizeof frame];
}

// threadLockerStackWild writes to address 0, or to just below the stack.
void threadLockerStackWild(int below) {
	volatile char *p = below ? low() - 8 : (char*)8;

	*p = 1;
}

static void *start(void *h) {
	threadLockerCallback((uintptr_t)h);
	return NULL;
}

void threadLockerStackThread(uintptr_t h) {
	pthread_t t;

	if (pthread_create(&t, NULL, start, (void*)h) != 0 || pthread_join(t, NULL) != 0)
		abort();
}
