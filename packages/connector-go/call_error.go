package connector

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

// fromStatus returns what a failed call means to its caller, whose context is ctx. A status without our
// detail is a transport error.
func fromStatus(ctx context.Context, method string, err error) error {
	if err == nil {
		return nil
	}
	failure := status.Convert(err)
	if typed := typedError(failure); typed != nil {
		return typed
	}
	text := method + ": " + failure.Message()
	switch failure.Code() {
	case codes.Canceled, codes.DeadlineExceeded:
		return interrupted(ctx, method, failure)
	case codes.Unavailable:
		return NewConnectionError(text)
	case codes.ResourceExhausted:
		return &PluginError{Code: CodePayloadTooLarge, Message: text}
	case codes.Unimplemented:
		return &PluginError{Code: CodeUnsupported, Message: text}
	default:
		return &PluginError{Code: CodeInternal, Message: text, Recoverable: true}
	}
}

// typedError returns the error that the peer answered with, or nil if the status has no such detail.
func typedError(failure *status.Status) *PluginError {
	for _, detail := range failure.Details() {
		if wire, ok := detail.(*connectorpb.PluginError); ok {
			return errorFromWire(wire)
		}
	}
	return nil
}

// interrupted returns a context error only for what the caller's own context did: grpc-go also reports
// CANCELED when the connection was closed under a call, and a peer may have time limits of its own.
func interrupted(ctx context.Context, method string, failure *status.Status) error {
	_, limited := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case failure.Code() == codes.Canceled:
		return NewConnectionError(
			method + ": the connection was closed before the answer arrived: " + failure.Message())
	case limited: // the peer's clock was ahead of ours
		return fmt.Errorf("%s: %w", method, context.DeadlineExceeded)
	default:
		return &PluginError{Code: CodeTimeout, Recoverable: true, Message: method +
			": the other process did not finish within its own time limit: " + failure.Message()}
	}
}
