package main

import (
	"context"
	"encoding/json"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-plugin"
)

// serveInTestMode tells as one JSON line on stdout where the plugin is, in the form that the host under test takes.
func serveInTestMode(config *plugin.ServeConfig) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	reattach := make(chan *plugin.ReattachConfig, 1)
	closed := make(chan struct{})
	config.Test = &plugin.ServeTestConfig{Context: ctx, ReattachConfigCh: reattach, CloseCh: closed}
	go plugin.Serve(config)
	place := <-reattach
	line, err := json.Marshal(map[string]any{
		"protocolVersion": place.ProtocolVersion,
		"address":         map[string]string{"network": place.Addr.Network(), "address": place.Addr.String()},
		"pid":             place.Pid,
		"test":            place.Test,
	})
	if err != nil {
		panic(err)
	}
	_, _ = realStdout.Write(append(line, '\n'))
	<-closed
}
