package netns_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A server of net/http and its clients, all in a network namespace of their own. What
// differs between the columns is in inside_stock_linux_test.go and inside_locker_linux_test.go.

// The clients keep their connections.
func BenchmarkKeepAlive(b *testing.B) { benchmark(b, "/", true) }

// Each request has a new connection.
func BenchmarkNewConn(b *testing.B) { benchmark(b, "/", false) }

// The server needs its namespace for each request: it looks up the interfaces.
func BenchmarkInterfaces(b *testing.B) { benchmark(b, "/interfaces", true) }

func benchmark(b *testing.B, path string, keepAlive bool) {
	for _, n := range []int{1, 16} {
		clients := n
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			ns := newLoopback(b)
			defer ns.Close()
			s, err := newSpace(ns)
			if err != nil {
				b.Fatal(err)
			}
			defer s.close()
			url, stop := serve(b, s)
			defer stop()
			run(b, s, clients, keepAlive, url+path)
		})
	}
}

// run measures clients that make b.N requests in all.
func run(b *testing.B, s *space, clients int, keepAlive bool, url string) {
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	cpu := cpuTime(b)
	b.ResetTimer()
	first := 0
	for i := 0; i < clients; i++ {
		mine := took[first : first+(b.N+i)/clients]
		first += len(mine)
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer s.live()()
			transport := &http.Transport{DisableKeepAlives: !keepAlive, DialContext: s.dial}
			defer transport.CloseIdleConnections()
			for j := range mine {
				start := time.Now()
				if err := get(transport, url); err != nil {
					b.Error(err)
					return
				}
				mine[j] = time.Since(start)
			}
		}()
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/req")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	b.ReportMetric(float64(took[len(took)/2]), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}

const answer = "lo up|loopback"

func get(transport *http.Transport, url string) error {
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(body), answer) {
		return fmt.Errorf("the server answers %q, want %q", body, answer)
	}
	return nil
}

func (s *space) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var conn net.Conn
	var err error
	if err := s.do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, addr) }); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	return s.liveConn(conn), nil
}

func serve(b *testing.B, s *space) (url string, stop func()) {
	var ln net.Listener
	var err error
	if err := s.do(func() { ln, err = net.Listen("tcp4", "127.0.0.1:0") }); err != nil {
		b.Fatal(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, answer)
	})
	mux.HandleFunc("/interfaces", func(w http.ResponseWriter, r *http.Request) {
		if err := s.do(func() { interfaces(w) }); err != nil {
			b.Error(err)
		}
	})
	srv := &http.Server{Handler: mux, ConnState: s.connState}
	served := make(chan error)
	go func() {
		defer s.live()()
		served <- srv.Serve(s.liveListener(ln))
	}()
	return "http://" + ln.Addr().String(), func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			b.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			b.Error(err)
		}
	}
}

func interfaces(w io.Writer) {
	ifs, err := net.Interfaces()
	if err != nil {
		fmt.Fprintln(w, err)
	}
	for _, i := range ifs {
		fmt.Fprintln(w, i.Name, i.Flags)
	}
}

// cpuTime returns how long the process has computed, in nanoseconds.
func cpuTime(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// newLoopback makes a network namespace with a loopback interface that is up, and nothing else.
func newLoopback(b *testing.B) netns.NsHandle {
	runtime.LockOSThread()
	orig, err := netns.Get()
	if err != nil {
		b.Fatal(err)
	}
	defer orig.Close()
	ns, err := netns.New()
	if err != nil {
		b.Fatalf("cannot make a network namespace, which only root can, or who has CAP_SYS_ADMIN: %v", err)
	}
	err = loopbackUp()
	if err := netns.Set(orig); err != nil {
		b.Fatal(err) // the thread stays locked
	}
	runtime.UnlockOSThread()
	if err != nil {
		b.Fatal(err)
	}
	return ns
}

func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo)
}
