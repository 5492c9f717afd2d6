package connector

import "context"

// HostFunctions is what a connector may ask of its host. Every call is bound to the one connection
// that the process serves.
type HostFunctions interface {
	// GetSecret gives a secret listed for this connection. Any other name is NOT_FOUND.
	GetSecret(ctx context.Context, name string) (string, error)

	// Log writes a line to the host's log. Levels: trace, debug, info, warn, error.
	Log(ctx context.Context, level string, message string) error

	// RecordMetric records one sample of a metric.
	RecordMetric(ctx context.Context, name string, value float64, tags map[string]string) error

	// GetConfiguration gives the configuration of this connection, credentials included.
	GetConfiguration(ctx context.Context) (ConnectionConfig, error)
}

// Limits of a StateStore, kept by the host side of this package.
const (
	MaxStateKeyBytes   = 256
	MaxStateValueBytes = 64 << 10
)

// StateStore is an optional part of HostFunctions: small durable values, such as a cursor, each under
// a key of this connection. A connector asserts it on the HostFunctions that it gets; with a host
// that has none its methods fail with UNSUPPORTED.
type StateStore interface {
	// GetState gives revision 0 if the key is absent.
	GetState(ctx context.Context, key string) (value []byte, revision uint64, err error)

	// PutState writes if the revision is still the one read, and fails with STATE_CONFLICT otherwise.
	// The value is durable when it returns the new revision.
	PutState(ctx context.Context, key string, value []byte, revision uint64) (newRevision uint64, err error)
}

// HostAware is implemented by an Impl that wants the host's functions.
type HostAware interface {
	// AttachHost is called at most once, before Validate; never by a host that offers no functions,
	// so a connector must do without them. They may be used until the process ends.
	AttachHost(host HostFunctions)
}

// Identity says whose connection a process serves. Empty fields are not known. What comes in is
// stamped with it, and a message of anyone else is refused with TENANT_MISMATCH.
type Identity struct {
	CustomerID    string
	TenantID      string
	IntegrationID string
}
