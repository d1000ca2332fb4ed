// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package bench

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// spun keeps what spin returns, so that it is not left out.
var spun atomic.Uint32

// BenchmarkVisit measures what it takes that many goroutines each call a function
// on one thread, again and again: by a server, which calls the functions that it is sent,
// and by a visit, which is a Lock and an Unlock of a ThreadLocker that somebody
// keeps. The function does nothing, or works for about as many microseconds.
func BenchmarkVisit(b *testing.B) {
	try := func(kind string, begin func() (request func() func(f func()), end func())) {
		for _, work := range []int{0, 1, 10} {
			f := func() {
				for range work {
					spun.Store(spin())
				}
			}
			for _, visitors := range []int{1, 2, 4, 16, 64, 256} {
				b.Run(fmt.Sprintf("%s/work=%d/visitors=%d", kind, work, visitors), func(b *testing.B) {
					b.ReportAllocs()
					request, end := begin()
					t := newTeam(unlocked, func() {}, visitors, func(i int) {
						call := request()
						for range share(b.N, visitors, i) {
							call(f)
						}
					})
					measure(b, t.run)
					t.left.Wait()
					end()
				})
			}
		}
	}
	try("server", func() (func() func(f func()), func()) {
		calls := make(chan func())
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for f := range calls {
				f()
			}
		}()
		return func() func(f func()) {
			done := make(chan bool)
			return func(f func()) {
				calls <- func() {
					f()
					done <- true
				}
				<-done
			}
		}, func() { close(calls) }
	})
	if visit != nil {
		try("visit", func() (func() func(f func()), func()) {
			request, leave := visit()
			return func() func(f func()) { return request }, leave
		})
	}
}
