// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

#include <stdint.h>

// Function exported from Go.
extern void shareCallback(uintptr_t);

// shareThread returns a number that no other thread ever has.
int shareThread(void) {
	static int threads;
	static __thread int self;

	if (self == 0)
		self = __sync_add_and_fetch(&threads, 1);
	return self;
}

// shareCall calls the Go function that h stands for. It returns 1 if this was the
// first such call on its thread to return from Go, 2 if it was the second, and so
// on, but 0 if it does not find its frame and its thread again.
int shareCall(uintptr_t h) {
	static __thread int returned;
	volatile uintptr_t frame = h;
	int thread = shareThread();

	shareCallback(h);
	returned++;
	return frame == h && thread == shareThread() ? returned : 0;
}
