package connector_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func TestEveryFieldOfTheMetadataArrivesAtDispense(t *testing.T) {
	metadata := connector.PluginMetadata{
		ID: "id", Name: "name", Version: "1.2.3", ProtocolVersion: 1, SupportedTypes: []string{"a", "b"},
		Description: "description", Author: "author", Documentation: "https://example.com",
		Capabilities: []string{string(connector.CapabilityTLS), "unheard-of"}, ConfigSchema: "{}",
	}
	impl := &node{metadata: metadata}
	dispensed := serve(t, impl)
	impl.metadata = connector.PluginMetadata{}
	equal(t, dispensed.Metadata(), metadata)
}

func TestDispenseRefusesANewerProtocolVersion(t *testing.T) {
	impl := &node{metadata: connector.PluginMetadata{ProtocolVersion: connector.ProtocolVersion + 1}}
	_, err := inProcess(t, &connector.ConnectionNodePlugin{Impl: impl})
	if code(err) != connector.CodeUnsupported {
		t.Fatalf("got %v", err)
	}
}

func TestDispenseWarnsOfAnOlderProtocolVersion(t *testing.T) {
	var text bytes.Buffer
	log.SetOutput(&text)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	serve(t, &node{metadata: connector.PluginMetadata{ID: "new", ProtocolVersion: connector.ProtocolVersion}})
	if text.Len() > 0 {
		t.Errorf("of the same version: %s", &text)
	}
	serve(t, &node{metadata: connector.PluginMetadata{ID: "old", ProtocolVersion: connector.ProtocolVersion - 1}})
	if !strings.Contains(text.String(), `connector "old" speaks an older protocol version`) {
		t.Errorf("got %q", &text)
	}
}

func TestAConnectorsIDIsTheSourceOfWhatItReceivesAndTheDestinationOfWhatItSends(t *testing.T) {
	var sent []string
	impl := &node{
		metadata: connector.PluginMetadata{ID: "vrsky.connector.test"},
		connect:  func(context.Context, connector.ConnectionConfig) error { return nil },
		receive: func(context.Context) (connector.Message, error) {
			return connector.Message{ID: "m"}, nil
		},
		send: func(_ context.Context, msg connector.Message) (string, error) {
			sent = append(sent, msg.Metadata.Destination)
			return "", nil
		},
	}
	dispensed := serve(t, impl)
	if err := dispensed.Connect(t.Context(), fullConfig()); err != nil {
		t.Fatal(err)
	}
	received, err := dispensed.Receive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, received.Metadata, connector.MessageMetadata{Source: "vrsky.connector.test"})
	_, err = dispensed.Send(t.Context(), received)
	_, err2 := openSendStream(t, t.Context(), dispensed).Send(t.Context(), received)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	equal(t, sent, []string{"vrsky.connector.test", "vrsky.connector.test"})
}
