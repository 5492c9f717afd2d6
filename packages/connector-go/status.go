package connector

import (
	"context"
	"errors"
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

// serve runs the part of an rpc that is not ours, and turns its failure into a status.
func serve[T any](ctx context.Context, method string, call func() (T, error)) (T, error) {
	result, err := guard(method, call)
	if err != nil {
		return result, toStatus(ctx, err)
	}
	return result, nil
}

// guard runs what is not ours. A panic would end the process; here it ends the call.
func guard[T any](method string, call func() (T, error)) (result T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			log.Printf("[ERROR] %s panicked: %v\n%s", method, cause, debug.Stack())
			err = &PluginError{
				Code:        CodeInternal,
				Message:     method + " panicked; the process's standard error has the stack: report it as a bug",
				Recoverable: true,
			}
		}
	}()
	return call()
}

// toStatus keeps a context error only if it is the caller's: an inner timeout of the connector is an
// error like any other, and must not look as if the caller had given up.
func toStatus(ctx context.Context, err error) error {
	if isContextError(err) && ctx.Err() != nil {
		return status.FromContextError(ctx.Err()).Err()
	}
	sent := toPluginError(err)
	plain := status.New(statusCode(sent), sent.Error())
	detailed, detailErr := plain.WithDetails(errorToWire(sent))
	if detailErr != nil {
		return plain.Err()
	}
	return detailed.Err()
}

// endOfStream gives the status that a stream ends with. One of grpc-go's own, such as that of a frame
// above the limit, stays what it is.
func endOfStream(ctx context.Context, err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	return toStatus(ctx, err)
}

func isContextError(err error) bool {
	return !errors.As(err, new(*PluginError)) &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// toPluginError makes sure that an error travels whatever its text: it goes in HTTP/2 headers and in
// protobuf strings.
func toPluginError(err error) *PluginError {
	typed := &PluginError{Code: CodeInternal, Message: err.Error(), Recoverable: true}
	errors.As(err, &typed)
	sent := *typed
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

func errorFromWire(wire *connectorpb.PluginError) *PluginError {
	return &PluginError{
		Code:        wire.GetCode(),
		Message:     wire.GetMessage(),
		Recoverable: wire.GetRecoverable(),
		RetryAfter:  wire.GetRetryAfter().AsDuration(),
		Reason:      wire.GetReason(),
		Field:       wire.GetField(),
	}
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
