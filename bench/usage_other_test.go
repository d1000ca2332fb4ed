// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !unix

package bench

import "time"

type usage struct {
	cpu      time.Duration
	switches int64
}

func readUsage() (usage, bool) { return usage{}, false }
