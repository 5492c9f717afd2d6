package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// options are one case. Times are in milliseconds.
type options struct {
	// Call is send, receive, receive-ack, send-stream, receive-stream or start.
	Call         string `json:"call"`
	PayloadBytes int    `json:"payloadBytes"`
	// InFlight is how many unary calls, or frames of a stream, are under way at a time.
	InFlight int `json:"inFlight"`
	// Batch is how many messages are sent, or granted, at a time.
	Batch int  `json:"batch"`
	MTLS  bool `json:"mtls"`
	// WarmUp is before anything is counted.
	WarmUp milliseconds `json:"warmUpMs"`
	Time   milliseconds `json:"timeMs"`
	// Messages ends the measurement instead of Time, if it is not 0.
	Messages int `json:"messages"`
	// Settle is waited before and after the load, so that memory is read at rest, and before each start.
	Settle milliseconds `json:"settleMs"`
	// Pause is how long a slow host takes for each frame of a ReceiveStream.
	Pause milliseconds `json:"pauseMs"`
	// Starts is for the call start: how often.
	Starts int `json:"starts"`
	// FixedAnswers is for a plugin that reads nothing: its answers have the right size and number only.
	FixedAnswers bool `json:"fixedAnswers"`

	command []string
}

type milliseconds int

func (m milliseconds) duration() time.Duration { return time.Duration(m) * time.Millisecond }

func parseOptions(text string) (*options, error) {
	o := &options{InFlight: 1, Batch: 1}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(o); err != nil {
		return nil, fmt.Errorf("the options: %w", err)
	}
	return o, nil
}
