package main

import (
	"context"
	"maps"
	"strconv"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func (m *memory) Health(ctx context.Context) error {
	_, err := m.ReportHealth(ctx)
	return err
}

// ReportHealth tells what happened: sent, sending, acked, rejected, waiting, outstanding, lastReply, host.*.
func (m *memory) ReportHealth(ctx context.Context) (connector.HealthReport, error) {
	connected, err := m.connected()
	if err != nil {
		return connector.HealthReport{}, err
	}
	if err := connected.misbehave(ctx, "Health"); err != nil {
		return connector.HealthReport{}, err
	}
	details := m.queue.details()
	m.mu.Lock()
	defer m.mu.Unlock()
	details["sent"] = strconv.Itoa(m.sent)
	details["sending"] = strconv.Itoa(m.sending)
	maps.Copy(details, m.hostCalls)
	return connector.HealthReport{Degraded: connected.Degraded, Details: details}, nil
}
