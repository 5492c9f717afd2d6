package connector

// PluginMetadata says what a connector is and can do.
type PluginMetadata struct {
	// ID is the unique plugin identifier.
	ID string

	// Name is for people.
	Name string

	// Version is the semantic version of the connector.
	Version string

	// ProtocolVersion is the VRSky protocol version that the connector was built for.
	// A version above [ProtocolVersion] fails Dispense.
	ProtocolVersion int

	// SupportedTypes are the values that ConnectionConfig.Type may have,
	// e.g. ["http-webhook", "http-rest"].
	SupportedTypes []string

	// Description says what the connector does.
	Description string

	// Author is the plugin's author or organisation.
	Author string

	// Documentation is a link.
	Documentation string

	// Capabilities holds values of [Capabilities]; a host ignores those it does not know.
	Capabilities []string

	// ConfigSchema is the JSON Schema of ConnectionConfig.Settings.
	ConfigSchema string
}

// Capabilities is one thing that a connection can do.
type Capabilities string

const (
	// CapabilityBiDirectional: the connection can both send and receive.
	CapabilityBiDirectional Capabilities = "bidirectional"

	// CapabilityRetryable: the connection supports retries.
	CapabilityRetryable Capabilities = "retryable"

	// CapabilityBatching: the connection supports batch operations.
	CapabilityBatching Capabilities = "batching"

	// CapabilityStreaming: the connection supports streaming.
	CapabilityStreaming Capabilities = "streaming"

	// CapabilityTLS: the connection supports TLS.
	CapabilityTLS Capabilities = "tls"

	// CapabilityMTLS: the connection supports mutual TLS.
	CapabilityMTLS Capabilities = "mtls"
)
