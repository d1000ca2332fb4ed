// What is declared here is in sqlite3.h, which the driver does not hand on.

typedef struct sqlite3_mutex sqlite3_mutex;

struct mutex_methods {
	int (*init)(void);
	int (*end)(void);
	sqlite3_mutex *(*alloc)(int);
	void (*free)(sqlite3_mutex *);
	void (*enter)(sqlite3_mutex *);
	int (*try)(sqlite3_mutex *);
	void (*leave)(sqlite3_mutex *);
	int (*held)(sqlite3_mutex *);
	int (*notheld)(sqlite3_mutex *);
};

enum {
	CONFIG_MUTEX = 10,
	CONFIG_GETMUTEX = 11,
};

extern int sqlite3_config(int, ...);
extern int sqlite3_initialize(void);
extern int sqlite3_shutdown(void);

static struct mutex_methods methods;
static _Thread_local char self; // its address stands for the thread
static char *right;             // nobody is watched if null
static long calls, foreign;

static void watch(void) {
	char *r = __atomic_load_n(&right, __ATOMIC_RELAXED);
	if (!r)
		return;
	__atomic_fetch_add(r == &self ? &calls : &foreign, 1, __ATOMIC_RELAXED);
}

static void enter(sqlite3_mutex *m) {
	watch();
	methods.enter(m);
}

static int try(sqlite3_mutex *m) {
	watch();
	return methods.try(m);
}

int watch_init(void) {
	int rc;
	// SQLite has no methods before it is initialized for the first time, and tells and
	// takes them only while it is not.
	if ((rc = sqlite3_initialize()) || (rc = sqlite3_shutdown()) || (rc = sqlite3_config(CONFIG_GETMUTEX, &methods)))
		return rc;
	struct mutex_methods m = methods;
	m.enter = enter;
	m.try = try;
	return sqlite3_config(CONFIG_MUTEX, &m);
}

void watch_thread(void) {
	__atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&foreign, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&right, &self, __ATOMIC_RELAXED);
}

void watched_thread(long *c, long *f) {
	__atomic_store_n(&right, 0, __ATOMIC_RELAXED);
	*c = __atomic_load_n(&calls, __ATOMIC_RELAXED);
	*f = __atomic_load_n(&foreign, __ATOMIC_RELAXED);
}
