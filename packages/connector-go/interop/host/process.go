package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ValueRetail/vrsky/pkg/connector"
	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
	"github.com/ValueRetail/vrsky/pkg/connector/interop/raw"
)

var identity = connector.Identity{CustomerID: "customer-1", TenantID: "tenant-1", IntegrationID: "integration-1"}

type launcher struct {
	command []string
	mtls    bool
	verbose bool
}

// process is one running connector and its host.
type process struct {
	name   string
	client *plugin.Client
	node   connector.ConnectionNode
	raw    connectorpb.ConnectionNodeClient
	host   *host
	log    *logBuffer
	pid    int
}

// launch starts a process, serves it the host functions and dispenses the node.
func (l *launcher) launch(checks *checks, name string, owner connector.Identity) (*process, error) {
	p := &process{name: name, host: newHost(), log: &logBuffer{}}
	output := io.Writer(p.log)
	if l.verbose {
		output = io.MultiWriter(p.log, os.Stderr)
	}
	command := exec.Command(l.command[0], l.command[1:]...)
	p.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: connector.Handshake,
		Plugins: map[string]plugin.Plugin{
			connector.PluginName: &connector.ConnectionNodePlugin{Host: p.host, Identity: &owner},
			"raw":                raw.Plugin{},
		},
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         l.mtls,
		StartTimeout:     20 * time.Second,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: output}),
	})
	started := time.Now()
	protocol, err := p.client.Client()
	if err == nil {
		p.pid = command.Process.Pid
		err = protocol.Ping()
	}
	if err == nil {
		err = p.dispense(protocol)
	}
	checks.add(name+"-start", err, "started, pinged and dispensed within %d ms, mtls=%v", time.Since(started).Milliseconds(), l.mtls)
	if err != nil {
		p.client.Kill()
	}
	return p, err
}

func (p *process) dispense(protocol plugin.ClientProtocol) error {
	node, err := protocol.Dispense(connector.PluginName)
	if err != nil {
		return err
	}
	conn, err := protocol.Dispense("raw")
	if err != nil {
		return err
	}
	p.node = node.(connector.ConnectionNode)
	p.raw = connectorpb.NewConnectionNodeClient(conn.(*grpc.ClientConn))
	return nil
}

// kill checks that the process goes by itself, quickly and completely.
func (p *process) kill(checks *checks) {
	started := time.Now()
	p.client.Kill()
	took := time.Since(started)
	checks.add(p.name+"-kill", errors.Join(
		expect(took < 2*time.Second, "Kill took %s", took),
		expect(p.client.Exited(), "go-plugin believes the process is still there"),
		expect(!p.log.contains("failed to exit gracefully"), "the process had to be killed"),
		expect(!p.log.contains(`error="exit status`), "the exit status is not 0"),
		expect(!p.log.contains("panic: "), "the process panicked, see -v"),
	), "gone within %d ms", took.Milliseconds())
	checks.add(p.name+"-no-process-left", expect(
		errors.Is(syscall.Kill(p.pid, 0), syscall.ESRCH), "process %d is still there", p.pid,
	), "process %d", p.pid)
}

// noSocketLeft waits: go-plugin closes a host's own sockets in the background.
func noSocketLeft(directory string) error {
	for deadline := time.Now().Add(2 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(directory, "plugin*"))
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("left: %v", left)
		}
	}
}

// logBuffer keeps a log that is written to from several goroutines.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *logBuffer) contains(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Contains(b.text.Bytes(), []byte(text))
}
