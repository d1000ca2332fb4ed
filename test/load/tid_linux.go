// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import "syscall"

// threadID returns the number of the current thread.
func threadID() int64 { return int64(syscall.Gettid()) }
