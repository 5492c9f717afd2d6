package main

import (
	"bytes"
	"encoding/json"
	"net/url"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const (
	webhookType = "http-webhook"
	restType    = "http-rest"
)

type webhookSettings struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

type restSettings struct {
	URL  string `json:"url"`
	SSRF struct {
		AllowPrivate bool `json:"allowPrivate"`
	} `json:"ssrf"`

	target *url.URL // URL
}

const configSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "host": {"type": "string", "default": "0.0.0.0"},
    "port": {"type": "integer", "minimum": 0, "maximum": 65535, "default": 8080},
    "url": {"type": "string", "format": "uri"},
    "ssrf": {"type": "object", "properties": {"allowPrivate": {"type": "boolean", "default": false}}}
  }
}`

func (c *MyHTTPConnector) Metadata() connector.PluginMetadata {
	return connector.PluginMetadata{
		ID:              "vrsky.examples.http-webhook",
		Name:            "HTTP (Go example)",
		Version:         "0.1.0",
		ProtocolVersion: connector.ProtocolVersion,
		SupportedTypes:  []string{webhookType, restType},
		Description:     "Receives webhooks and calls REST endpoints",
		Author:          "VRSky",
		Documentation:   "https://github.com/ValueRetail/vrsky/tree/main/examples/connectors/http-webhook",
		Capabilities:    []string{string(connector.CapabilityStreaming)}, // a connection has one direction
		ConfigSchema:    configSchema,
	}
}

func parseWebhookSettings(settings map[string]interface{}) (webhookSettings, error) {
	parsed := webhookSettings{Host: "0.0.0.0", Port: 8080}
	if err := parse(settings, &parsed); err != nil {
		return parsed, err
	}
	if parsed.Port < 0 || parsed.Port > 65535 {
		return parsed, invalid("settings.port", "settings.port must be 0 to 65535")
	}
	return parsed, nil
}

func parseRestSettings(settings map[string]interface{}) (restSettings, error) {
	var parsed restSettings
	if err := parse(settings, &parsed); err != nil {
		return parsed, err
	}
	target, err := url.Parse(parsed.URL)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		return parsed, invalid("settings.url", "settings.url must be an http or https URL")
	}
	parsed.target = target
	return parsed, nil
}

// parse goes through JSON: a number is an int in a test and a float64 over the wire.
func parse(settings map[string]interface{}, into any) error {
	encoded, err := json.Marshal(settings)
	if err != nil {
		return invalid("settings", "settings must be expressible as JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return invalid("settings", "settings do not fit the schema: "+err.Error())
	}
	return nil
}

func invalid(field string, text string) error {
	failure := connector.NewInvalidConfigError(text)
	failure.Field = field
	return failure
}
