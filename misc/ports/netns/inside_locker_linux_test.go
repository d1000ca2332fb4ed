//go:build goexperiment.threadlocker
// +build goexperiment.threadlocker

package netns_test

import (
	"flag"
	"net"
	"net/http"
	"sync"

	"github.com/vishvananda/netns"
)

var live = flag.Bool("live", false, "let all goroutines of the server and of its clients live in the namespace")

// A space is a network namespace with a Locker: what needs the namespace goes to the thread
// there, and back, or lives there.
type space struct {
	*netns.Locker
	conns sync.Map // net.Conn: the function by which its goroutine leaves
}

func newSpace(ns netns.NsHandle) (*space, error) {
	l, err := netns.NewLocker(ns)
	return &space{Locker: l}, err
}

func (s *space) do(f func()) error { return s.Do(f) }

func (s *space) live() (leave func()) {
	if !*live {
		return func() {}
	}
	leave, err := s.Enter()
	if err != nil {
		panic(err)
	}
	return leave
}

// connState is called on the goroutine that serves the connection, except for new ones.
func (s *space) connState(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateActive:
		if _, ok := s.conns.Load(c); !ok {
			s.conns.Store(c, s.live())
		}
	case http.StateClosed:
		if leave, ok := s.conns.LoadAndDelete(c); ok {
			leave.(func())()
		}
	}
}

// Who reads from a liveListener's connections does so in the namespace: the goroutines by
// which an http.Server reads while a handler runs, too, one for each request.
type liveListener struct {
	net.Listener
	s *space
}

func (s *space) liveListener(ln net.Listener) net.Listener {
	if !*live {
		return ln
	}
	return liveListener{ln, s}
}

func (l liveListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return readConn{conn, l.s}, nil
}

type readConn struct {
	net.Conn
	s *space
}

func (c readConn) Read(p []byte) (int, error) {
	defer c.s.live()()
	return c.Conn.Read(p)
}

// A liveConn has the two goroutines live in the namespace by which an http.Transport
// reads and writes.
type liveConn struct {
	net.Conn
	s           *space
	read, write sync.Once
}

func (s *space) liveConn(conn net.Conn) net.Conn {
	if !*live {
		return conn
	}
	return &liveConn{Conn: conn, s: s}
}

func (c *liveConn) Read(p []byte) (int, error) {
	c.read.Do(func() { c.s.live() }) // until the goroutine ends
	return c.Conn.Read(p)
}

func (c *liveConn) Write(p []byte) (int, error) {
	c.write.Do(func() { c.s.live() })
	return c.Conn.Write(p)
}

func (s *space) close() { s.Close() }
