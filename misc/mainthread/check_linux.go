//go:build goexperiment.threadlocker

package mainthread

import "syscall"

// Init functions run on the main thread, unless the program is a library of C's.
var foreign = syscall.Gettid() != syscall.Getpid()

func check() {
	if foreign {
		panic("mainthread: Go does not have the main thread of this program; it is C's")
	}
}
