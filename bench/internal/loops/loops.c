// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

//go:build linux

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "_cgo_export.h" // and loops.h

// The libraries are loaded when they are used, so that all else builds and runs where
// they are not installed. What is declared here is as little as that takes.

static void *lib;
static const char *lacks; // the first function that was not found

static void *find(const char *name) {
	void *f = dlsym(lib, name);
	if (f == NULL && lacks == NULL)
		lacks = name;
	return f;
}

static const char *load(const char *file, int *missing) {
	lacks = NULL;
	lib = dlopen(file, RTLD_NOW | RTLD_GLOBAL);
	if (lib == NULL) {
		*missing = 1;
		return dlerror();
	}
	return NULL;
}

// FIND(f) sets p_f to the function f.
#define FIND(f) (p_##f = (__typeof__(p_##f))find(#f))

// X11 with poll: the connection and a pipe.

typedef union { int type; long pad[24]; } XEvent;

static int (*p_XInitThreads)(void);
static void *(*p_XOpenDisplay)(const char *);
static int (*p_XConnectionNumber)(void *);
static unsigned long (*p_XDefaultRootWindow)(void *);
static unsigned long (*p_XCreateSimpleWindow)(void *, unsigned long, int, int, unsigned, unsigned, unsigned, unsigned long, unsigned long);
static int (*p_XSelectInput)(void *, unsigned long, long);
static int (*p_XMapWindow)(void *, unsigned long);
static int (*p_XPending)(void *);
static int (*p_XNextEvent)(void *, XEvent *);
static int (*p_XFlush)(void *);
static int (*p_XWarpPointer)(void *, unsigned long, unsigned long, int, int, unsigned, unsigned, int, int);

static void *xdisplay;
static int xpipe[2];

static const char *x11_load(int *missing) {
	const char *err = load("libX11.so.6", missing);
	if (err != NULL)
		return err;
	FIND(XInitThreads);
	FIND(XOpenDisplay);
	FIND(XConnectionNumber);
	FIND(XDefaultRootWindow);
	FIND(XCreateSimpleWindow);
	FIND(XSelectInput);
	FIND(XMapWindow);
	FIND(XPending);
	FIND(XNextEvent);
	FIND(XFlush);
	FIND(XWarpPointer);
	if (lacks != NULL)
		return lacks;
	p_XInitThreads();
	return NULL;
}

