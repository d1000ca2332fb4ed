// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

#include <pthread.h>
#include <stdio.h>

extern void Attempts(void);
extern void LeaveLocked(void);
extern void Share(void);

static void *start(void *arg) {
	Share();
	Attempts();
	Share();
	return arg;
}

int main(void) {
	pthread_t t[3];
	int i;

	Attempts();
	Share();
	LeaveLocked();
	Attempts();
	Share();
	for (i = 0; i < 3; i++) {
		if (pthread_create(&t[i], NULL, start, NULL) != 0)
			return 1;
	}
	Share();
	for (i = 0; i < 3; i++) {
		if (pthread_join(t[i], NULL) != 0)
			return 1;
	}
	Share();
	printf("OK\n");
	return 0;
}
