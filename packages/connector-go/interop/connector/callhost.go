package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// callHost calls every host function and gives what came of each: "ok", a value, or the error's text.
func callHost(
	ctx context.Context, host connector.HostFunctions, secret string, config connector.ConnectionConfig,
) map[string]string {
	if host == nil {
		return map[string]string{"host.attached": "false"}
	}
	results := map[string]string{"host.attached": "true"}
	record := func(name string, value any, err error) {
		results["host."+name] = fmt.Sprint(value)
		if err != nil {
			results["host."+name] = err.Error()
		}
	}

	value, err := host.GetSecret(ctx, secret)
	record("getSecret", fmt.Sprintf("%d bytes", len(value)), err)
	_, err = host.GetSecret(ctx, "not-listed-for-anyone")
	record("getUnlistedSecret", "ok", err)
	record("log", "ok", host.Log(ctx, "info", "hello from memory"))
	record("recordMetric", "ok", host.RecordMetric(ctx, "memory.connected", 1.5, map[string]string{"type": "memory"}))
	configured, err := host.GetConfiguration(ctx)
	record("getConfiguration", reflect.DeepEqual(configured, config), err)
	revision, err := cursor(ctx, host)
	record("state", revision, err)
	return results
}

// cursor writes and reads a value, and has the host refuse a stale revision.
func cursor(ctx context.Context, host connector.HostFunctions) (revision uint64, err error) {
	store, ok := host.(connector.StateStore)
	if !ok {
		return 0, errors.New("not a StateStore")
	}
	_, before, err := store.GetState(ctx, "cursor")
	if err != nil {
		return 0, err
	}
	written, err := store.PutState(ctx, "cursor", []byte{0, 0xff, 1}, before)
	if err != nil {
		return 0, err
	}
	value, read, err := store.GetState(ctx, "cursor")
	if err != nil {
		return 0, err
	}
	if string(value) != "\x00\xff\x01" || read != written {
		return 0, fmt.Errorf("read %x at revision %d, wrote revision %d", value, read, written)
	}
	var conflict *connector.PluginError
	_, err = store.PutState(ctx, "cursor", nil, written+1)
	if !errors.As(err, &conflict) || conflict.Code != connector.CodeStateConflict {
		return 0, fmt.Errorf("a stale revision was answered with: %v", err)
	}
	return written, nil
}
