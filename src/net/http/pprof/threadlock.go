// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package pprof

func init() {
	profileDescriptions["threadlock"] = "Stack traces that led goroutines to be locked to OS threads"
}
