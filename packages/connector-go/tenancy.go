package connector

import (
	"sync"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// tenancy is whose connection this process serves, once its host has said so.
type tenancy struct {
	mu       sync.Mutex
	attached bool
	owner    Identity
}

func (t *tenancy) attach(identity *connectorpb.Identity) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.attached {
		return &PluginError{
			Code:    CodeInvalidState,
			Message: "a host is attached already: one process serves one connection of one host",
		}
	}
	t.attached = true
	t.owner = Identity{
		CustomerID:    identity.GetCustomerId(),
		TenantID:      identity.GetTenantId(),
		IntegrationID: identity.GetIntegrationId(),
	}
	return nil
}

// stamp makes an incoming message the owner's.
func (t *tenancy) stamp(message *Message) {
	owner := t.get()
	set := func(field *string, value string) {
		if value != "" {
			*field = value
		}
	}
	set(&message.Metadata.CustomerID, owner.CustomerID)
	set(&message.Metadata.TenantID, owner.TenantID)
	set(&message.Metadata.IntegrationID, owner.IntegrationID)
}

// check refuses to send a message of anyone else. The text names the field, not the foreign id.
func (t *tenancy) check(message Message) error {
	owner := t.get()
	for _, id := range []struct{ name, ours, theirs string }{
		{"customerId", owner.CustomerID, message.Metadata.CustomerID},
		{"tenantId", owner.TenantID, message.Metadata.TenantID},
		{"integrationId", owner.IntegrationID, message.Metadata.IntegrationID},
	} {
		if id.ours != "" && id.theirs != "" && id.ours != id.theirs {
			return &PluginError{
				Code:    CodeTenantMismatch,
				Message: "the message has another " + id.name + " than this connection serves",
				Field:   "metadata." + id.name,
			}
		}
	}
	return nil
}

func (t *tenancy) get() Identity {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owner
}
