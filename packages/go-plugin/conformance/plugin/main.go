// Command plugin is a plugin as Go authors write them, for hosts in other languages. Its flags, and the actions of its
// service, choose how it behaves.
package main

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
)

var (
	versions     = flag.String("versions", "2,3", "application protocol `versions` to serve")
	testMode     = flag.Bool("test-mode", false, "serve in go-plugin's test mode until SIGTERM")
	hangShutdown = flag.Bool("hang-shutdown", false, "never answer Shutdown")
	cleanUp      = flag.Duration("clean-up", 0, "`time` that the plugin needs after Shutdown")
	maxAge       = flag.Duration("max-age", 0, "`time` after which connections are asked to be made anew")
	without      = flag.String("without", "", "`service` of go-plugin to leave out, as older releases did")
	linePrefix   = flag.String("line-prefix", "", "`text` to print before the handshake line")
	lineSuffix   = flag.String("line-suffix", "", "`text` to print after it, on the same line")
)

// go-plugin replaces those of package os by streams to the host.
var realStdout, realStderr = os.Stdout, os.Stderr

func main() {
	flag.Parse()
	config := &plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{MagicCookieKey: "TESTING_PLUGIN", MagicCookieValue: "cookie"},
		VersionedPlugins: versionedPlugins(),
		GRPCServer:       newServer,
	}
	if *testMode {
		serveInTestMode(config)
		return
	}
	if *linePrefix != "" || *lineSuffix != "" {
		decorateLine()
	}
	plugin.Serve(config)
	if hungUp.Load() {
		// Long enough for a host to see that the connection is lost before the process is gone.
		time.Sleep(100 * time.Millisecond)
		exitWithReason()
	}
	time.Sleep(*cleanUp)
}

func versionedPlugins() map[int]plugin.PluginSet {
	sets := map[int]plugin.PluginSet{}
	for item := range strings.SplitSeq(*versions, ",") {
		version, err := strconv.Atoi(item)
		if err != nil {
			panic(err)
		}
		sets[version] = plugin.PluginSet{"testing": &testingPlugin{version: version}}
	}
	return sets
}
