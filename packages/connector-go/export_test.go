package connector

import (
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// For tests of statuses that no peer of ours sends.
var (
	FromStatus = fromStatus
	ToStatus   = toStatus
)

// BeforeDeadline is for calls that are too short to be made on a slow machine.
var BeforeDeadline = beforeDeadline

// WireConfig is for hosts that are not built on this package.
func WireConfig(t *testing.T, config ConnectionConfig) *connectorpb.ConnectionConfig {
	t.Helper()
	wire, err := configToWire(config)
	if err != nil {
		t.Fatal(err)
	}
	return wire
}
