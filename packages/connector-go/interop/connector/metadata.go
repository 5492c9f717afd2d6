package main

import "github.com/ValueRetail/vrsky/pkg/connector"

func (m *memory) Metadata() connector.PluginMetadata {
	return connector.PluginMetadata{
		ID:              "vrsky.interop.memory",
		Name:            "Memory",
		Version:         "0.1.0",
		ProtocolVersion: connector.ProtocolVersion,
		SupportedTypes:  []string{"memory"},
		Description:     "Gives back what it is sent",
		Author:          "VRSky",
		Documentation:   "https://github.com/ValueRetail/vrsky",
		Capabilities:    []string{string(connector.CapabilityBiDirectional)},
		ConfigSchema:    `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}`,
	}
}
