package host

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

// process is a plugin without go-plugin around it: environment in, bytes out.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	tmp            string
	stdout, stderr buffer
	ended          chan struct{}
}

// startProcess runs the plugin fixture with PATH, TMPDIR, the cookie, and env.
func startProcess(t *testing.T, env ...string) *process {
	t.Helper()
	return startProgram(t, filepath.Join(fixtures, "plugin.ts"), append([]string{"TESTING_PLUGIN=cookie"}, env...)...)
}

func startProgram(t *testing.T, path string, env ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(path), tmp: newTmp(t), ended: make(chan struct{})}
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + p.tmp}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	check(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the tests look at the exit code
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.terminate()
		if t.Failed() {
			t.Logf("stdout %s\nstderr %s", p.stdout.String(), p.stderr.String())
		}
	})
	return p
}

// line waits for the handshake, and gives its fields.
func (p *process) line() []string {
	p.t.Helper()
	var first string
	eventually(p.t, "a handshake", func() (found bool) {
		select {
		case <-p.ended:
			p.t.Fatalf("the plugin ended without a handshake: %s", p.stderr.String())
		default:
		}
		first, _, found = strings.Cut(p.stdout.String(), "\n")
		return found
	})
	return strings.Split(first, "|")
}

func (p *process) address() net.Addr {
	p.t.Helper()
	line := p.line()
	if line[2] == "tcp" {
		address, err := net.ResolveTCPAddr("tcp", line[3])
		check(p.t, err)
		return address
	}
	return &net.UnixAddr{Net: line[2], Name: line[3]}
}

// exitCode waits for the end.
func (p *process) exitCode() int {
	p.t.Helper()
	next(p.t, p.ended)
	return p.cmd.ProcessState.ExitCode()
}

// terminate asks the process to end, if it runs, and gives its exit code.
func (p *process) terminate() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Error("the plugin ignores SIGTERM")
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(signal os.Signal) {
	_ = p.cmd.Process.Signal(signal) // it may have ended
}

// connect dials with nothing but grpc-go. Without credentials the connection is plain.
func (p *process) connect(secure credentials.TransportCredentials) testingpb.TestingClient {
	p.t.Helper()
	return testingpb.NewTestingClient(p.dial(secure))
}

func (p *process) dial(secure credentials.TransportCredentials) *grpc.ClientConn {
	p.t.Helper()
	if secure == nil {
		secure = insecure.NewCredentials()
	}
	return dial(p.t, p.address(), secure)
}

func dial(t *testing.T, address net.Addr, secure credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///plugin",
		grpc.WithTransportCredentials(secure),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, address.Network(), address.String())
		}))
	check(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// reattach gives a host, not yet started, that finds the process instead of starting one.
func (p *process) reattach() *host {
	p.t.Helper()
	h := bareHost(p.t, p.tmp)
	h.config.Plugins = plugins
	h.config.Reattach = &plugin.ReattachConfig{
		Protocol: plugin.ProtocolGRPC,
		Addr:     p.address(),
		Pid:      p.cmd.Process.Pid,
	}
	return h
}
