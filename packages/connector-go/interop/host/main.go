// A Go control plane in small, for tests of connectors: it drives an HTTP connector executable through
// all it must do and prints one JSON line per check.
//
//	host [-mtls] [-v] [-expect-calls Log,RecordMetric] EXECUTABLE [ARG...]
//	host [-mtls] [-v] -customers PLAN EXECUTABLE [ARG...]
//
// The connector must support the types http-webhook and http-rest. With -customers it may be any other:
// all calls of the specification are made for each customer of PLAN, which is JSON and has two connections
// for each, of which the first receives what the second sends: {"NAME":{"in":{},"out":{}}}.
//
// The exit status is 1 if a check failed, 2 if the command line is wrong.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	mtls := flag.Bool("mtls", false, "use AutoMTLS")
	verbose := flag.Bool("v", false, "show the connector's log on the standard error")
	expectCalls := flag.String("expect-calls", "", "comma list of host functions that the connector must call")
	customers := flag.String("customers", "", "connections of each customer, as JSON")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: host [-mtls] [-v] [-expect-calls LIST | -customers PLAN] EXECUTABLE [ARG...]")
		os.Exit(2)
	}
	launcher := &launcher{command: flag.Args(), mtls: *mtls, verbose: *verbose}
	checks := &checks{}
	scenario := func() error {
		return httpScenario(checks, launcher, strings.FieldsFunc(*expectCalls, func(r rune) bool { return r == ',' }))
	}
	if *customers != "" {
		scenario = func() error { return customersScenario(checks, launcher, *customers) }
	}
	if err := run(checks, scenario); err != nil {
		checks.add("scenario", err, "")
	}
	if checks.failed {
		os.Exit(1)
	}
}

// run has a directory of its own for sockets: what is left in it was left by this run.
func run(checks *checks, scenario func() error) error {
	sockets, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(sockets) }()
	if err := os.Setenv("TMPDIR", sockets); err != nil {
		return err
	}
	err = scenario()
	checks.add("no-socket-left", noSocketLeft(sockets), "")
	return err
}

func httpScenario(checks *checks, launcher *launcher, expectedCalls []string) error {
	source, err := launcher.launch(checks, "webhook", identity)
	if err == nil {
		sourceScenario(checks, source)
		source.kill(checks)
	}
	destination, err2 := launcher.launch(checks, "rest", identity)
	if err2 == nil {
		destinationScenario(checks, destination)
		destination.kill(checks)
	}
	if err == nil && err2 == nil {
		source.host.checkCalls(checks, expectedCalls)
	}
	return nil
}
