package connector

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

const maxErrorMessageBytes = 4 << 10

// serve runs the part of an rpc that is not ours, and turns its failure into a status. grpc-go lets a
// panic end the process; here it ends the call.
func serve[T any](ctx context.Context, method string, call func() (T, error)) (result T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("[ERROR] %s panicked: %v\n%s", method, cause, debug.Stack())
			err = toStatus(ctx, &PluginError{
				Code:        CodeInternal,
				Message:     method + " panicked; the process's standard error has the stack: report it as a bug",
				Recoverable: true,
			})
		}
	}()
	if result, err = call(); err != nil {
		return result, toStatus(ctx, err)
	}
	return result, nil
}

// toStatus keeps a context error only if it is the caller's: an inner timeout of the connector is an
// error like any other, and must not look as if the caller had given up.
func toStatus(ctx context.Context, err error) error {
	var typed *PluginError
	if !errors.As(err, &typed) {
		if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
			return status.FromContextError(ctx.Err()).Err()
		}
		typed = &PluginError{Code: CodeInternal, Message: err.Error(), Recoverable: true}
	}
	sent := sendable(typed)
	plain := status.New(statusCode(sent), sent.Error())
	detailed, detailErr := plain.WithDetails(errorToWire(sent))
	if detailErr != nil {
		return plain.Err()
	}
	return detailed.Err()
}

// sendable makes sure that an error travels whatever its text: it goes in HTTP/2 headers and in
// protobuf strings.
func sendable(e *PluginError) *PluginError {
	sent := *e
	for _, text := range []*string{&sent.Code, &sent.Message, &sent.Reason, &sent.Field} {
		*text = clip(*text)
	}
	return &sent
}

func statusCode(e *PluginError) codes.Code {
	switch {
	case e.Code == CodeInvalidConfig:
		return codes.InvalidArgument
	case e.Recoverable:
		return codes.Unavailable
	default:
		return codes.FailedPrecondition
	}
}

func errorToWire(e *PluginError) *connectorpb.PluginError {
	wire := &connectorpb.PluginError{
		Code:        e.Code,
		Message:     e.Message,
		Recoverable: e.Recoverable,
		Reason:      e.Reason,
		Field:       e.Field,
	}
	if e.RetryAfter != 0 {
		wire.RetryAfter = durationpb.New(e.RetryAfter)
	}
	return wire
}

func clip(text string) string {
	const ellipsis = "…"
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxErrorMessageBytes {
		return text
	}
	end := maxErrorMessageBytes - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}

// fromStatus gives what a failed call means to its caller. A status without our detail is a transport
// error.
func fromStatus(method string, err error) error {
	if err == nil {
		return nil
	}
	failure := status.Convert(err)
	for _, detail := range failure.Details() {
		if wire, ok := detail.(*connectorpb.PluginError); ok {
			return &PluginError{
				Code:        wire.GetCode(),
				Message:     wire.GetMessage(),
				Recoverable: wire.GetRecoverable(),
				RetryAfter:  wire.GetRetryAfter().AsDuration(),
				Reason:      wire.GetReason(),
				Field:       wire.GetField(),
			}
		}
	}
	text := method + ": " + failure.Message()
	switch failure.Code() {
	case codes.Canceled:
		return fmt.Errorf("%s: %w", method, context.Canceled)
	case codes.DeadlineExceeded:
		return fmt.Errorf("%s: %w", method, context.DeadlineExceeded)
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
