// Command host is the real go-plugin host of the benchmark: it drives one case against one plugin and
// prints what it measured as one line of JSON.
//
//	host OPTIONS COMMAND [ARG...]
//
// OPTIONS are JSON, see options.go. The exit status is 1 when anything is not as it should be: what is
// fast by being wrong has no figures.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: host OPTIONS COMMAND [ARG...]")
		os.Exit(2)
	}
	o, err := parseOptions(os.Args[1])
	if err == nil {
		o.command = os.Args[2:]
		err = execute(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// execute has a directory of its own for sockets, which go-plugin itself removes a while later.
func execute(o *options) error {
	sockets, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(sockets) }()
	if err := os.Setenv("TMPDIR", sockets); err != nil {
		return err
	}
	var result any
	if o.Call == "start" {
		result, err = measureStarts(o)
	} else {
		result, err = measureLoad(context.Background(), o)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
