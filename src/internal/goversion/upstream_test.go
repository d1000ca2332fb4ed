// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package goversion_test

import (
	. "internal/goversion"
	"testing"
)

func TestUpstream(t *testing.T) {
	for _, c := range []struct{ version, want string }{
		{"go1.26.8-threadlocker1", "go1.26.8"},
		{"go1.26.8-threadlocker12", "go1.26.8"},
		{"go1.27rc1-threadlocker1", "go1.27rc1"},
		{"go1.26.8-threadlocker1 X:nothreadlocker", "go1.26.8"},
		{"go1.26.8-threadlocker1 X:fieldtrack", "go1.26.8-X:fieldtrack"},
		{"go1.26.8-threadlocker1 X:fieldtrack,nothreadlocker,jsonv2", "go1.26.8-X:fieldtrack,jsonv2"},
		{"go1.26.8", "go1.26.8"},
		{"go1.26.8-X:fieldtrack", "go1.26.8-X:fieldtrack"},
		{"go1.26.8-bigcorp X:fieldtrack", "go1.26.8-bigcorp X:fieldtrack"},
		{"devel go1.27-0123456 Tue Sep 1 00:00:00 2026 +0000", "devel go1.27-0123456 Tue Sep 1 00:00:00 2026 +0000"},
		{"unknown", "unknown"},
		{"", ""},
	} {
		if got := Upstream(c.version); got != c.want {
			t.Errorf("Upstream(%q) = %q, want %q", c.version, got, c.want)
		}
	}
}
