// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

// Package loops has main loops that wait in C: those of GLFW, GTK 3, SDL 2, and one
// of X11 with poll.
package loops

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -ldl -lpthread
#include "loops.h"
*/
import "C"

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A Loop is a main loop. There is one of each in a process.
type Loop struct {
	Name    string
	Package string // that has the library, in Debian
	Calls   bool   // Wait calls the function of OnCall, and returns only after Quit
	id      C.int
	posts   atomic.Int64
}

// All are all loops.
var All = []*Loop{
	{Name: "x11", Package: "libx11-6", id: C.X11},
	{Name: "gtk", Package: "libgtk-3-0", Calls: true, id: C.GTK},
	{Name: "glfw", Package: "libglfw3", id: C.GLFW},
	{Name: "sdl", Package: "libsdl2-2.0-0", id: C.SDL},
}

// A Missing is a Debian package that is not installed.
type Missing struct {
	Package string
	Why     string
}

func (m *Missing) Error() string { return fmt.Sprintf("install %s: %s", m.Package, m.Why) }

// display starts an X server that needs no screen, and ends with its last client.
var display = sync.OnceValue(func() error {
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		return &Missing{"xvfb", "there is no Xvfb in PATH"}
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", "640x480x24", "-nolisten", "tcp", "-terminate")
	cmd.ExtraFiles = []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return err
	}
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if number = strings.TrimSpace(number); number == "" {
		return errors.New("Xvfb did not start")
	}
	return os.Setenv("DISPLAY", ":"+number)
})

// Open loads l's library and opens a window. The calling thread becomes l's: only there may
// Wait, Quit and C be called.
func (l *Loop) Open() error {
	if err := display(); err != nil {
		return err
	}
	var missing C.int
	if s := C.loop_open(l.id, &missing); s != nil {
		if missing != 0 {
			return &Missing{l.Package, C.GoString(s)}
		}
		return fmt.Errorf("%s: %s", l.Name, C.GoString(s))
	}
	return nil
}

// Wait waits for events, and takes those that there are.
func (l *Loop) Wait() { C.loop_wait(l.id) }

// Post makes Wait return, or call the function of OnCall.
func (l *Loop) Post() {
	l.posts.Add(1)
	C.loop_post(l.id)
}

// Posts returns the number of calls of Post.
func (l *Loop) Posts() int64 { return l.posts.Load() }

// Level returns how many Waits of a loop that calls are in each other, and Quit ends the
// innermost one, if they are still as many.
func (l *Loop) Level() int     { return int(C.loop_level()) }
func (l *Loop) Quit(level int) { C.loop_quit(C.int(level)) }

var onCall func()

// OnCall sets the function that a loop that calls is to call, once for each Post.
func OnCall(f func()) { onCall = f }

//export loopCalled
func loopCalled() { onCall() }

// C runs l on the calling thread, without any Go, while so many threads ask it to take the
// time, each again and again, with a pause before. It stores how long it took until each
// request ran, and until it was answered.
func (l *Loop) C(threads int, pause time.Duration, there, round []time.Duration) {
	C.loop_c(l.id, C.int(threads), C.long(pause), C.long(len(there)), data(there), data(round))
	l.posts.Add(int64(C.loop_c_posts()))
}

func data(d []time.Duration) *C.int64_t { return (*C.int64_t)(unsafe.Pointer(&d[0])) }

// Events moves the pointer n times, in windows of all loops. They get events from that.
// Only one goroutine at a time may call it.
func Events(n int) error {
	if C.events_open() != 0 {
		return errors.New("there is no second connection to the X server")
	}
	for i := range n {
		C.events_move(C.int(i))
	}
	return nil
}
