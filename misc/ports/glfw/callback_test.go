//go:build goexperiment.threadlocker

package main

import (
	"errors"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/go-gl/gl/v3.3-core/gl"
	"github.com/go-gl/glfw/v3.3/glfw"
)

// A callback of GLFW waits for a goroutine of the same thread that calls OpenGL, which
// calls back in turn. The first callback is through before the second, but must
// return to C after it: their C frames are on one stack.
func TestNestedCallbacks(t *testing.T) {
	onWindow(t, 320, 240, 4, 2, func(w *window) error {
		if !glfw.ExtensionSupported("GL_KHR_debug") {
			return errors.New("this OpenGL has no GL_KHR_debug, which calls back")
		}
		for !focused(w) {
			w.draw()
			w.show()
		}

		var mu sync.Mutex
		var order []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, s)
		}

		const message = "called back"
		entered, leave, over := make(chan string), make(chan bool), make(chan bool)
		gl.DebugMessageCallback(func(_, _, _, _ uint32, _ int32, text string, _ unsafe.Pointer) {
			entered <- text
			<-leave
			note("callback of OpenGL")
		}, nil)
		gl.Enable(gl.DEBUG_OUTPUT)
		gl.Enable(gl.DEBUG_OUTPUT_SYNCHRONOUS)
		insert := func() {
			defer close(over)
			defer stay()()
			text := append([]byte(message), 0)
			gl.DebugMessageInsert(gl.DEBUG_SOURCE_APPLICATION, gl.DEBUG_TYPE_MARKER, 1,
				gl.DEBUG_SEVERITY_HIGH, int32(len(message)), &text[0])
		}

		pressed := false
		w.SetKeyCallback(func(_ *glfw.Window, _ glfw.Key, _ int, action glfw.Action, _ glfw.ModifierKey) {
			if action != glfw.Press {
				return
			}
			pressed = true
			go insert()
			if got := <-entered; got != message {
				t.Errorf("the callback of OpenGL said %q, want %q", got, message)
			}
			// While both are open, others of the thread call C.
			asked := make(chan bool)
			go func() {
				defer stay()()
				glfw.GetVersionString()
				close(asked)
			}()
			<-asked
			note("callback of GLFW")
			close(leave)
		})
		if err := exec.Command("xdotool", "key", "x").Run(); err != nil {
			return err
		}
		for !pressed {
			glfw.PollEvents()
		}
		note("call of GLFW")
		<-over

		want := []string{"callback of GLFW", "callback of OpenGL", "call of GLFW"}
		if !slices.Equal(order, want) {
			t.Errorf("what ended was %q, want %q", order, want)
		}
		return nil
	})
}
