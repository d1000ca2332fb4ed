// Package before may lock main.main to the main thread. Its init function runs before that
// of mainthread, for its import path is less, and it imports no more.
package before

import (
	"runtime"
	"syscall"
)

func init() {
	n, _ := syscall.Getenv("LOCK_BEFORE")
	for range len(n) {
		runtime.LockOSThread()
	}
}
