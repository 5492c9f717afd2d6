package main

import (
	"context"
	"sync"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// host serves all host functions and counts what the connector called.
type host struct {
	mu     sync.Mutex
	calls  map[string]int
	config connector.ConnectionConfig
	values map[string]value
}

type value struct {
	bytes    []byte
	revision uint64
}

var (
	_ connector.HostFunctions = (*host)(nil)
	_ connector.StateStore    = (*host)(nil)
)

func newHost() *host { return &host{calls: map[string]int{}, values: map[string]value{}} }

func (h *host) count(function string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[function]++
}

func (h *host) GetSecret(context.Context, string) (string, error) {
	h.count("GetSecret")
	return "", &connector.PluginError{Code: connector.CodeNotFound, Message: "no secret is listed"}
}

func (h *host) Log(context.Context, string, string) error {
	h.count("Log")
	return nil
}

func (h *host) RecordMetric(context.Context, string, float64, map[string]string) error {
	h.count("RecordMetric")
	return nil
}

func (h *host) GetConfiguration(context.Context) (connector.ConnectionConfig, error) {
	h.count("GetConfiguration")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.config, nil
}

func (h *host) GetState(_ context.Context, key string) ([]byte, uint64, error) {
	h.count("GetState")
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.values[key].bytes, h.values[key].revision, nil
}

func (h *host) PutState(_ context.Context, key string, bytes []byte, revision uint64) (uint64, error) {
	h.count("PutState")
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.values[key].revision != revision {
		return 0, &connector.PluginError{Code: connector.CodeStateConflict, Message: "read it again"}
	}
	h.values[key] = value{bytes: bytes, revision: revision + 1}
	return revision + 1, nil
}

// checkCalls is made after the process has ended, so that everything has arrived.
func (h *host) checkCalls(checks *checks, expected []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, function := range expected {
		checks.add("host-"+function, expect(h.calls[function] > 0, "never called; calls: %v", h.calls), "calls: %v", h.calls)
	}
}
