package connector

import "time"

// ConnectionConfig is everything a connector is told about the one connection it serves.
type ConnectionConfig struct {
	// ID is the unique identifier of this connection instance.
	ID string

	// Name is for people.
	Name string

	// Type is one of PluginMetadata.SupportedTypes.
	Type string

	// Settings are described by PluginMetadata.ConfigSchema. They travel as JSON: a connector gets
	// map[string]interface{}, []interface{}, string, bool, nil and float64 for every number.
	Settings map[string]interface{}

	// Credentials are secrets, already resolved by the host. They are never logged.
	Credentials map[string]string

	// Timeout is the limit for one operation, Receive excepted. Zero means 30 s.
	Timeout time.Duration

	// RetryPolicy is carried out by the host alone; a connector makes one attempt per Send.
	RetryPolicy RetryPolicy
}

// RetryPolicy configures retries. A policy of nothing but zeros retries 3 times.
type RetryPolicy struct {
	// MaxRetries counts the retries after the first attempt.
	MaxRetries int

	// BackoffMultiplier defaults to 2.0.
	BackoffMultiplier float64

	// InitialBackoff is the wait before the first retry (default: 1s).
	InitialBackoff time.Duration

	// MaxBackoff is the upper limit of every wait (default: 30s).
	MaxBackoff time.Duration
}
