// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build !go1.27

package main

// Since Go 1.27, Check gives the contexts the tool tags of all experiments that are
// on by default.
func init() {
	if !threadLocker {
		return
	}
	for _, c := range contexts {
		c.ToolTags = append(c.ToolTags, threadLockerTag)
	}
}
