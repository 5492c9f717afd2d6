package main

import (
	"context"
	"reflect"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// active is what Connect starts: a webhook or a rest client.
type active interface {
	// reach checks, before start, that the outside can be reached, and leaves nothing behind.
	reach(ctx context.Context) error
	start(ctx context.Context) error
	health(ctx context.Context) (connector.HealthReport, error)
	stop(ctx context.Context) error
}

var (
	_ connector.ConnectionNode   = (*MyHTTPConnector)(nil)
	_ connector.AckReceiver      = (*MyHTTPConnector)(nil)
	_ connector.WarningValidator = (*MyHTTPConnector)(nil)
	_ connector.HealthReporter   = (*MyHTTPConnector)(nil)
)

func (c *MyHTTPConnector) Validate(ctx context.Context, config connector.ConnectionConfig) error {
	_, err := c.ValidateWithWarnings(ctx, config)
	return err
}

func (c *MyHTTPConnector) ValidateWithWarnings(
	ctx context.Context, config connector.ConnectionConfig,
) (warnings []string, err error) {
	checked, err := newActive(config)
	if err != nil {
		return nil, err
	}
	if source, ok := checked.(*webhook); ok {
		warnings = []string{"the webhook takes messages from anyone: this connector has no authentication"}
		if c.listensOn(source.settings.Port) {
			return warnings, nil
		}
	}
	return warnings, checked.reach(ctx)
}

func (c *MyHTTPConnector) Connect(ctx context.Context, config connector.ConnectionConfig) error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active != nil {
		if reflect.DeepEqual(c.config, config) {
			return nil
		}
		return &connector.PluginError{
			Code:    connector.CodeInvalidState,
			Message: "connected with another configuration: call Disconnect first",
		}
	}
	started, err := newActive(config)
	if err != nil {
		return err
	}
	if err := started.start(ctx); err != nil {
		return err
	}
	c.active, c.config = started, config
	return nil
}

func newActive(config connector.ConnectionConfig) (active, error) {
	switch config.Type {
	case webhookType:
		settings, err := parseWebhookSettings(config.Settings)
		if err != nil {
			return nil, err
		}
		return newWebhook(settings), nil
	case restType:
		settings, err := parseRestSettings(config.Settings)
		if err != nil {
			return nil, err
		}
		return newRest(settings, config.Timeout), nil
	default:
		return nil, &connector.PluginError{
			Code:    connector.CodeInvalidConfig,
			Message: "type must be " + webhookType + " or " + restType,
			Field:   "type",
		}
	}
}

// Disconnect keeps the connection until it has stopped: what is out may be acknowledged meanwhile.
func (c *MyHTTPConnector) Disconnect(ctx context.Context) error {
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	c.mu.Lock()
	stopping := c.active
	c.mu.Unlock()
	if stopping == nil {
		return nil
	}
	err := stopping.stop(ctx)
	c.mu.Lock()
	c.active = nil
	c.mu.Unlock()
	return err
}

func (c *MyHTTPConnector) Send(ctx context.Context, msg connector.Message) (string, error) {
	destination, err := current[*rest](c)
	if err != nil {
		return "", err
	}
	return destination.send(ctx, msg)
}

func (c *MyHTTPConnector) Receive(ctx context.Context) (connector.Message, error) {
	source, err := current[*webhook](c)
	if err != nil {
		return connector.Message{}, err
	}
	return source.receive(ctx)
}

func (c *MyHTTPConnector) ReceiveDelivery(ctx context.Context) (connector.Delivery, error) {
	source, err := current[*webhook](c)
	if err != nil {
		return connector.Delivery{}, err
	}
	return source.deliver(ctx)
}

// Acknowledge knows nothing of deliveries once the webhook is disconnected: they were answered.
func (c *MyHTTPConnector) Acknowledge(
	_ context.Context, settlements ...connector.Settlement,
) (unknown []string, err error) {
	source, err := current[*webhook](c)
	for _, settlement := range settlements {
		if err != nil || !source.settle(settlement) {
			unknown = append(unknown, settlement.DeliveryID)
		}
	}
	return unknown, nil
}

func (c *MyHTTPConnector) Health(ctx context.Context) error {
	_, err := c.ReportHealth(ctx)
	return err
}

func (c *MyHTTPConnector) ReportHealth(ctx context.Context) (connector.HealthReport, error) {
	c.mu.Lock()
	connected := c.active
	c.mu.Unlock()
	if connected == nil {
		return connector.HealthReport{}, notConnected()
	}
	return connected.health(ctx)
}

// current gives what is connected, if it works in the wanted direction.
func current[T active](c *MyHTTPConnector) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var none T
	if c.active == nil {
		return none, notConnected()
	}
	wanted, ok := c.active.(T)
	if !ok {
		return none, &connector.PluginError{
			Code:    connector.CodeUnsupported,
			Message: "a connection of type " + c.config.Type + " does not work in this direction",
		}
	}
	return wanted, nil
}

func (c *MyHTTPConnector) listensOn(port int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	source, ok := c.active.(*webhook)
	return ok && source.settings.Port == port
}

func notConnected() error {
	return &connector.PluginError{
		Code: connector.CodeNotConnected, Message: "call Connect first", Recoverable: true,
	}
}
