// Command explain starts plugins that do not start, and tells what go-plugin itself says and logs about each: one JSON
// array on stdout, in the order of the arguments.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

var (
	timeout  = flag.Duration("timeout", 30*time.Second, "for the handshake `line`")
	secure   = flag.Bool("secure", false, "verify the executables")
	checksum = flag.String("sha256", "", "expected `checksum` of the executables, in hexadecimal")
)

type explanation struct {
	Error string            `json:"error"`
	Log   []json.RawMessage `json:"log"`
}

func main() {
	flag.Parse()
	explanations := make([]explanation, flag.NArg())
	var group sync.WaitGroup
	for index, path := range flag.Args() {
		group.Go(func() { explanations[index] = explain(path) })
	}
	group.Wait()
	if err := json.NewEncoder(os.Stdout).Encode(explanations); err != nil {
		panic(err)
	}
}

func explain(path string) explanation {
	var log bytes.Buffer
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: plugin.HandshakeConfig{MagicCookieKey: "TESTING_PLUGIN", MagicCookieValue: "cookie"},
		// A single one: go-plugin lists several in random order.
		VersionedPlugins: map[int]plugin.PluginSet{3: {}},
		Cmd:              exec.Command(path),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		StartTimeout:     *timeout,
		SecureConfig:     secureConfig(),
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log, JSONFormat: true}),
	})
	_, err := client.Start()
	client.Kill()
	told := explanation{Log: []json.RawMessage{}}
	if err != nil {
		told.Error = err.Error()
	}
	for line := range bytes.Lines(log.Bytes()) {
		told.Log = append(told.Log, json.RawMessage(line))
	}
	return told
}

func secureConfig() *plugin.SecureConfig {
	if !*secure {
		return nil
	}
	sum, err := hex.DecodeString(*checksum)
	if err != nil {
		panic(err)
	}
	return &plugin.SecureConfig{Checksum: sum, Hash: sha256.New()}
}
