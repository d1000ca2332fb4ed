// run

//go:build linux && goexperiment.threadlocker

// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// A process that dies with the thread that has started it outlives the
// ThreadLockers of others, and those of the goroutine that has started it.

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

func init() {
	// Keep the main thread, which cannot exit, away from the others.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) > 1 {
		io.Copy(os.Stdout, os.Stdin)
		return
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.Command("/proc/self/exe", "echo")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			in, err := cmd.StdinPipe()
			must(err)
			out, err := cmd.StdoutPipe()
			must(err)
			must(cmd.Start())
			lines := bufio.NewReader(out)
			for range 20 {
				pair()
				if _, err := io.WriteString(in, "hello\n"); err != nil {
					panic(fmt.Sprint("the process has gone: ", err))
				}
				if s, err := lines.ReadString('\n'); s != "hello\n" {
					panic(fmt.Sprintf("the process has gone: %q, %v", s, err))
				}
			}
			must(in.Close())
			must(cmd.Wait())
		})
	}
	wg.Wait()
}

// pair locks and unlocks, and returns when the thread has exited.
func pair() {
	l := runtime.MakeThreadLocker()
	l.Lock()
	tid := syscall.Gettid()
	l.Unlock()
	for {
		if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); errors.Is(err, os.ErrNotExist) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
