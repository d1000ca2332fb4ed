// Package pythonthread runs Python code in goroutines. CPython keeps who holds its lock, and
// which error is the last one, with the thread. So a goroutine that calls CPython locks itself
// to its thread until it is through, as packages do that know nothing of thread lockers.
package pythonthread

/*
#cgo pkg-config: python3-embed
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

extern void goYield(void);

static PyObject *globals;

// yield is a function of Python's that calls Go.
static PyObject *py_yield(PyObject *self, PyObject *args) {
	goYield();
	Py_RETURN_NONE;
}

static PyMethodDef yield_def = {"go_yield", py_yield, METH_NOARGS, ""};

static void start(void) {
	Py_InitializeEx(0);
	globals = PyDict_New();
	PyDict_SetItemString(globals, "__builtins__", PyEval_GetBuiltins());
	PyDict_SetItemString(globals, "go_yield", PyCFunction_New(&yield_def, NULL));
	PyEval_SaveThread();
}

static int ensure(void) { return (int)PyGILState_Ensure(); }
static void release(int s) { PyGILState_Release((PyGILState_STATE)s); }

// eval returns 0 and the value, or -1, and leaves the error with the thread.
static int eval(const char *code, long *value) {
	PyObject *v = PyRun_String(code, Py_eval_input, globals, globals);
	if (!v)
		return -1;
	*value = PyLong_AsLong(v);
	Py_DECREF(v);
	return PyErr_Occurred() ? -1 : 0;
}

// error takes the thread's last error.
static char *error(void) {
	PyObject *type, *value, *trace;
	PyErr_Fetch(&type, &value, &trace);
	if (!type)
		return strdup("no error");
	PyObject *s = PyObject_Str(value ? value : type);
	const char *text = s ? PyUnicode_AsUTF8(s) : NULL;
	char *copy = strdup(text ? text : "?");
	Py_XDECREF(s);
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(trace);
	return copy;
}
*/
import "C"

import (
	"errors"
	"runtime"
	"unsafe"
)

func init() { C.start() }

// wait is called between an error and the call that asks which one it was. Tests set it.
var wait = func() {}

// Eval returns the value of a Python expression, which is an integer.
func Eval(code string) (int64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return eval(code)
}

func eval(code string) (int64, error) {
	state := C.ensure()
	defer C.release(state)
	cs := C.CString(code)
	defer C.free(unsafe.Pointer(cs))
	var value C.long
	rc := C.eval(cs, &value)
	wait()
	if rc != 0 {
		text := C.error()
		defer C.free(unsafe.Pointer(text))
		return 0, errors.New(C.GoString(text))
	}
	return int64(value), nil
}

// goYield is called by Python.
//
//export goYield
func goYield() { runtime.Gosched() }
