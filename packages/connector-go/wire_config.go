package connector

import (
	"encoding/json"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/ValueRetail/vrsky/pkg/connector/connectorpb"
)

func configToWire(c ConnectionConfig) (*connectorpb.ConnectionConfig, error) {
	settings, err := settingsToWire(c.Settings)
	if err != nil {
		return nil, err
	}
	return &connectorpb.ConnectionConfig{
		Id:          c.ID,
		Name:        c.Name,
		Type:        c.Type,
		Settings:    settings,
		Credentials: c.Credentials,
		Timeout:     durationToWire(c.Timeout),
		RetryPolicy: &connectorpb.RetryPolicy{
			MaxRetries:        clampInt32(c.RetryPolicy.MaxRetries),
			BackoffMultiplier: c.RetryPolicy.BackoffMultiplier,
			InitialBackoff:    durationToWire(c.RetryPolicy.InitialBackoff),
			MaxBackoff:        durationToWire(c.RetryPolicy.MaxBackoff),
		},
	}, nil
}

func configFromWire(wire *connectorpb.ConnectionConfig) ConnectionConfig {
	retry := wire.GetRetryPolicy()
	return ConnectionConfig{
		ID:          wire.GetId(),
		Name:        wire.GetName(),
		Type:        wire.GetType(),
		Settings:    wire.GetSettings().AsMap(),
		Credentials: notNil(wire.GetCredentials()),
		Timeout:     wire.GetTimeout().AsDuration(),
		RetryPolicy: RetryPolicy{
			MaxRetries:        int(retry.GetMaxRetries()),
			BackoffMultiplier: retry.GetBackoffMultiplier(),
			InitialBackoff:    retry.GetInitialBackoff().AsDuration(),
			MaxBackoff:        retry.GetMaxBackoff().AsDuration(),
		},
	}
}

// settingsToWire goes through JSON, because structpb takes neither typed maps and slices nor structs.
func settingsToWire(settings map[string]interface{}) (*structpb.Struct, error) {
	wire := &structpb.Struct{}
	if len(settings) == 0 {
		return wire, nil
	}
	encoded, err := json.Marshal(settings)
	if err == nil {
		err = wire.UnmarshalJSON(encoded)
	}
	if err != nil {
		return nil, &PluginError{
			Code:    CodeInvalidConfig,
			Message: "Settings must be expressible as JSON: " + err.Error(),
			Field:   "settings",
		}
	}
	return wire, nil
}

func metadataToWire(m PluginMetadata) *connectorpb.PluginMetadata {
	return &connectorpb.PluginMetadata{
		Id:              m.ID,
		Name:            m.Name,
		Version:         m.Version,
		ProtocolVersion: clampInt32(m.ProtocolVersion),
		SupportedTypes:  m.SupportedTypes,
		Description:     m.Description,
		Author:          m.Author,
		Documentation:   m.Documentation,
		Capabilities:    m.Capabilities,
		ConfigSchema:    m.ConfigSchema,
	}
}

func metadataFromWire(wire *connectorpb.PluginMetadata) PluginMetadata {
	return PluginMetadata{
		ID:              wire.GetId(),
		Name:            wire.GetName(),
		Version:         wire.GetVersion(),
		ProtocolVersion: int(wire.GetProtocolVersion()),
		SupportedTypes:  wire.GetSupportedTypes(),
		Description:     wire.GetDescription(),
		Author:          wire.GetAuthor(),
		Documentation:   wire.GetDocumentation(),
		Capabilities:    wire.GetCapabilities(),
		ConfigSchema:    wire.GetConfigSchema(),
	}
}
