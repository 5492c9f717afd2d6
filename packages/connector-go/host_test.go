package connector_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestAnImplGetsItsHostBeforeDispenseReturns(t *testing.T) {
	offered := statefulHost{newHost(fullConfig())}
	impl := attach(t, offered, nil)
	if secret, err := impl.host.GetSecret(t.Context(), "listed"); err != nil || secret != "s3cret" {
		t.Fatalf("GetSecret: %q, %v", secret, err)
	}
	_, err := impl.host.GetSecret(t.Context(), "other")
	equal(t, *plugError(t, err), connector.PluginError{Code: connector.CodeNotFound, Message: "no such secret"})
	if err := impl.host.Log(t.Context(), "warn", "text"); err != nil {
		t.Fatal(err)
	}
	if err := impl.host.RecordMetric(t.Context(), "m", 1, map[string]string{"type": "x"}); err != nil {
		t.Fatal(err)
	}
	config, err := impl.host.GetConfiguration(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, config, fullConfig())
	equal(t, offered.calls, []string{
		"GetSecret listed", "GetSecret other", "Log warn text", "RecordMetric m x", "GetConfiguration",
	})
}

func TestStateIsKeptByRevision(t *testing.T) {
	store := attach(t, statefulHost{newHost(fullConfig())}, nil).host.(connector.StateStore)
	if value, revision, err := store.GetState(t.Context(), "k"); err != nil || revision != 0 || len(value) != 0 {
		t.Fatalf("absent: %x, %d, %v", value, revision, err)
	}
	revision, err := store.PutState(t.Context(), "k", []byte{0xff, 0}, 0)
	if err != nil || revision != 1 {
		t.Fatalf("PutState: %d, %v", revision, err)
	}
	value, revision, err := store.GetState(t.Context(), "k")
	if err != nil || revision != 1 || !bytes.Equal(value, []byte{0xff, 0}) {
		t.Fatalf("GetState: %x, %d, %v", value, revision, err)
	}
	for what, test := range map[string]struct {
		key      string
		size     int
		revision uint64
		want     string
	}{
		"a stale revision":      {"k", 1, 0, connector.CodeStateConflict},
		"a value above 64 KiB":  {"k", connector.MaxStateValueBytes + 1, 1, connector.CodePayloadTooLarge},
		"an empty key":          {"", 1, 0, connector.CodeInvalidMessage},
		"a key above the limit": {strings.Repeat("k", 257), 1, 0, connector.CodeInvalidMessage},
	} {
		_, err := store.PutState(t.Context(), test.key, make([]byte, test.size), test.revision)
		if code(err) != test.want {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func TestAHostWithoutAStoreAnswersUnsupported(t *testing.T) {
	store := attach(t, newHost(fullConfig()), nil).host.(connector.StateStore)
	if _, _, err := store.GetState(t.Context(), "k"); code(err) != connector.CodeUnsupported {
		t.Fatalf("got %v", err)
	}
	if _, err := store.PutState(t.Context(), "k", nil, 0); code(err) != connector.CodeUnsupported {
		t.Fatalf("got %v", err)
	}
}

type panickingHost struct{ connector.HostFunctions }

func TestAPanicOfTheHostEndsTheCallOnly(t *testing.T) {
	impl := attach(t, panickingHost{}, nil)
	if err := impl.host.Log(t.Context(), "info", "x"); code(err) != connector.CodeInternal {
		t.Fatalf("got %v", err)
	}
}

func TestWithoutAHostNothingIsAttached(t *testing.T) {
	if impl := attach(t, nil, nil); impl.host != nil {
		t.Fatal("attached")
	}
}

func TestASecondHostIsRefused(t *testing.T) {
	plugin := &connector.ConnectionNodePlugin{Impl: &hostAwareNode{}, Host: newHost(fullConfig())}
	first, second, err := dispenseTwice(t, plugin)
	if first == nil || second != nil || code(err) != connector.CodeInvalidState {
		t.Fatalf("got %v, %v, %v", first, second, err)
	}
}

func TestTheIdentityIsStampedAndKept(t *testing.T) {
	var sent []string
	impl := &node{
		receive: func(context.Context) (connector.Message, error) { return fullMessage(), nil },
		send: func(_ context.Context, msg connector.Message) (string, error) {
			sent = append(sent, msg.ID)
			return "", nil
		},
	}
	dispensed, err := inProcess(t, &connector.ConnectionNodePlugin{
		Impl: impl, Host: newHost(fullConfig()),
		Identity: &connector.Identity{CustomerID: "owner", TenantID: "tenant"},
	})
	if err != nil {
		t.Fatal(err)
	}
	received, err := dispensed.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := fullMessage().Metadata
	want.CustomerID, want.TenantID = "owner", "tenant"
	equal(t, received.Metadata, want)
	if _, err := dispensed.Send(t.Context(), received); err != nil {
		t.Fatal(err)
	}
	if _, err := dispensed.Send(t.Context(), fullMessage()); code(err) != connector.CodeTenantMismatch {
		t.Fatalf("a foreign message: %v", err)
	}
	equal(t, sent, []string{"m-1"})
}

func TestAnIdentityNeedsAHost(t *testing.T) {
	_, err := inProcess(t, &connector.ConnectionNodePlugin{Impl: &node{}, Identity: &connector.Identity{}})
	if err == nil || !strings.Contains(err.Error(), "set Host") {
		t.Fatalf("got %v", err)
	}
}

func TestAConnectorWithoutAttachHostIsDispensed(t *testing.T) {
	if err := attachTo(t, status.Error(codes.Unimplemented, "unknown method")); err != nil {
		t.Fatal(err)
	}
	if err := attachTo(t, status.Error(codes.Internal, "broken")); code(err) != connector.CodeInternal {
		t.Fatalf("got %v", err)
	}
}
