// A Go control plane that receives in calls which end early, and counts what arrives. For tests that lose
// messages at deadlines and cancellations.
//
//	poll [-plain] [-workers N] [-deadlines D] [-cancels D] -count N CONFIG EXECUTABLE [ARG...]
//
// CONFIG is the connection as JSON: {"type":"http-webhook","settings":{},"credentials":{}}. Each payload
// is one message. The program prints {"details":{}}, the details of Health, once it is connected, and
// {"received":N,"distinct":N,"calls":N} when N distinct payloads have arrived, or none for 30 s. The exit
// status is 1 if anything else went wrong.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

func main() {
	options := options{}
	flag.BoolVar(&options.plain, "plain", false, "receive as a host without explicit acknowledgements")
	flag.IntVar(&options.workers, "workers", 1, "how many receive at a time")
	flag.IntVar(&options.count, "count", 0, "how many distinct payloads to wait for")
	flag.DurationVar(&options.deadlines, "deadlines", 0, "end calls by deadlines below this")
	flag.DurationVar(&options.cancels, "cancels", 0, "end calls by cancellations before this")
	flag.Parse()
	if flag.NArg() < 2 || options.count == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(options, flag.Arg(0), flag.Args()[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(options options, configuration string, command []string) error {
	config := connector.ConnectionConfig{ID: "poll", Name: "Poll"}
	if err := json.Unmarshal([]byte(configuration), &config); err != nil {
		return fmt.Errorf("CONFIG: %w", err)
	}
	node, stop, err := launch(command, options.plain)
	if err != nil {
		return err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := node.Connect(ctx, config); err != nil {
		return err
	}
	report, err := node.(connector.HealthReporter).ReportHealth(ctx)
	if err != nil {
		return err
	}
	print(map[string]any{"details": report.Details})
	counts, err := poll(node, options)
	print(counts)
	ending, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return errors.Join(err, node.Disconnect(ending))
}

func print(line any) { _ = json.NewEncoder(os.Stdout).Encode(line) }
