package main

import (
	"fmt"
	"time"
)

// starts are the times from the start of a program to its handshake line, as go-plugin sees it.
type starts struct {
	Milliseconds []float64 `json:"milliseconds"`
}

func measureStarts(o *options) (*starts, error) {
	result := &starts{}
	for range o.Starts {
		// Within limits the one before may have used up what this one gets.
		time.Sleep(o.Settle.duration())
		client, _ := newClient(o)
		began := time.Now()
		_, err := client.Start()
		took := time.Since(began)
		if err != nil {
			client.Kill()
			return nil, fmt.Errorf("no handshake: %w", err)
		}
		result.Milliseconds = append(result.Milliseconds, float64(took)/float64(time.Millisecond))
		client.Kill()
	}
	return result, nil
}
