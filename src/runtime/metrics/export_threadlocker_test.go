// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package metrics

import "internal/goexperiment"

// Documented returns all metrics that doc.go lists: also those of an experiment
// that is off.
func Documented() []Description {
	if goexperiment.ThreadLocker {
		return allDesc
	}
	return withThreadLocker(allDesc)
}
