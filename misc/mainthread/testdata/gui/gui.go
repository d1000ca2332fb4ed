// Package gui is a library that must be called on the main thread. Its users know nothing of
// that, and can call it from anywhere.
package gui

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"mainthread"
)

var inside int

func init() { Draw() }

// Draw dies if it is not on the main thread, or not alone there.
func Draw() {
	mainthread.Do(func() {
		if syscall.Gettid() != syscall.Getpid() {
			fmt.Println("drawn on another thread")
			os.Exit(3)
		}
		inside++
		runtime.Gosched()
		if inside != 1 {
			fmt.Println("drawn by two at once")
			os.Exit(3)
		}
		inside--
	})
}
