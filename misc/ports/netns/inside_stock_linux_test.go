//go:build !goexperiment.threadlocker
// +build !goexperiment.threadlocker

package netns_test

import (
	"net"
	"net/http"
	"runtime"

	"github.com/vishvananda/netns"
)

// A space is a network namespace, used as programs do that have the release: what
// needs the namespace locks its thread, and moves it there and back. Nothing else is there.
type space struct{ ns netns.NsHandle }

func newSpace(ns netns.NsHandle) (*space, error) { return &space{ns}, nil }

func (s *space) do(f func()) error {
	runtime.LockOSThread()
	orig, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer orig.Close()
	if err := netns.Set(s.ns); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	f()
	if err := netns.Set(orig); err != nil {
		return err // the thread stays locked
	}
	runtime.UnlockOSThread()
	return nil
}

func (s *space) live() (leave func())                      { return func() {} }
func (s *space) liveListener(ln net.Listener) net.Listener { return ln }
func (s *space) liveConn(conn net.Conn) net.Conn           { return conn }
func (s *space) connState(net.Conn, http.ConnState)        {}
func (s *space) close()                                    {}
