package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// plan is what -customers has: the two connections of each customer. What goes out comes in again, by way
// of the outside system.
type plan map[string]struct {
	In  connector.ConnectionConfig `json:"in"`
	Out connector.ConnectionConfig `json:"out"`
}

// route is a customer's way out and in, each with a process of its own.
type route struct {
	owner   connector.Identity
	in, out *process
}

// customersScenario makes all calls of the specification for each customer, and looks for messages of one
// with the other.
func customersScenario(checks *checks, launcher *launcher, encoded string) error {
	var plan plan
	if err := json.Unmarshal([]byte(encoded), &plan); err != nil {
		return fmt.Errorf("-customers: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	var routes []*route
	for customer, connections := range plan {
		owner := connector.Identity{CustomerID: customer, TenantID: "tenant-of-" + customer, IntegrationID: "orders"}
		r := &route{owner: owner}
		routes = append(routes, r)
		for _, side := range []struct {
			name    string
			process **process
			config  connector.ConnectionConfig
		}{{"in", &r.in, connections.In}, {"out", &r.out, connections.Out}} {
			p, err := launcher.launch(checks, customer+"-"+side.name, owner)
			if err != nil {
				return err
			}
			defer p.kill(checks)
			*side.process = p
			checkConnect(ctx, checks, p, side.config)
		}
	}
	for i, r := range routes {
		r.checkSend(ctx, checks, routes[(i+1)%len(routes)].owner)
	}
	for _, r := range routes {
		r.checkReceive(ctx, checks)
	}
	for _, r := range routes {
		checkEnd(ctx, checks, r.in)
		checkEnd(ctx, checks, r.out)
	}
	return nil
}

func checkConnect(ctx context.Context, checks *checks, p *process, config connector.ConnectionConfig) {
	p.host.config = config
	metadata := p.node.Metadata()
	checks.add(p.name+"-metadata", errors.Join(
		expect(slices.Contains(metadata.SupportedTypes, config.Type), "supported types: %v", metadata.SupportedTypes),
		expect(metadata.ProtocolVersion == connector.ProtocolVersion, "protocol version %d", metadata.ProtocolVersion),
		expect(json.Valid([]byte(metadata.ConfigSchema)), "the configuration schema is not JSON"),
	), "%s %s", metadata.ID, metadata.Version)
	checks.add(p.name+"-validate", p.node.Validate(ctx, config), "")
	checks.add(p.name+"-connect", p.node.Connect(ctx, config), "")
	checks.add(p.name+"-health", p.node.Health(ctx), "")
}

// payload is different for each customer, and not UTF-8.
func (r *route) payload() []byte { return append([]byte("\xff\x00order of "), r.owner.CustomerID...) }

// checkSend sends a message of the owner, and one that another customer's integration handed over.
func (r *route) checkSend(ctx context.Context, checks *checks, other connector.Identity) {
	message := connector.Message{
		ID: "order-of-" + r.owner.CustomerID, Payload: r.payload(), ContentType: "application/octet-stream",
		Metadata: connector.MessageMetadata{
			CustomerID: other.CustomerID, TenantID: other.TenantID, IntegrationID: other.IntegrationID,
		},
		Timestamp: time.Now(),
	}
	_, err := r.out.node.Send(ctx, message)
	checks.add(r.out.name+"-send-foreign", pluginError(err, connector.CodeTenantMismatch, false), "%v", err)
	message.Metadata.CustomerID, message.Metadata.TenantID = r.owner.CustomerID, r.owner.TenantID
	id, err := r.out.node.Send(ctx, message)
	checks.add(r.out.name+"-send", errors.Join(err, expect(id != "", "no id")), "%s", id)
}

// checkReceive expects the owner's message, and no other after it.
func (r *route) checkReceive(ctx context.Context, checks *checks) {
	soon, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	message, err := r.in.node.Receive(soon)
	metadata := message.Metadata
	checks.add(r.in.name+"-receive", errors.Join(err,
		expect(bytes.Equal(message.Payload, r.payload()), "payload: %q", message.Payload),
		expect(message.ID != "" && !message.Timestamp.IsZero(), "id %q, timestamp %s", message.ID, message.Timestamp),
		expect(metadata.CustomerID == r.owner.CustomerID && metadata.TenantID == r.owner.TenantID &&
			metadata.IntegrationID == r.owner.IntegrationID, "stamped as of %+v", metadata),
		expect(metadata.Source == r.in.node.Metadata().ID, "source: %q", metadata.Source),
	), "%s", message.ID)
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	message, err = r.in.node.Receive(short)
	checks.add(r.in.name+"-receive-no-other", errors.Join(
		expect(errors.Is(err, context.DeadlineExceeded), "got %q, %v", message.Payload, err),
		r.in.node.Health(ctx),
	), "%v", err)
}

func checkEnd(ctx context.Context, checks *checks, p *process) {
	checks.add(p.name+"-disconnect", p.node.Disconnect(ctx), "")
	_, sent := p.node.Send(ctx, connector.Message{ID: "late"})
	_, received := p.node.Receive(ctx)
	checks.add(p.name+"-after-disconnect", errors.Join(
		pluginError(sent, connector.CodeNotConnected, true),
		pluginError(received, connector.CodeNotConnected, true),
		pluginError(p.node.Health(ctx), connector.CodeNotConnected, true),
	), "")
}
