// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

#include <stdio.h>

extern void Attempts(void);
extern void LeaveLocked(void);

int main(void) {
	Attempts();
	LeaveLocked();
	Attempts();
	printf("OK\n");
	return 0;
}
