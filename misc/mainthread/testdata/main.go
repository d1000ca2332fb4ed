// Apps are programs that use package gui. The first argument says which.
package main

import (
	_ "apps/before"
	"apps/gui"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mainthread"
)

func init() {
	for range len(os.Getenv("LOCK_AFTER")) {
		runtime.LockOSThread()
	}
	if os.Getenv("LOCK_BEFORE")+os.Getenv("LOCK_AFTER") == "" {
		// An init function that waits lets others draw.
		done := make(chan bool)
		go func() {
			gui.Draw()
			close(done)
		}()
		<-done
	}
}

// many draws on some goroutines, of which some have a thread of their own.
func many() (done <-chan bool) {
	c := make(chan bool)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if i%2 == 0 {
				runtime.LockOSThread()
			}
			for range 50 {
				gui.Draw()
			}
		})
	}
	go func() {
		wg.Wait()
		close(c)
	}()
	return c
}

func main() {
	onMain()
	apps[os.Args[1]]()
	onMain()
	fmt.Println("ok")
}

func onMain() {
	if syscall.Gettid() != syscall.Getpid() {
		fmt.Println("main.main is on another thread")
		os.Exit(3)
	}
}

var apps = map[string]func(){
	// Main waits.
	"waits": func() {
		done := many()
		time.Sleep(time.Millisecond)
		gui.Draw()
		<-done
	},
	// Main computes.
	"computes": func() {
		for done := many(); ; {
			select {
			case <-done:
				return
			default:
			}
			for end := time.Now().Add(time.Millisecond); time.Now().Before(end); {
			}
		}
	},
	// Main is locked, and gives that up.
	"unlocks": func() {
		for range os.Args[2] {
			runtime.UnlockOSThread()
		}
		<-many()
	},
	// Main is locked, and yields.
	"yields": func() {
		for done := many(); ; mainthread.Yield() {
			select {
			case <-done:
				return
			default:
			}
		}
	},
	// Main blocks in the system, as in an event loop.
	"blocks": func() {
		var p [2]int
		if err := syscall.Pipe(p[:]); err != nil {
			panic(err)
		}
		var done atomic.Bool
		drawn := many()
		go func() {
			<-drawn
			mainthread.Do(func() { done.Store(true) })
		}()
		for !done.Load() {
			runtime.BlockOSThread(func() {
				var b [8]byte
				if _, err := syscall.Read(p[0], b[:]); err != nil && err != syscall.EINTR {
					panic(err)
				}
			}, func() { syscall.Write(p[1], []byte{1}) })
		}
	},
	// A function of Do lets others draw meanwhile.
	"yields in Do": func() {
		mainthread.Do(func() {
			for done := many(); ; mainthread.Yield() {
				select {
				case <-done:
					return
				default:
				}
			}
		})
	},
	// Main is gone.
	"exits": func() {
		go func() {
			for {
				gui.Draw()
			}
		}()
		runtime.Goexit()
	},
}
