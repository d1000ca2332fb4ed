// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build go1.27

package main

import (
	"cmd/vet/internal/threadlock"

	"golang.org/x/tools/go/analysis/suite/vet"
)

// The other analyzers are vendored.
func init() { vet.Suite = append(vet.Suite, threadlock.Analyzer) }
