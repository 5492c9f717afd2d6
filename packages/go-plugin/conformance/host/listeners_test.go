package host

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

func unix(path string) *net.UnixAddr { return &net.UnixAddr{Net: "unix", Name: path} }

func TestCase45_SocketsAreInTheHostsDirectory(t *testing.T) {
	t.Parallel()
	directory := newTmp(t)
	p := startProcess(t, "PLUGIN_UNIX_SOCKET_DIR="+directory)
	main := p.line()[3]
	equal(t, filesIn(directory), []string{main})
	h := p.reattach().start()
	expectEcho(t, testingpb.NewTestingClient(h.letAccept()))
	equal(t, len(filesIn(directory)), 2)
	equal(t, filesIn(p.tmp), nil)
	h.client.Kill()
	equal(t, filesIn(directory), nil)
}

func TestCase46_SocketsAreForTheHostsGroup(t *testing.T) {
	t.Parallel()
	gid := os.Getgid()
	if os.Getuid() == 0 {
		gid = 1 // one that the plugin would not take by itself
	}
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	check(t, err)
	for _, name := range []string{group.Gid, group.Name} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.config.UnixSocketConfig = &plugin.UnixSocketConfig{Group: name}
			h.start()
			h.letAccept()
			sockets := filesIn(h.tmp)
			equal(t, len(sockets), 2)
			for _, socket := range sockets {
				info, err := os.Stat(socket)
				check(t, err)
				equal(t, info.Mode().Perm(), 0o660)
				equal(t, int(info.Sys().(*syscall.Stat_t).Gid), gid)
			}
		})
	}
}

func TestCase47_PortsAreInTheHostsRange(t *testing.T) {
	t.Parallel()
	busy, free := portsInARow(t)
	h := newHost(t, "TESTING_NETWORK=tcp")
	h.config.MinPort, h.config.MaxPort = busy, free
	h.start()
	address, err := h.client.Start()
	check(t, err)
	equal(t, address.String(), fmt.Sprintf("127.0.0.1:%d", free))
	h.echo()
	_, err = h.Run(h.ctx, &testingpb.Payload{Text: "accept"})
	if err == nil || !strings.Contains(err.Error(), "couldn't bind plugin TCP listener") {
		t.Errorf("a brokered connection outside of the range: %v", err)
	}

	for _, test := range []struct {
		min, max uint
		text     string
	}{
		{busy, busy, "couldn't bind plugin TCP listener"},
		{free, busy, fmt.Sprintf("PLUGIN_MIN_PORT value of %d is greater than PLUGIN_MAX_PORT value of %d", free, busy)},
	} {
		p := startProcess(t, "TESTING_NETWORK=tcp",
			fmt.Sprintf("PLUGIN_MIN_PORT=%d", test.min), fmt.Sprintf("PLUGIN_MAX_PORT=%d", test.max))
		equal(t, p.exitCode(), 1)
		equal(t, p.stdout.String(), "")
		if text := p.stderr.String(); !strings.Contains(text, test.text) || !strings.Contains(text, "plugin init error") {
			t.Errorf("stderr: %s", text)
		}
	}
}

// portsInARow gives a port that is in use until the test ends, and the one after it, which is not.
func portsInARow(t *testing.T) (busy, free uint) {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		t.Cleanup(func() { _ = listener.Close() })
		port := listener.Addr().(*net.TCPAddr).Port
		if after, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+1)); err == nil {
			check(t, after.Close())
			return uint(port), uint(port) + 1
		}
	}
	t.Fatal("no two ports in a row")
	return 0, 0
}
