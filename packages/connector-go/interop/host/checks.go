package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// checks prints what was found.
type checks struct {
	failed bool
}

type line struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// add prints one check. Its detail is the error's text, if there is one.
func (c *checks) add(name string, err error, detail string, args ...any) {
	result := line{Check: name, OK: err == nil, Detail: fmt.Sprintf(detail, args...)}
	if err != nil {
		c.failed = true
		result.Detail = err.Error()
	}
	_ = json.NewEncoder(os.Stdout).Encode(result)
}

// expect gives an error unless it holds.
func expect(holds bool, otherwise string, args ...any) error {
	if holds {
		return nil
	}
	return fmt.Errorf(otherwise, args...)
}

// pluginError checks the parts of a typed error.
func pluginError(err error, code string, recoverable bool) error {
	var failure *connector.PluginError
	if !errors.As(err, &failure) {
		return fmt.Errorf("not a *PluginError: %v", err)
	}
	if failure.Code != code || failure.Recoverable != recoverable || failure.Message == "" {
		return fmt.Errorf("want %s, recoverable=%v, got %v", code, recoverable, failure)
	}
	return nil
}

func contextError(err error, want error, took time.Duration) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("want %v, got %v", want, err)
	}
	return expect(took < 2*time.Second, "took %s", took)
}
