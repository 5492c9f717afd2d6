package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const patience = 10 * time.Second

var payload = []byte("order \xff\xfe\x00 1") // not UTF-8

// sourceScenario receives webhooks.
func sourceScenario(checks *checks, p *process) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	config := connector.ConnectionConfig{
		ID: "webhook-1", Name: "Orders", Type: "http-webhook", Settings: map[string]interface{}{"port": 0},
	}
	p.host.config = config
	checks.add("metadata", checkMetadata(p.node.Metadata()), "%s %s", p.node.Metadata().ID, p.node.Metadata().Version)
	checkTypedError(ctx, checks, p.node)
	_, err := p.node.Receive(ctx)
	checks.add("receive-before-connect", pluginError(err, connector.CodeNotConnected, true), "")

	checks.add("validate", p.node.Validate(ctx, config), "")
	warnings, err := p.node.(connector.WarningValidator).ValidateWithWarnings(ctx, config)
	checks.add("validate-warns", errors.Join(err, expect(len(warnings) > 0, "no warning")), "%q", warnings)
	checks.add("connect", p.node.Connect(ctx, config), "")
	checks.add("connect-again", p.node.Connect(ctx, config), "the same configuration is a no-op")
	other := config
	other.ID = "webhook-2"
	checks.add("connect-other", pluginError(p.node.Connect(ctx, other), connector.CodeInvalidState, false), "")
	_, err = p.node.Send(ctx, connector.Message{ID: "m"})
	checks.add("send-on-source", pluginError(err, connector.CodeUnsupported, false), "")
	err = firstSendError(ctx, p.node, connector.Message{ID: "m"})
	checks.add("send-stream-on-source", pluginError(err, connector.CodeUnsupported, false), "")

	checks.add("health", p.node.Health(ctx), "")
	report, err := p.node.(connector.HealthReporter).ReportHealth(ctx)
	port := report.Details["port"]
	checks.add("health-port", errors.Join(err, expect(port != "" && port != "0", "details: %v", report.Details)), "%s", port)
	checkContextErrors(ctx, checks, p.node)
	if port != "" {
		door := door{url: "http://" + net.JoinHostPort("127.0.0.1", port) + "/webhooks/orders"}
		checkPlainReceive(ctx, checks, p.node, door)
		checkExplicitAck(ctx, checks, p.node, door)
		checkNack(ctx, checks, p.node, door)
		checkReceiveStream(ctx, checks, p, door)
	}
	checkDisconnect(ctx, checks, p.node, port)
}

func checkMetadata(m connector.PluginMetadata) error {
	return errors.Join(
		expect(m.ID != "" && m.Name != "" && m.Version != "", "id, name or version is empty: %+v", m),
		expect(m.ProtocolVersion == connector.ProtocolVersion, "protocol version %d", m.ProtocolVersion),
		expect(slices.Contains(m.SupportedTypes, "http-webhook") && slices.Contains(m.SupportedTypes, "http-rest"),
			"supported types: %v", m.SupportedTypes),
		expect(slices.Contains(m.Capabilities, string(connector.CapabilityStreaming)), "capabilities: %v", m.Capabilities),
		expect(json.Valid([]byte(m.ConfigSchema)), "the configuration schema is not JSON"),
	)
}

func checkTypedError(ctx context.Context, checks *checks, node connector.ConnectionNode) {
	err := node.Validate(ctx, connector.ConnectionConfig{ID: "rest-1", Type: "http-rest"})
	var failure *connector.PluginError
	errors.As(err, &failure)
	checks.add("typed-error", errors.Join(
		pluginError(err, connector.CodeInvalidConfig, false),
		expect(failure != nil && failure.Field == "settings.url", "the field is not settings.url: %+v", failure),
	), "%v", err)
}

func checkContextErrors(ctx context.Context, checks *checks, node connector.ConnectionNode) {
	started := time.Now()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	_, err := node.Receive(short)
	cancel()
	checks.add("receive-deadline", contextError(err, context.DeadlineExceeded, time.Since(started)), "%v", err)

	started = time.Now()
	cancelled, cancel := context.WithCancel(ctx)
	time.AfterFunc(200*time.Millisecond, cancel)
	_, err = node.Receive(cancelled)
	checks.add("receive-cancel", contextError(err, context.Canceled, time.Since(started)), "%v", err)

	// Calls of one connection arrive in order: once this one is answered, the connector knows of the
	// cancellation, and hands the cancelled Receive no message.
	checks.add("health-after-cancel", node.Health(ctx), "")
}

func checkMessage(m connector.Message) error {
	age := time.Since(m.Timestamp)
	return errors.Join(
		expect(m.ID != "", "no id"),
		expect(bytes.Equal(m.Payload, payload), "payload: %q", m.Payload),
		expect(m.ContentType == "application/octet-stream", "content type: %q", m.ContentType),
		expect(m.Headers["x-order"] == "42", "headers: %v", m.Headers),
		expect(age > -time.Minute && age < time.Minute, "timestamp: %s", m.Timestamp),
		expect(m.Metadata.CustomerID == identity.CustomerID && m.Metadata.TenantID == identity.TenantID &&
			m.Metadata.IntegrationID == identity.IntegrationID, "not stamped: %+v", m.Metadata),
	)
}

func checkDisconnect(ctx context.Context, checks *checks, node connector.ConnectionNode, port string) {
	blocked := make(chan error, 1)
	go func() {
		short, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, err := node.Receive(short)
		blocked <- err
	}()
	reading := make(chan error, 1)
	go func() { reading <- firstFrameError(ctx, node) }()
	checks.add("disconnect", node.Disconnect(ctx), "")
	checks.add("disconnect-releases-receive", pluginError(<-blocked, connector.CodeNotConnected, true), "")
	checks.add("disconnect-ends-stream", pluginError(<-reading, connector.CodeNotConnected, true), "")
	checks.add("disconnect-again", node.Disconnect(ctx), "")
	_, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), time.Second)
	checks.add("disconnect-closes-port", expect(err != nil && strings.Contains(err.Error(), "refused"), "%v", err), "%v", err)
	err = node.Health(ctx)
	checks.add("health-after-disconnect", pluginError(err, connector.CodeNotConnected, true), "%v", err)
}
