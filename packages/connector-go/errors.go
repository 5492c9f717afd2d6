package connector

import (
	"fmt"
	"time"
)

// Codes of a PluginError. A host must bear others.
const (
	CodeInvalidConfig      = "INVALID_CONFIG"
	CodeConnectionFailed   = "CONNECTION_FAILED"
	CodeSendFailed         = "SEND_FAILED"
	CodeRateLimited        = "RATE_LIMITED"
	CodeServerError        = "SERVER_ERROR"
	CodeAuthFailed         = "AUTH_FAILED"
	CodeTLSFailed          = "TLS_FAILED"
	CodeTimeout            = "TIMEOUT"
	CodeBlockedDestination = "BLOCKED_DESTINATION"
	CodePayloadTooLarge    = "PAYLOAD_TOO_LARGE"
	CodeInvalidMessage     = "INVALID_MESSAGE"
	CodeTenantMismatch     = "TENANT_MISMATCH"
	CodeNotConnected       = "NOT_CONNECTED"
	CodeInvalidState       = "INVALID_STATE"
	CodeUnsupported        = "UNSUPPORTED"
	CodeNotFound           = "NOT_FOUND"
	CodeStateConflict      = "STATE_CONFLICT"
	CodeInternal           = "INTERNAL"
)

// PluginError is the error of connectors and hosts. Its text holds neither secrets nor payload.
type PluginError struct {
	Code        string // "INVALID_CONFIG", "CONNECTION_FAILED", "SEND_FAILED", ...
	Message     string
	Recoverable bool // true = retry, false = dead-letter

	// RetryAfter is the least wait before a retry that the external system asked for. Zero = none.
	RetryAfter time.Duration

	// Reason is a finer cause within Code, such as PORT_IN_USE. It may be empty.
	Reason string

	// Field is the path of the setting at fault, such as "settings.url". It may be empty.
	Field string
}

func (e *PluginError) Error() string {
	return fmt.Sprintf("[%s] %s (recoverable=%v)", e.Code, e.Message, e.Recoverable)
}

// NewConnectionError says that the external system cannot be reached; a retry may help.
func NewConnectionError(msg string) *PluginError {
	return &PluginError{Code: CodeConnectionFailed, Message: msg, Recoverable: true}
}

// NewInvalidConfigError says that the configuration is wrong, which no retry heals.
func NewInvalidConfigError(msg string) *PluginError {
	return &PluginError{Code: CodeInvalidConfig, Message: msg, Recoverable: false}
}

// NewSendError says that the external system did not take a message.
func NewSendError(msg string, recoverable bool) *PluginError {
	return &PluginError{Code: CodeSendFailed, Message: msg, Recoverable: recoverable}
}
