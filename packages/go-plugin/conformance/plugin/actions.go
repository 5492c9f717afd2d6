package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// An action gets the data of the call; its text is the answer.
type action func(ctx context.Context, data []byte) (string, error)

var actions = map[string]action{
	"environment":        environment,
	"stdin":              stdin,
	"to stdout":          func(_ context.Context, data []byte) (string, error) { return write(os.Stdout, data) },
	"to stderr":          func(_ context.Context, data []byte) (string, error) { return write(os.Stderr, data) },
	"to the real stderr": func(_ context.Context, data []byte) (string, error) { return write(realStderr, data) },
	"flood real stdout":  floodRealStdout,
	"log":                logEverything,
	"repeat x":           repeatX,
	"fail at length":     failAtLength,
	"hang":               hang,
	"panic":              panics,
	"fatal error":        fatalError,
	"exit":               exits,
	"be killed":          beKilled,
	"hang up and exit":   hangUpAndExit,
	"leave pipes":        leavePipes,
	"leave sockets":      leaveSockets,
}

// failAtLength fails with a text of as many bytes as the data says.
func failAtLength(_ context.Context, data []byte) (string, error) {
	length, err := strconv.Atoi(string(data))
	if err != nil {
		return "", err
	}
	return "", status.Error(codes.Aborted, strings.Repeat("m", length))
}

func environment(context.Context, []byte) (string, error) {
	variables := map[string]string{}
	for _, item := range os.Environ() {
		name, value, _ := strings.Cut(item, "=")
		variables[name] = value
	}
	text, err := json.Marshal(variables)
	return string(text), err
}

func stdin(context.Context, []byte) (string, error) {
	text, err := io.ReadAll(os.Stdin)
	return string(text), err
}

func write(file *os.File, data []byte) (string, error) {
	_, err := file.Write(data)
	return "", err
}

// floodRealStdout prints as many MiB as the data says, where only the handshake line belongs.
func floodRealStdout(_ context.Context, data []byte) (string, error) {
	count, err := strconv.Atoi(string(data))
	if err != nil {
		return "", err
	}
	mebibyte := bytes.Repeat([]byte(strings.Repeat("x", 127)+"\n"), 8192)
	for range count {
		if _, err := realStdout.Write(mebibyte); err != nil {
			return "", err
		}
	}
	return "", nil
}

// logEverything logs as plugins do: with hclog's JSON on the stderr that go-plugin does not replace.
func logEverything(context.Context, []byte) (string, error) {
	log := hclog.New(&hclog.LoggerOptions{Name: "testing", Level: hclog.Trace, Output: realStderr, JSONFormat: true})
	log.Trace("a trace")
	log.Debug("quote \" newline \n and ✓", "count", 3, "nested", map[string]any{"a": []string{"b"}})
	log.Info("an info")
	log.Named("sub").Warn("a warning", "error", io.ErrUnexpectedEOF)
	log.Error("an error", "html", "<&>")
	return "", nil
}

func repeatX(_ context.Context, data []byte) (string, error) {
	count, err := strconv.Atoi(string(data))
	return strings.Repeat("x", count), err
}

func hang(ctx context.Context, _ []byte) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}
