package connector_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// Executables built once for all tests; httpConnector is the example, which only the repository has.
var memoryConnector, httpConnector, interopHost string

const example = "../../examples/connectors/http-webhook/go"

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", "connector-go-*")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	for source, executable := range map[string]*string{
		"./interop/connector": &memoryConnector,
		"./interop/host":      &interopHost,
		example:               &httpConnector,
	} {
		if _, err := os.Stat(source); err != nil {
			continue
		}
		*executable = filepath.Join(directory, filepath.Base(source))
		build := exec.Command("go", "build", "-o", *executable, ".")
		build.Dir = source
		if output, err := build.CombinedOutput(); err != nil {
			panic(fmt.Sprintf("build %s: %s", source, output))
		}
	}
	return m.Run()
}

func needsRepository(t *testing.T) {
	t.Helper()
	if httpConnector == "" {
		t.Skip("not in the repository of the connectors")
	}
}

// launch starts a connector process and dispenses it.
func launch(t *testing.T, executable string, autoMTLS bool, p *connector.ConnectionNodePlugin) (
	connector.ConnectionNode, *plugin.Client,
) {
	t.Helper()
	client := start(t, exec.Command(executable), autoMTLS, p)
	return dispense(t, client), client
}

// start starts a process. Teardown proves that the process and, unless it crashed, its sockets are gone.
func start(t *testing.T, command *exec.Cmd, autoMTLS bool, p plugin.Plugin) *plugin.Client {
	t.Helper()
	sockets := t.TempDir()
	t.Setenv("TMPDIR", sockets)
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  connector.Handshake,
		Plugins:          map[string]plugin.Plugin{connector.PluginName: p},
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         autoMTLS,
		Logger:           hclog.NewNullLogger(),
	})
	t.Cleanup(func() {
		crashed := client.Exited()
		client.Kill()
		if !client.Exited() {
			t.Error("the process is still there after Kill")
		}
		if crashed {
			return
		}
		eventually(t, "no socket is left", func() bool {
			left, err := filepath.Glob(filepath.Join(sockets, "plugin*"))
			return err == nil && len(left) == 0
		})
	})
	return client
}

func dispense(t *testing.T, client *plugin.Client) connector.ConnectionNode {
	t.Helper()
	protocol, err := client.Client()
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	raw, err := protocol.Dispense(connector.PluginName)
	if err != nil {
		t.Fatalf("dispense: %v", err)
	}
	return raw.(connector.ConnectionNode)
}

// inProcess connects both sides within this process, on go-plugin's default server.
func inProcess(t *testing.T, p *connector.ConnectionNodePlugin) (connector.ConnectionNode, error) {
	t.Helper()
	client := inProcessClient(t, p)
	raw, err := client.Dispense(connector.PluginName)
	if err != nil {
		return nil, err
	}
	return raw.(connector.ConnectionNode), nil
}

func serve(t *testing.T, impl connector.ConnectionNode) connector.ConnectionNode {
	t.Helper()
	node, err := inProcess(t, &connector.ConnectionNodePlugin{Impl: impl})
	if err != nil {
		t.Fatalf("dispense: %v", err)
	}
	return node
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// within gives a context for a call that must not take longer.
func within(t *testing.T, limit time.Duration) context.Context {
	// Long ones only end a test that hangs, also on a machine that is four times slower.
	if limit >= 10*time.Second {
		limit *= 4
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// next waits for what a test's counterpart hands over.
func next[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing within 10 s")
	}
	return value
}
