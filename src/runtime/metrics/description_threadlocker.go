// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package metrics

import "internal/goexperiment"

// threadLockerDesc are the metrics of the experiment threadlocker.
var threadLockerDesc = []Description{
	{
		Name:        "/sched/goroutines/locked-runnable:goroutines",
		Description: "Approximate count of goroutines that are locked to a thread and ready to execute, but wait for their turn on the thread, or for the thread to be given a processor. They are also counted by /sched/goroutines/runnable:goroutines.",
		Kind:        KindUint64,
	},
	{
		Name:        "/sched/goroutines/locked:goroutines",
		Description: "Approximate count of goroutines that are locked to a thread, by runtime.LockOSThread, runtime.LockToRecvOSThread, a runtime.ThreadLocker, or by the runtime itself. Divided by /sched/threads/dedicated:threads it says how many share a thread.",
		Kind:        KindUint64,
	},
	{
		Name:        "/sched/latencies/locked:seconds",
		Description: "Distribution of the time goroutines have spent in a runnable state before actually running, of the goroutines that were locked to a thread by runtime.LockToRecvOSThread or a runtime.ThreadLocker, or that shared one with such goroutines. They are also counted by /sched/latencies:seconds. Bucket counts increase monotonically.",
		Kind:        KindFloat64Histogram,
		Cumulative:  true,
	},
	{
		Name:        "/sched/threads/dedicated:threads",
		Description: "The current count of threads that at least one goroutine is locked to. Such a thread executes only these goroutines.",
		Kind:        KindUint64,
	},
}

func init() {
	if goexperiment.ThreadLocker {
		allDesc = withThreadLocker(allDesc)
	}
}

// withThreadLocker returns desc, which is sorted by name, with threadLockerDesc.
func withThreadLocker(desc []Description) []Description {
	more := make([]Description, 0, len(desc)+len(threadLockerDesc))
	next := threadLockerDesc
	for _, d := range desc {
		for len(next) > 0 && next[0].Name < d.Name {
			more = append(more, next[0])
			next = next[1:]
		}
		more = append(more, d)
	}
	return append(more, next...)
}
