package main

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// settings of the type "memory". All are optional.
type settings struct {
	// Messages are received first, in this order.
	Messages []scripted `json:"messages"`

	// AckTimeoutMs is the lease of a delivery. 0 = none.
	AckTimeoutMs int `json:"ackTimeoutMs"`

	// Fail names methods that answer with an error, such as {"Send": {...}}.
	Fail map[string]*failure `json:"fail"`

	// Panic, Crash and Hang each name one method that panics (the process lives on), that ends the
	// process, or that blocks until its caller gives up.
	Panic string `json:"panic"`
	Crash string `json:"crash"`
	Hang  string `json:"hang"`

	// Reject names messages that Send fails for, for good.
	Reject []string `json:"reject"`

	// LoseResult makes SendBatch leave out a result.
	LoseResult bool `json:"loseResult"`

	// CallHost makes Connect call every host function; Secret is the name to ask for. What came of it
	// is in the details of Health.
	CallHost bool   `json:"callHost"`
	Secret   string `json:"secret"`

	// Print goes to the standard output in Connect.
	Print string `json:"print"`

	// Warnings come from Validate.
	Warnings []string `json:"warnings"`

	// Degraded makes Health say so.
	Degraded bool `json:"degraded"`
}

type scripted struct {
	ID          string                    `json:"id"`
	Text        string                    `json:"text"`
	Base64      string                    `json:"base64"` // instead of Text
	Bytes       int                       `json:"bytes"`  // instead of Text: so many bytes of 'x'
	ContentType string                    `json:"contentType"`
	Headers     map[string]string         `json:"headers"`
	Metadata    connector.MessageMetadata `json:"metadata"` // by the names of the Go fields
	Timestamp   time.Time                 `json:"timestamp"`
}

type failure struct {
	Code         string `json:"code"` // empty: an error without a type
	Message      string `json:"message"`
	Recoverable  bool   `json:"recoverable"`
	RetryAfterMs int    `json:"retryAfterMs"`
	Reason       string `json:"reason"`
	Field        string `json:"field"`

	// Times counts down to success. 0 = always.
	Times int `json:"times"`
}

func parse(config connector.ConnectionConfig) (*settings, error) {
	parsed := &settings{}
	encoded, err := json.Marshal(config.Settings)
	if err == nil {
		err = json.Unmarshal(encoded, parsed)
	}
	if err != nil {
		failure := connector.NewInvalidConfigError(err.Error())
		failure.Field = "settings"
		return nil, failure
	}
	return parsed, nil
}

func (s scripted) message() connector.Message {
	payload := []byte(s.Text)
	if s.Base64 != "" {
		payload, _ = base64.StdEncoding.DecodeString(s.Base64)
	}
	for len(payload) < s.Bytes {
		payload = append(payload, 'x')
	}
	return connector.Message{
		ID: s.ID, Payload: payload, ContentType: s.ContentType,
		Headers: s.Headers, Metadata: s.Metadata, Timestamp: s.Timestamp,
	}
}
