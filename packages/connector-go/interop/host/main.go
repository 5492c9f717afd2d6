// A Go control plane in small, for tests of connectors: it drives an HTTP connector executable through
// all it must do and prints one JSON line per check.
//
//	host [-mtls] [-v] [-expect-calls Log,RecordMetric] EXECUTABLE [ARG...]
//
// The connector must support the types http-webhook and http-rest. The exit status is 1 if a check
// failed, 2 if the command line is wrong.
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
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: host [-mtls] [-v] [-expect-calls LIST] EXECUTABLE [ARG...]")
		os.Exit(2)
	}
	launcher := &launcher{command: flag.Args(), mtls: *mtls, verbose: *verbose}
	checks := &checks{}
	if err := run(checks, launcher, strings.FieldsFunc(*expectCalls, func(r rune) bool { return r == ',' })); err != nil {
		checks.add("scenario", err, "")
	}
	if checks.failed {
		os.Exit(1)
	}
}

// run has a directory of its own for sockets: what is left in it was left by this run.
func run(checks *checks, launcher *launcher, expectedCalls []string) error {
	sockets, err := os.MkdirTemp("", "interop-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(sockets) }()
	if err := os.Setenv("TMPDIR", sockets); err != nil {
		return err
	}

	source, err := launcher.launch(checks, "webhook")
	if err == nil {
		sourceScenario(checks, source)
		source.kill(checks)
	}
	destination, err2 := launcher.launch(checks, "rest")
	if err2 == nil {
		destinationScenario(checks, destination)
		destination.kill(checks)
	}
	if err == nil && err2 == nil {
		source.host.checkCalls(checks, expectedCalls)
	}
	checks.add("no-socket-left", noSocketLeft(sockets), "")
	return nil
}
