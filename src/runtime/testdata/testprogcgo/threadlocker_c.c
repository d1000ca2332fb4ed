// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

// The C definitions for threadlocker.go. That file uses //export so
// it can't put function definitions in the "C" import comment.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Function exported from Go.
extern uintptr_t threadLockerCallback(uintptr_t);

// The callback that the current thread is about to begin, and the contexts of
// those that are open, for threadLockerContext.
static __thread uintptr_t callback;
static __thread uintptr_t contexts[16];
static __thread int ncontexts;

// threadLockerThread returns a number that no other thread ever has.
int threadLockerThread(void) {
	static int threads;
	static __thread int self;

	if (self == 0)
		self = __sync_add_and_fetch(&threads, 1);
	return self;
}

// threadLockerEvent notes an event, and returns the one before it.
int threadLockerEvent(int event) {
	static int last;

	return __sync_lock_test_and_set(&last, event);
}

// threadLockerCall calls the Go function that h stands for. It aborts unless
// it has the same frame and the same thread when that function returns.
uintptr_t threadLockerCall(uintptr_t h, uintptr_t words, int event, int *before) {
	volatile uintptr_t frame[words];
	uintptr_t i, r;
	int thread;

	for (i = 0; i < words; i++)
		frame[i] = (h << 16) + i;
	thread = threadLockerThread();
	callback = h;

	r = threadLockerCallback(h);

	if (before != NULL)
		*before = threadLockerEvent(event);
	if (thread != threadLockerThread()) {
		fprintf(stderr, "callback %d returned on another thread\n", (int)h);
		abort();
	}
	for (i = 0; i < words; i++) {
		if (frame[i] != (h << 16) + i) {
			fprintf(stderr, "callback %d returned to a frame that was overwritten\n", (int)h);
			abort();
		}
	}
	return r ^ h;
}

struct cgoContextArg {
	uintptr_t context;
};

struct cgoTracebackArg {
	uintptr_t  context;
	uintptr_t  sigContext;
	uintptr_t* buf;
	uintptr_t  max;
};

struct cgoSymbolizerArg {
	uintptr_t   pc;
	const char* file;
	uintptr_t   lineno;
	const char* func;
	uintptr_t   entry;
	uintptr_t   more;
	uintptr_t   data;
};

// threadLockerContext makes the number of a callback its context. It aborts
// unless the contexts of a thread are released in the reverse order.
void threadLockerContext(void* parg) {
	struct cgoContextArg* arg = (struct cgoContextArg*)(parg);

	if (arg->context == 0) {
		if (ncontexts == sizeof contexts / sizeof contexts[0])
			abort();
		contexts[ncontexts++] = arg->context = callback;
	} else {
		if (ncontexts == 0 || arg->context != contexts[--ncontexts]) {
			fprintf(stderr, "context %d released out of order\n", (int)arg->context);
			abort();
		}
	}
}

void threadLockerTraceback(void* parg) {
	struct cgoTracebackArg* arg = (struct cgoTracebackArg*)(parg);

	arg->buf[0] = arg->context;
	if (arg->context != 0 && arg->max > 1)
		arg->buf[1] = 0;
}

// threadLockerSymbolizer shows callback N as a function in line N.
void threadLockerSymbolizer(void *parg) {
	struct cgoSymbolizerArg* arg = (struct cgoSymbolizerArg*)(parg);

	if (arg->pc == 0)
		return;
	arg->file = "threadlocker.c";
	arg->func = "threadLockerFrame";
	arg->lineno = arg->pc;
}
