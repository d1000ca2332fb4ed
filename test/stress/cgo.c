// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build cgo && linux && goexperiment.threadlocker

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "_cgo_export.h"

// callBack calls Go, and checks that what it has on its stack outlives that.
void
callBack(uintptr_t handle)
{
	char before[100];
	char after[100];

	memset(before, (int)(handle % 251), sizeof before);
	memcpy(after, before, sizeof after);
	goCallback(handle);
	if (memcmp(before, after, sizeof after) != 0 || before[1] != (char)(handle % 251))
		abort();
}
