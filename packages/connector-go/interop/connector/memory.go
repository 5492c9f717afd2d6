package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// memory is a connector whose outside world is its own queue.
type memory struct {
	queue *queue

	mu        sync.Mutex
	host      connector.HostFunctions
	settings  *settings     // nil = not connected
	released  chan struct{} // closed by Disconnect
	hostCalls map[string]string
	sent      int
	sending   int // calls of Send
}

var (
	_ connector.ConnectionNode   = (*memory)(nil)
	_ connector.AckReceiver      = (*memory)(nil)
	_ connector.WarningValidator = (*memory)(nil)
	_ connector.HealthReporter   = (*memory)(nil)
	_ connector.HostAware        = (*memory)(nil)
)

func newMemory() *memory { return &memory{queue: newQueue()} }

func (m *memory) AttachHost(host connector.HostFunctions) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.host = host
}

func (m *memory) Validate(ctx context.Context, config connector.ConnectionConfig) error {
	_, err := m.ValidateWithWarnings(ctx, config)
	return err
}

func (m *memory) ValidateWithWarnings(
	ctx context.Context, config connector.ConnectionConfig,
) ([]string, error) {
	parsed, err := parse(config)
	if err != nil {
		return nil, err
	}
	if config.Type != "memory" {
		failure := connector.NewInvalidConfigError("type must be memory")
		failure.Field = "type"
		return nil, failure
	}
	return parsed.Warnings, parsed.misbehave(ctx, "Validate")
}

func (m *memory) Connect(ctx context.Context, config connector.ConnectionConfig) error {
	parsed, err := parse(config)
	if err != nil {
		return err
	}
	if err := parsed.misbehave(ctx, "Connect"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settings != nil {
		return errors.New("connected already")
	}
	if parsed.Print != "" {
		fmt.Print(parsed.Print)
	}
	if parsed.CallHost {
		m.hostCalls = callHost(ctx, m.host, parsed.Secret, config)
	}
	for _, message := range parsed.Messages {
		m.queue.add(message.message())
	}
	m.settings, m.released = parsed, make(chan struct{})
	return nil
}

func (m *memory) Disconnect(ctx context.Context) error {
	if connected, err := m.connected(); err == nil {
		if err := connected.misbehave(ctx, "Disconnect"); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settings != nil {
		m.settings = nil
		close(m.released)
	}
	return nil
}

func (m *memory) Send(ctx context.Context, msg connector.Message) (string, error) {
	connected, err := m.connected()
	if err != nil {
		return "", err
	}
	m.countSending(1)
	defer m.countSending(-1)
	if err := connected.misbehave(ctx, "Send"); err != nil {
		return "", err
	}
	if slices.Contains(connected.Reject, msg.ID) {
		return "", connector.NewSendError("rejected by settings", false)
	}
	m.queue.add(msg)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent++
	return "memory-" + strconv.Itoa(m.sent), nil
}

func (m *memory) countSending(change int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sending += change
}

func (m *memory) Receive(ctx context.Context) (connector.Message, error) {
	connected, err := m.connected()
	if err != nil {
		return connector.Message{}, err
	}
	if err := connected.misbehave(ctx, "Receive"); err != nil {
		return connector.Message{}, err
	}
	m.mu.Lock()
	released := m.released
	m.mu.Unlock()
	return m.queue.next(ctx, released)
}

func (m *memory) ReceiveDelivery(ctx context.Context) (connector.Delivery, error) {
	connected, err := m.connected()
	if err != nil {
		return connector.Delivery{}, err
	}
	message, err := m.Receive(ctx)
	if err != nil {
		return connector.Delivery{}, err
	}
	lease := time.Duration(connected.AckTimeoutMs) * time.Millisecond
	return connector.Delivery{Message: message, ID: m.queue.lease(message, lease), AckTimeout: lease}, nil
}

func (m *memory) Acknowledge(_ context.Context, settlements ...connector.Settlement) ([]string, error) {
	var unknown []string
	for _, settlement := range settlements {
		if !m.queue.settle(settlement) {
			unknown = append(unknown, settlement.DeliveryID)
		}
	}
	return unknown, nil
}

func (m *memory) connected() (*settings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settings == nil {
		return nil, notConnected()
	}
	return m.settings, nil
}

func notConnected() error {
	return &connector.PluginError{
		Code: connector.CodeNotConnected, Message: "call Connect first", Recoverable: true,
	}
}