static const char *x11_open(int *missing) {
	const char *err = x11_load(missing);
	if (err != NULL)
		return err;
	xdisplay = p_XOpenDisplay(NULL);
	if (xdisplay == NULL)
		return "XOpenDisplay failed";
	if (pipe2(xpipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return "pipe2 failed";
	unsigned long w = p_XCreateSimpleWindow(xdisplay, p_XDefaultRootWindow(xdisplay), 0, 0, 200, 200, 0, 0, 0);
	p_XSelectInput(xdisplay, w, 1L << 6 | 1L << 15); // PointerMotionMask, ExposureMask
	p_XMapWindow(xdisplay, w);
	p_XFlush(xdisplay);
	return NULL;
}

static void x11_wait(void) {
	for (;;) {
		int got = 0;
		while (p_XPending(xdisplay) > 0) {
			XEvent e;
			p_XNextEvent(xdisplay, &e);
			got = 1;
		}
		struct pollfd p[2] = {{p_XConnectionNumber(xdisplay), POLLIN, 0}, {xpipe[0], POLLIN, 0}};
		if (poll(p, 2, got ? 0 : -1) > 0 && p[1].revents != 0) {
			char b[64];
			while (read(xpipe[0], b, sizeof b) == sizeof b)
				;
			got = 1;
		}
		if (got)
			return;
	}
}

static void x11_post(void) {
	// If the pipe is full, the loop has enough to wake for.
	while (write(xpipe[1], "", 1) < 0 && errno == EINTR)
		;
}

// GTK 3.

static int (*p_gtk_init_check)(int *, char ***);
static void *(*p_gtk_window_new)(int);
static void (*p_gtk_widget_show)(void *);
static void (*p_gtk_main)(void);
static void (*p_gtk_main_quit)(void);
static unsigned (*p_gtk_main_level)(void);
static unsigned (*p_g_idle_add_full)(int, int (*)(void *), void *, void (*)(void *));

static const char *gtk_open(int *missing) {
	const char *err = load("libgtk-3.so.0", missing);
	if (err != NULL)
		return err;
	FIND(gtk_init_check);
	FIND(gtk_window_new);
	FIND(gtk_widget_show);
	FIND(gtk_main);
	FIND(gtk_main_quit);
	FIND(gtk_main_level);
	FIND(g_idle_add_full);
	if (lacks != NULL)
		return lacks;
	setenv("GDK_BACKEND", "x11", 1);
	setenv("NO_AT_BRIDGE", "1", 1);
	if (!p_gtk_init_check(NULL, NULL))
		return "gtk_init failed";
	p_gtk_widget_show(p_gtk_window_new(0));
	return NULL;
}

static int in_c; // loop_c runs
static int gtk_c(void);

static int gtk_called(void *arg) {
	(void)arg;
	if (in_c)
		return gtk_c();
	loopCalled();
	return 0; // G_SOURCE_REMOVE
}

static void gtk_post(void) { p_g_idle_add_full(0, gtk_called, NULL, NULL); } // G_PRIORITY_DEFAULT

int loop_level(void) { return p_gtk_main_level(); }

void loop_quit(int level) {
	if (p_gtk_main_level() == (unsigned)level)
		p_gtk_main_quit();
}

// GLFW 3.

static int (*p_glfwInit)(void);
static void (*p_glfwWindowHint)(int, int);
static void *(*p_glfwCreateWindow)(int, int, const char *, void *, void *);
static void (*p_glfwWaitEvents)(void);
static void (*p_glfwPostEmptyEvent)(void);

static const char *glfw_open(int *missing) {
	const char *err = load("libglfw.so.3", missing);
	if (err != NULL)
		return err;
	FIND(glfwInit);
	FIND(glfwWindowHint);
	FIND(glfwCreateWindow);
	FIND(glfwWaitEvents);
	FIND(glfwPostEmptyEvent);
	if (lacks != NULL)
		return lacks;
	if (!p_glfwInit())
		return "glfwInit failed";
	p_glfwWindowHint(0x00022001, 0); // GLFW_CLIENT_API, GLFW_NO_API
	if (p_glfwCreateWindow(200, 200, "", NULL, NULL) == NULL)
		return "glfwCreateWindow failed";
	return NULL;
}

// SDL 2.

typedef union { uint32_t type; uint8_t pad[128]; } SDL_Event;

static int (*p_SDL_SetHint)(const char *, const char *);
static int (*p_SDL_Init)(uint32_t);
static void *(*p_SDL_CreateWindow)(const char *, int, int, int, int, uint32_t);
static uint32_t (*p_SDL_RegisterEvents)(int);
static int (*p_SDL_WaitEvent)(SDL_Event *);
static int (*p_SDL_PollEvent)(SDL_Event *);
static int (*p_SDL_PushEvent)(SDL_Event *);

static uint32_t sdl_user;

static const char *sdl_open(int *missing) {
	const char *err = load("libSDL2-2.0.so.0", missing);
	if (err != NULL)
		return err;
	FIND(SDL_SetHint);
	FIND(SDL_Init);
	FIND(SDL_CreateWindow);
	FIND(SDL_RegisterEvents);
	FIND(SDL_WaitEvent);
	FIND(SDL_PollEvent);
	FIND(SDL_PushEvent);
	if (lacks != NULL)
		return lacks;
	p_SDL_SetHint("SDL_NO_SIGNAL_HANDLERS", "1");
	p_SDL_SetHint("SDL_VIDEODRIVER", "x11");
	if (p_SDL_Init(0x20) != 0) // SDL_INIT_VIDEO
		return "SDL_Init failed";
	if (p_SDL_CreateWindow("", 0, 0, 200, 200, 4) == NULL) // SDL_WINDOW_SHOWN
		return "SDL_CreateWindow failed";
	sdl_user = p_SDL_RegisterEvents(1);
	return NULL;
}

static void sdl_wait(void) {
	SDL_Event e;
	if (p_SDL_WaitEvent(&e))
		while (p_SDL_PollEvent(&e))
			;
}

static void sdl_post(void) {
	SDL_Event e = {sdl_user};
	while (p_SDL_PushEvent(&e) < 0) // the queue is full
		usleep(100);
}

const char *loop_open(int loop, int *missing) {
	*missing = 0;
	switch (loop) {
	case X11: return x11_open(missing);
	case GTK: return gtk_open(missing);
	case GLFW: return glfw_open(missing);
	default: return sdl_open(missing);
	}
}

void loop_wait(int loop) {
	switch (loop) {
	case X11: x11_wait(); break;
	case GTK: p_gtk_main(); break;
	case GLFW: p_glfwWaitEvents(); break;
	default: sdl_wait();
	}
}

void loop_post(int loop) {
	switch (loop) {
	case X11: x11_post(); break;
	case GTK: gtk_post(); break;
	case GLFW: p_glfwPostEmptyEvent(); break;
	default: sdl_post();
	}
}

// All of it in C: requests in a list, under a mutex.

typedef struct request request;
struct request {
	request *next;
	int64_t ran;
	sem_t done;
};

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static request *head, **tail = &head;
static int running; // threads
static long posts;

typedef struct {
	int loop;
	long pause, n;
	int64_t *there, *round;
} hopper;

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void *hop(void *arg) {
	hopper *h = arg;
	request r;
	sem_init(&r.done, 0, 0);
	for (long i = 0; i < h->n; i++) {
		if (h->pause != 0)
			nanosleep(&(struct timespec){0, h->pause}, NULL);
		int64_t start = now();
		r.next = NULL;
		pthread_mutex_lock(&mu);
		*tail = &r;
		tail = &r.next;
		posts++;
		pthread_mutex_unlock(&mu);
		loop_post(h->loop);
		while (sem_wait(&r.done) != 0)
			;
		h->round[i] = now() - start;
		h->there[i] = r.ran - start;
	}
	sem_destroy(&r.done);
	pthread_mutex_lock(&mu);
	running--;
	posts++;
	pthread_mutex_unlock(&mu);
	loop_post(h->loop);
	return NULL;
}

// serve does what was asked. It reports whether there is more to come.
static int serve(void) {
	pthread_mutex_lock(&mu);
	request *r = head;
	head = NULL;
	tail = &head;
	int more = running > 0;
	pthread_mutex_unlock(&mu);
	while (r != NULL) {
		request *next = r->next;
		r->ran = now();
		sem_post(&r->done);
		r = next;
	}
	return more;
}

static int gtk_c(void) {
	if (!serve() && in_c) {
		in_c = 0;
		p_gtk_main_quit();
	}
	return 0; // G_SOURCE_REMOVE
}

void loop_c(int loop, int threads, long pause, long n, int64_t *there, int64_t *round) {
	pthread_t t[threads];
	hopper h[threads];
	running = threads;
	posts = 0;
	in_c = 1;
	for (int i = 0; i < threads; i++) {
		long from = n * i / threads, to = n * (i + 1) / threads;
		h[i] = (hopper){loop, pause, to - from, there + from, round + from};
		if (pthread_create(&t[i], NULL, hop, &h[i]) != 0)
			abort();
	}
	if (loop == GTK)
		p_gtk_main();
	else
		do
			loop_wait(loop);
		while (serve());
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	in_c = 0;
}

long loop_c_posts(void) { return posts; }

static void *events;

int events_open(void) {
	int missing;
	if (p_XWarpPointer == NULL && x11_load(&missing) != NULL)
		return -1;
	if (events == NULL)
		events = p_XOpenDisplay(NULL);
	return events == NULL ? -1 : 0;
}

void events_move(int i) {
	p_XWarpPointer(events, 0, p_XDefaultRootWindow(events), 0, 0, 0, 0, 20 + i % 100, 20 + i % 90);
	p_XFlush(events);
	while (p_XPending(events) > 0) {
		XEvent e;
		p_XNextEvent(events, &e);
	}
}
