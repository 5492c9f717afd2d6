package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
)

const notExecutable = "This binary is a plugin. These are not meant to be executed directly.\n" +
	"Please execute the program that consumes these plugins, which will\n" +
	"load any plugins automatically\n"

const misconfigured = "Misconfigured ServeConfig given to serve this plugin: no magic cookie\n" +
	"key or value was set. Please notify the plugin author and report\n" +
	"this as a bug.\n"

func TestCase1_StartPingAndCallOverAUnixSocket(t *testing.T) {
	t.Parallel()
	h := start(t)
	address, err := h.client.Start()
	check(t, err)
	if address.Network() != "unix" || !strings.HasPrefix(address.String(), h.tmp+"/plugin") {
		t.Fatalf("listens on %s %s", address.Network(), address)
	}
	protocol, err := h.client.Client()
	check(t, err)
	check(t, protocol.Ping())
	h.echo()
}

func TestCase4_ConnectsOverTCP(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		address, err := h.client.Start()
		check(t, err)
		if address.Network() != "tcp" || !strings.HasPrefix(address.String(), "127.0.0.1:") {
			t.Fatalf("listens on %s %s", address.Network(), address)
		}
		h.echo()
		equal(t, filesIn(h.tmp), nil)
	}, "TESTING_NETWORK=tcp")
}

func TestCase5_MultiplexingIsDeclinedInASeventhField(t *testing.T) {
	t.Parallel()
	for _, env := range []string{"UNRELATED=true", "PLUGIN_MULTIPLEX_GRPC="} {
		equal(t, len(startProcess(t, env).line()), 6)
	}
	asked := startProcess(t, "PLUGIN_MULTIPLEX_GRPC=true").line()
	equal(t, asked[4:], []string{"grpc", "", "false"})

	h := newHost(t)
	h.config.GRPCBrokerMultiplex = true
	h.startError("client requested gRPC broker multiplexing but plugin does not support the feature")
}

func TestCase6_NoMultiplexingWhenTheHostSaysFalse(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "PLUGIN_MULTIPLEX_GRPC=false")
	equal(t, len(p.line()), 7)
	expectEcho(t, p.connect(nil))
}

func TestCase8_WithoutAClientCertificateItIsPlainHTTP2(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	equal(t, p.line()[4:], []string{"grpc", ""})
	expectEcho(t, p.connect(nil))
	equal(t, p.terminate(), 0)
	equal(t, strings.Count(p.stdout.String(), "\n"), 1)
}

func TestCase14_WithoutACookieItExplainsItself(t *testing.T) {
	t.Parallel()
	expectRefusal(t, startProgram(t, filepath.Join(fixtures, "plugin.ts")), notExecutable)
}

func TestCase15_WithAnotherCookieItExplainsItself(t *testing.T) {
	t.Parallel()
	for _, cookie := range []string{"wrong", ""} {
		expectRefusal(t, startProcess(t, "TESTING_PLUGIN="+cookie), notExecutable)
	}
}

func TestCase16_WithoutACookieInItsOwnConfigurationItBlamesItsAuthor(t *testing.T) {
	t.Parallel()
	for _, cookie := range []string{
		"{ magicCookieKey: '', magicCookieValue: 'x' }", "{ magicCookieKey: 'x', magicCookieValue: '' }",
	} {
		script := filepath.Join(t.TempDir(), "plugin.ts")
		source := fmt.Sprintf(`#!/usr/bin/env -S node --conditions=vrsky:source
			import { serve } from '%s/../../src/server/index.ts';
			await serve({ handshake: %s, versions: {} });`, fixtures, cookie)
		check(t, os.WriteFile(script, []byte(source), 0o755))
		expectRefusal(t, startProgram(t, script, "x=x"), misconfigured)
	}
}

func expectRefusal(t *testing.T, p *process, text string) {
	t.Helper()
	equal(t, p.exitCode(), 1)
	equal(t, p.stderr.String(), text)
	equal(t, p.stdout.String(), "")
}

func TestCase17_TheHighestCommonVersionIsChosen(t *testing.T) {
	t.Parallel()
	equal(t, startProcess(t, "PLUGIN_PROTOCOL_VERSIONS=1,2,3").line()[1], "3")

	h := newHost(t)
	h.config.VersionedPlugins = map[int]plugin.PluginSet{1: plugins, 2: plugins, 3: plugins}
	h.start()
	equal(t, h.client.NegotiatedVersion(), 3)
	equal(t, h.do("version"), "3")
}

func TestCase18_TheOrderOfTheVersionsDoesNotMatter(t *testing.T) {
	t.Parallel()
	for _, versions := range []string{"3,1,2", "2,3,1"} {
		equal(t, startProcess(t, "PLUGIN_PROTOCOL_VERSIONS="+versions).line()[1], "3")
	}
}

func TestCase19_WithoutACommonVersionTheHostTellsTheLowest(t *testing.T) {
	t.Parallel()
	equal(t, startProcess(t, "PLUGIN_PROTOCOL_VERSIONS=1,8").line()[1], "2")

	h := newHost(t)
	h.config.HandshakeConfig.ProtocolVersion = 8
	h.startError("incompatible API version with plugin. Plugin version: 2, Client versions: [8]")
}

func TestCase20_WithoutAListOfVersionsItIsTheLowest(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	equal(t, p.line()[1], "2")
	equal(t, p.stderr.String(), "")
}

func TestCase21_WhatIsNoVersionIsSkipped(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "PLUGIN_PROTOCOL_VERSIONS=x,3,,2.5")
	equal(t, p.line()[1], "3")
	for _, item := range []string{"x", "", "2.5"} {
		text := strconv.Quote("server sent invalid plugin version " + strconv.Quote(item))
		eventually(t, text, func() bool { return strings.Contains(p.stderr.String(), text) })
	}
}

func TestCase61_StartsWithNothingButPATH(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.config.Cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	h.start()
	environment := h.do("environment")
	for _, name := range []string{"HOME", "TMPDIR", "PLUGIN_CLIENT_CERT"} {
		if strings.Contains(environment, strconv.Quote(name)) {
			t.Errorf("the plugin has %s", name)
		}
	}
	address, err := h.client.Start()
	check(t, err)
	h.client.Kill()
	if _, err := os.Stat(address.String()); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestCase63_AHostThatNeverConnectsEndsItBySIGTERM(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	p.line()
	began := time.Now()
	equal(t, p.terminate(), 0)
	if took := time.Since(began); took > 4*2*time.Second {
		t.Fatalf("it took %s", took)
	}
	equal(t, filesIn(p.tmp), nil)
}
