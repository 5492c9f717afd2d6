package connector_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// host serves all functions and records what was asked.
type host struct {
	mu       sync.Mutex
	calls    []string
	config   connector.ConnectionConfig
	values   map[string][]byte
	revision map[string]uint64
}

func newHost(config connector.ConnectionConfig) *host {
	return &host{config: config, values: map[string][]byte{}, revision: map[string]uint64{}}
}

func (h *host) record(call ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, strings.Join(call, " "))
}

func (h *host) GetSecret(_ context.Context, name string) (string, error) {
	h.record("GetSecret", name)
	if name != "listed" {
		return "", &connector.PluginError{Code: connector.CodeNotFound, Message: "no such secret"}
	}
	return "s3cret", nil
}

func (h *host) Log(_ context.Context, level string, message string) error {
	h.record("Log", level, message)
	return nil
}

func (h *host) RecordMetric(_ context.Context, name string, _ float64, tags map[string]string) error {
	h.record("RecordMetric", name, tags["type"])
	return nil
}

func (h *host) GetConfiguration(context.Context) (connector.ConnectionConfig, error) {
	h.record("GetConfiguration")
	return h.config, nil
}

// statefulHost is a host that is a StateStore, too.
type statefulHost struct{ *host }

func (h statefulHost) GetState(_ context.Context, key string) ([]byte, uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[key], h.revision[key], nil
}

func (h statefulHost) PutState(_ context.Context, key string, value []byte, revision uint64) (uint64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.revision[key] != revision {
		return 0, &connector.PluginError{Code: connector.CodeStateConflict, Message: "stale"}
	}
	h.values[key], h.revision[key] = value, revision+1
	return revision + 1, nil
}

// hostAwareNode keeps what it is given.
type hostAwareNode struct {
	node
	host connector.HostFunctions
}

func (n *hostAwareNode) AttachHost(host connector.HostFunctions) { n.host = host }

func attach(t *testing.T, offered connector.HostFunctions, identity *connector.Identity) *hostAwareNode {
	t.Helper()
	impl := &hostAwareNode{}
	plugin := &connector.ConnectionNodePlugin{Impl: impl, Host: offered, Identity: identity}
	if _, err := inProcess(t, plugin); err != nil {
		t.Fatal(err)
	}
	return impl
}
