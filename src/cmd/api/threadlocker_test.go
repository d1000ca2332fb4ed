// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"go/build"
	"slices"
)

const threadLockerTag = "goexperiment.threadlocker"

// threadLocker tells whether this toolchain has the API of the experiment
// threadlocker. It is on by default, so its API is part of what users see, and is in
// api/next although this is a release.
var threadLocker = slices.Contains(build.Default.ToolTags, threadLockerTag)
