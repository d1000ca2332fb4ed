// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// Package bench measures what it costs to reach a goroutine that is locked to
// an operating system thread, and what sharing that thread saves.
//
// The benchmarks are ordinary ones: go test -bench=. -cpu=1,2 runs them with
// any Go 1.26, less those of runtime.ThreadLocker where that is missing.
// run.bash compares toolchains and other systems.
package bench
