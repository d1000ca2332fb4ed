// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build goexperiment.threadlocker

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
)

func init() {
	register("ThreadLockerStalls", ThreadLockerStalls)
}

// ThreadLockerStalls is told by standard input what to do, a byte for each step:
//
//	b  have two goroutines compute on a thread
//	i  have a goroutine sit in a system call on a thread that nobody waits for
//	s  have a goroutine sit in a system call on a thread that another waits for
//	r  end that system call
//	m  make many short system calls on a thread that others wait for
//	q  exit
//
// It says on standard output which thread a step is about.
func ThreadLockerStalls() {
	l := runtime.MakeThreadLocker()
	var stop atomic.Bool
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	tid := make(chan int)
	done := make(chan bool)
	for {
		var b [1]byte
		if n, err := syscall.Read(0, b[:]); err == syscall.EINTR {
			continue
		} else if n != 1 || err != nil {
			panic(fmt.Sprint(n, err))
		}
		switch b[0] {
		case 'b':
			busy := runtime.MakeThreadLocker()
			for range 2 {
				go func() {
					busy.Lock()
					tid <- syscall.Gettid()
					for {
					}
				}()
				fmt.Println(<-tid)
			}
		case 'i':
			idle := runtime.MakeThreadLocker()
			var p [2]int
			if err := syscall.Pipe(p[:]); err != nil {
				panic(err)
			}
			go func() {
				idle.Lock()
				mate := make(chan bool)
				go func() {
					idle.Lock()
					mate <- true
					select {}
				}()
				<-mate
				runtime.Gosched() // to select
				tid <- syscall.Gettid()
				tlSit(p[0])
			}()
			fmt.Println(<-tid)
		case 's':
			stop.Store(false)
			go func() {
				l.Lock()
				tid <- syscall.Gettid()
				tlSit(p[0])
				stop.Store(true)
				l.Unlock()
				done <- true
			}()
			fmt.Println(<-tid)
			go func() {
				l.Lock()
				tlWaitTurn(&stop)
				l.Unlock()
				done <- true
			}()
		case 'r':
			if _, err := syscall.Write(p[1], b[:]); err != nil {
				panic(err)
			}
			<-done
			<-done
			fmt.Println(0)
		case 'm':
			busy := runtime.MakeThreadLocker()
			end := make(chan bool)
			var stop atomic.Bool
			for range 2 {
				go func() {
					busy.Lock()
					tid <- syscall.Gettid()
					tlWaitTurn(&stop)
					busy.Unlock()
					end <- true
				}()
				<-tid
			}
			go func() {
				busy.Lock()
				for range 200 {
					syscall.Select(0, nil, nil, nil, &syscall.Timeval{Usec: 2000})
				}
				stop.Store(true)
				busy.Unlock()
				end <- true
			}()
			for range 3 {
				<-end
			}
			fmt.Println(0)
		case 'q':
			os.Exit(0)
		}
	}
}

func tlSit(fd int) {
	for {
		if _, err := syscall.Read(fd, make([]byte, 1)); err != syscall.EINTR {
			return
		}
	}
}

func tlWaitTurn(stop *atomic.Bool) {
	for !stop.Load() {
		runtime.Gosched()
	}
}
