// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

#include <stdint.h>

enum { X11, GTK, GLFW, SDL, NLOOPS };

// loop_open loads the library of a loop and opens a window, on the calling thread,
// which is the loop's from then on. It returns NULL, or what is wrong. *missing says
// whether that is the library.
const char *loop_open(int loop, int *missing);

// loop_wait waits for events and takes them. That of GTK is gtk_main, which calls
// loopCalled for each loop_post, and returns after loop_quit. loop_level is how many of
// them are in each other, and loop_quit does nothing if that has changed.
void loop_wait(int loop);
int loop_level(void);
void loop_quit(int level);

// loop_post makes loop_wait return, or call. It may be called on any thread.
void loop_post(int loop);

// loop_c is the whole measurement in C. It runs the loop on the calling thread, while so
// many others post n requests together, each one after the other, with a pause of so many ns
// before each. For each request it stores how long it took, in ns, until it ran and
// until it was answered.
void loop_c(int loop, int threads, long pause, long n, int64_t *there, int64_t *round);

// loop_c_posts is the number of requests that loop_c has posted, and of what it has
// posted beside them.
long loop_c_posts(void);

// events_open opens another connection to the X server, and events_move moves the pointer
// by it, from which windows get events.
int events_open(void);
void events_move(int i);
