package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

var failing sync.Mutex // guards the countdowns

// misbehave does to a call what the settings order.
func (s *settings) misbehave(ctx context.Context, method string) error {
	switch method {
	case s.Crash:
		go func() { panic("crash ordered by settings") }() // of its own, where nothing recovers it
		select {}
	case s.Panic:
		panic("panic ordered by settings")
	case s.Hang:
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Fail[method].next()
}

func (f *failure) next() error {
	if f == nil {
		return nil
	}
	failing.Lock()
	defer failing.Unlock()
	switch {
	case f.Times == 1:
		f.Times = -1
	case f.Times > 1:
		f.Times--
	case f.Times < 0:
		return nil
	}
	if f.Code == "" {
		return errors.New(f.Message)
	}
	return &connector.PluginError{
		Code: f.Code, Message: f.Message, Recoverable: f.Recoverable, Reason: f.Reason, Field: f.Field,
		RetryAfter: time.Duration(f.RetryAfterMs) * time.Millisecond,
	}
}
