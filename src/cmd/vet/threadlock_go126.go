// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !go1.27

package main

import "cmd/vet/internal/threadlock"

// Before Go 1.27 the suite was cmd/vet's own.
func init() { suite = append(suite, threadlock.Analyzer) }
