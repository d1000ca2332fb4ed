package sqlitethread

/*
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-all
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup

int watch_init(void);
void watch_thread(void);
void watched_thread(long *calls, long *foreign);
*/
import "C"

import (
	"errors"
	"fmt"
)

// SQLite's own locks are told to look at who takes them. All functions of SQLite that do
// something take one, so this sees who calls them, be it the driver, its finalizers, or a
// goroutine that it starts.

func init() {
	if rc := C.watch_init(); rc != 0 {
		panic(fmt.Sprintf("SQLite does not take other locks: error %d", rc))
	}
}

// watchThread says that only the calling thread may call SQLite from now on.
func watchThread() { C.watch_thread() }

// watchedThread reports whether only that thread has, and ends it.
func watchedThread() error {
	var calls, foreign C.long
	C.watched_thread(&calls, &foreign)
	if foreign > 0 {
		return fmt.Errorf("another thread has taken SQLite's locks %d times, the right one %d times", foreign, calls)
	}
	if calls == 0 {
		return errors.New("nobody has taken SQLite's locks, so nobody was watched")
	}
	return nil
}
