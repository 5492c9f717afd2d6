package connector_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func failing(err error) *node {
	return &node{send: func(context.Context, connector.Message) (string, error) { return "", err }}
}

func TestTheTextOfAnError(t *testing.T) {
	for text, err := range map[string]error{
		"[CONNECTION_FAILED] no route (recoverable=true)": connector.NewConnectionError("no route"),
		"[INVALID_CONFIG] no url (recoverable=false)":     connector.NewInvalidConfigError("no url"),
		"[SEND_FAILED] 503 (recoverable=true)":            connector.NewSendError("503", true),
		"[SEND_FAILED] 400 (recoverable=false)":           connector.NewSendError("400", false),
	} {
		if err.Error() != text {
			t.Errorf("got %q, want %q", err.Error(), text)
		}
	}
}

func TestATypedErrorArrivesWhole(t *testing.T) {
	want := connector.PluginError{
		Code: "MADE_UP", Message: "text", Recoverable: true,
		RetryAfter: 1500 * time.Millisecond, Reason: "PORT_IN_USE", Field: "settings.port",
	}
	dispensed := serve(t, failing(fmt.Errorf("wrapped: %w", &want)))
	_, err := dispensed.Send(t.Context(), fullMessage())
	equal(t, *plugError(t, err), want)
}

func TestAnUntypedErrorIsInternalAndRecoverable(t *testing.T) {
	_, err := serve(t, failing(errors.New("oops"))).Send(t.Context(), fullMessage())
	equal(t, *plugError(t, err), connector.PluginError{
		Code: connector.CodeInternal, Message: "oops", Recoverable: true,
	})
}

func TestALongOrBrokenTextStillArrives(t *testing.T) {
	long := connector.NewSendError("\xff"+strings.Repeat("ä", 5000), false)
	_, err := serve(t, failing(long)).Send(t.Context(), fullMessage())
	failure := plugError(t, err)
	if failure.Code != connector.CodeSendFailed || len(failure.Message) > 4096 || len(failure.Message) < 4090 {
		t.Fatalf("%s, %d bytes", failure.Code, len(failure.Message))
	}
	if !strings.HasSuffix(failure.Message, "ä…") {
		t.Fatalf("ends with %q", failure.Message[len(failure.Message)-8:])
	}
}

func TestAPanicEndsTheCallOnly(t *testing.T) {
	dispensed := serve(t, &node{
		send:   func(context.Context, connector.Message) (string, error) { panic("secret") },
		health: func(context.Context) error { return nil },
	})
	_, err := dispensed.Send(t.Context(), fullMessage())
	failure := plugError(t, err)
	if failure.Code != connector.CodeInternal || !failure.Recoverable || strings.Contains(failure.Message, "secret") {
		t.Fatalf("got %v", failure)
	}
	if err := dispensed.Health(t.Context()); err != nil {
		t.Fatalf("after the panic: %v", err)
	}
}

func TestTheCallersCancellationAndDeadlineReachTheImpl(t *testing.T) {
	seen := make(chan error, 1)
	dispensed := serve(t, &node{receive: func(ctx context.Context) (connector.Message, error) {
		<-ctx.Done()
		seen <- ctx.Err()
		return connector.Message{}, ctx.Err()
	}})
	_, err := dispensed.Receive(within(t, 50*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("deadline: %v", err)
	}
	next(t, seen) // the server's own clock or the client's reset may end it
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = dispensed.Receive(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cancel: %v", err)
	}
	if err := next(t, seen); !errors.Is(err, context.Canceled) {
		t.Fatalf("the Impl saw %v", err)
	}
}

func TestATimeoutOfTheConnectorsOwnIsNotTheCallers(t *testing.T) {
	_, err := serve(t, failing(context.DeadlineExceeded)).Send(t.Context(), fullMessage())
	if errors.Is(err, context.DeadlineExceeded) || code(err) != connector.CodeInternal {
		t.Fatalf("got %v", err)
	}
}

func TestAStatusWithoutDetailIsTransport(t *testing.T) {
	for grpcCode, want := range map[codes.Code]connector.PluginError{
		codes.Unavailable:       {Code: connector.CodeConnectionFailed, Recoverable: true},
		codes.ResourceExhausted: {Code: connector.CodePayloadTooLarge},
		codes.Unimplemented:     {Code: connector.CodeUnsupported},
		codes.Unknown:           {Code: connector.CodeInternal, Recoverable: true},
		codes.InvalidArgument:   {Code: connector.CodeInternal, Recoverable: true},
	} {
		want.Message = "Send: text"
		var got *connector.PluginError
		if !errors.As(connector.FromStatus(t.Context(), "Send", status.Error(grpcCode, "text")), &got) || *got != want {
			t.Errorf("%s: got %v", grpcCode, got)
		}
	}
}

func TestTheStatusCodeOfAnError(t *testing.T) {
	for want, err := range map[codes.Code]error{
		codes.InvalidArgument:    connector.NewInvalidConfigError("x"),
		codes.Unavailable:        connector.NewSendError("x", true),
		codes.FailedPrecondition: connector.NewSendError("x", false),
	} {
		sent := status.Convert(connector.ToStatus(t.Context(), err))
		if sent.Code() != want || sent.Message() != err.Error() {
			t.Errorf("got %s %q", sent.Code(), sent.Message())
		}
	}
}

// The catalogue is kept on the TypeScript side; the module may also be used without it.
func TestTheCodesAreThoseOfTheCatalogue(t *testing.T) {
	catalogue, err := os.ReadFile("../runtime/src/contract/error-catalogue.ts")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("not in the repository of the connectors")
	}
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := find(`Code\w+ += "(\w+)"`, source)
	if len(codes) == 0 {
		t.Fatal("found no codes")
	}
	equal(t, codes, find(`(?m)^  ([A-Z_]+): \{`, catalogue))
}

func find(pattern string, text []byte) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
		found = append(found, string(match[1]))
	}
	return found
}
