//go:build goexperiment.threadlocker

// Gtkwindow shows a window of GTK 3, with a clock that an ordinary goroutine sets, and a
// button that opens a dialog. All calls of GTK come from the main thread, whose loop is
// gtk_main, in C.
package main

/*
#cgo pkg-config: gtk+-3.0
#include <stdlib.h>
#include <gtk/gtk.h>

extern void goTurn(void);
extern void goClicked(void);

static gboolean turn(gpointer p) {
	goTurn();
	return G_SOURCE_REMOVE;
}

// At a lower priority it would wait until GTK has drawn, at a higher one GTK might not draw.
static void wake(void) { g_idle_add_full(G_PRIORITY_DEFAULT, turn, NULL, NULL); }

static void clicked(GtkButton *b, gpointer p) { goClicked(); }

static GtkWidget *window, *label, *button;
static GtkWidget *dialogs[16]; // that are open, one in the other's loop
static int ndialog;

static int make_window(void) {
	if (!gtk_init_check(NULL, NULL))
		return 0;
	window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
	GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
	label = gtk_label_new("");
	button = gtk_button_new_with_label("Ask");
	gtk_container_add(GTK_CONTAINER(window), box);
	gtk_container_add(GTK_CONTAINER(box), label);
	gtk_container_add(GTK_CONTAINER(box), button);
	g_signal_connect(button, "clicked", G_CALLBACK(clicked), NULL);
	g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
	gtk_widget_show_all(window);
	return 1;
}

static void set_label(const char *s) { gtk_label_set_text(GTK_LABEL(label), s); }
static const char *get_label(void) { return gtk_label_get_text(GTK_LABEL(label)); }
static void click(void) { gtk_button_clicked(GTK_BUTTON(button)); }

static int run_dialog(void) {
	GtkWidget *d = gtk_message_dialog_new(GTK_WINDOW(window), GTK_DIALOG_MODAL, GTK_MESSAGE_QUESTION,
		GTK_BUTTONS_YES_NO, "Is it late?");
	dialogs[ndialog++] = d;
	int r = gtk_dialog_run(GTK_DIALOG(d));
	ndialog--;
	gtk_widget_destroy(d);
	return r;
}

static int open_dialogs(void) { return ndialog; }

// answer answers the dialog that was opened last.
static void answer(int yes) {
	gtk_dialog_response(GTK_DIALOG(dialogs[ndialog - 1]), yes ? GTK_RESPONSE_YES : GTK_RESPONSE_NO);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"
)

// Main must be on the main thread.
func init() { runtime.LockOSThread() }

// thread is the main thread, while run runs.
var thread = runtime.MakeThreadLocker()

// run shows the window, and returns when it has been closed. Main calls it.
func run() error {
	thread.Lock()
	defer thread.Unlock()
	if C.make_window() == 0 {
		return errors.New("GTK does not start: there is no display")
	}
	close(shown)
	block(func() { C.gtk_main() })
	return nil
}

var shown = make(chan struct{})

// block calls loop, which is a main loop of GTK's. Other goroutines of the thread run
// meanwhile, in calls of goTurn that the loop makes.
func block(loop func()) {
	runtime.BlockOSThread(loop, func() { C.wake() })
}

//export goTurn
func goTurn() { runtime.Gosched() }

// asked is called with each answer.
var asked = func(yes bool) {}

//export goClicked
func goClicked() {
	yes := false
	block(func() { yes = C.run_dialog() == C.GTK_RESPONSE_YES })
	asked(yes)
}

func setLabel(s string) {
	cs := C.CString(s)
	defer C.free(unsafe.Pointer(cs))
	C.set_label(cs)
}

func label() string { return C.GoString(C.get_label()) }
func click()        { C.click() }
func dialogs() int  { return int(C.open_dialogs()) }
func quit()         { C.gtk_main_quit() }

func answer(yes bool) {
	if yes {
		C.answer(1)
	} else {
		C.answer(0)
	}
}

func main() {
	asked = func(yes bool) { fmt.Println("yes:", yes) }
	go func() {
		<-shown
		for now := range time.Tick(time.Second) {
			thread.Do(func() { setLabel(now.Format(time.TimeOnly)) })
		}
	}()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gtkwindow:", err)
		os.Exit(1)
	}
}
