// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"path/filepath"
	"testing"
)

func TestThreadLock(t *testing.T) {
	t.Parallel()
	errchk(vetCmd(t, "-threadlock", "threadlock"), []string{filepath.Join("testdata", "threadlock", "threadlock.go")}, t)
}
