package host

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

var handshake = plugin.HandshakeConfig{
	ProtocolVersion:  3,
	MagicCookieKey:   "TESTING_PLUGIN",
	MagicCookieValue: "cookie",
}

// dispensed is what the host gets of the plugin.
type dispensed struct {
	testingpb.TestingClient
	conn   *grpc.ClientConn
	broker *plugin.GRPCBroker
	// done is go-plugin's context for stubs: cancelled when the plugin is gone.
	done context.Context
}

// testingPlugin is the host's side of the plugin fixture.
type testingPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func (testingPlugin) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is a host")
}

func (testingPlugin) GRPCClient(done context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &dispensed{testingpb.NewTestingClient(conn), conn, broker, done}, nil
}

var plugins = plugin.PluginSet{"testing": testingPlugin{}}

// host is a host of one plugin, which was built with go-plugin.
type host struct {
	*dispensed
	t *testing.T
	// ctx is for calls: none takes as long as it lets them.
	ctx    context.Context
	tmp    string
	config *plugin.ClientConfig
	client *plugin.Client
	log    *journal
	// stdout and stderr are what the plugin has printed since its handshake.
	stdout, stderr *buffer
	// dies: the test expects another end of the plugin than the clean one, which may leave its socket.
	dies bool
}

// newHost prepares a host of the plugin fixture, for a test to change its configuration before it starts.
func newHost(t *testing.T, env ...string) *host {
	t.Helper()
	h := bareHost(t, newTmp(t))
	h.config.HandshakeConfig = handshake
	h.config.Plugins = plugins
	h.config.Cmd = exec.Command(filepath.Join(fixtures, "plugin.ts"))
	// As if inherited, but for a temporary directory of its own.
	h.config.Cmd.Env = append(append(os.Environ(), "TMPDIR="+h.tmp), env...)
	h.config.SkipHostEnv = true
	return h
}

// bareHost is a host of nothing yet.
func bareHost(t *testing.T, tmp string) *host {
	log := &journal{}
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	stdout, stderr := &buffer{}, &buffer{}
	return &host{t: t, ctx: ctx, tmp: tmp, log: log, stdout: stdout, stderr: stderr, config: &plugin.ClientConfig{
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           log.logger(),
		StartTimeout:     2 * patience,
		SyncStdout:       stdout,
		SyncStderr:       stderr,
	}}
}

// launch only starts the plugin's process, and proves at the test's end that it ended well when it was asked to.
func (h *host) launch() error {
	h.client = plugin.NewClient(h.config)
	h.t.Cleanup(func() {
		h.client.Kill()
		exited, _ := h.log.find("plugin process exited")
		if h.dies {
			for _, socket := range filesIn(h.tmp) {
				check(h.t, os.Remove(socket))
			}
		} else if exited["error"] != nil || h.log.has("plugin failed to exit gracefully") {
			h.t.Errorf("the end was %v", exited)
		}
		if h.t.Failed() {
			h.t.Log(h.log)
		}
	})
	_, err := h.client.Start()
	return err
}

// start launches the plugin and dispenses it.
func (h *host) start() *host {
	h.t.Helper()
	check(h.t, h.launch())
	protocol, err := h.client.Client()
	check(h.t, err)
	raw, err := protocol.Dispense("testing")
	check(h.t, err)
	h.dispensed = raw.(*dispensed)
	return h
}

func start(t *testing.T, env ...string) *host {
	t.Helper()
	return newHost(t, env...).start()
}

// eachTLS runs a test against a plugin without and with AutoMTLS.
func eachTLS(t *testing.T, test func(t *testing.T, h *host), env ...string) {
	for name, autoMTLS := range map[string]bool{"plain": false, "AutoMTLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, env...)
			h.config.AutoMTLS = autoMTLS
			test(t, h.start())
		})
	}
}

// startError starts what must not start.
func (h *host) startError(texts ...string) {
	h.t.Helper()
	h.dies = true // go-plugin's way to end what did not start
	err := h.launch()
	if err == nil {
		h.t.Fatal("the plugin started")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			h.t.Fatalf("got %q, want %q", err, text)
		}
	}
}

func (h *host) pid() int {
	pid, err := strconv.Atoi(h.client.ID())
	check(h.t, err)
	return pid
}

// echo proves that the plugin answers.
func (h *host) echo() {
	h.t.Helper()
	expectEcho(h.t, h.TestingClient)
}

func expectEcho(t *testing.T, client testingpb.TestingClient, options ...grpc.CallOption) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer, err := client.Echo(ctx, &testingpb.Payload{Text: "hello"}, options...)
	check(t, err)
	equal(t, answer.Text, "hello")
}

// do has the plugin do an action of services.ts.
func (h *host) do(action string, data ...byte) string {
	h.t.Helper()
	answer, err := h.Run(h.ctx, &testingpb.Payload{Text: action, Data: data})
	check(h.t, err)
	return answer.Text
}
