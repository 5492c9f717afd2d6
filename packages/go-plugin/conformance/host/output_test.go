package host

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

func TestCase26_PrintedBytesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		every := make([]byte, 256)
		for n := range every {
			every[n] = byte(n)
		}
		h.do("to stdout", []byte("hello\nworld!")...)
		h.do("to stdout", every...)
		h.do("to stderr", []byte("and to\nstderr")...)
		eventually(t, "all of it", func() bool {
			return h.stdout.String() == "hello\nworld!"+string(every) && h.stderr.String() == "and to\nstderr"
		})
	})
}

// gate keeps a reader from reading until it is opened.
type gate struct {
	*buffer
	open chan struct{}
}

func (g gate) Write(data []byte) (int, error) {
	<-g.open
	return g.buffer.Write(data)
}

func TestCase27_MuchPrintedOutputKeepsItsOrderAndHindersNoCall(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	reader := gate{h.stdout, make(chan struct{})}
	h.config.SyncStdout = reader
	h.start()
	much := numberedLines(mebibyte)
	h.do("to stdout", []byte(much)...)
	h.do("to stdout", []byte("the end")...)
	h.echo()
	close(reader.open)
	eventually(t, "the end", func() bool { return strings.HasSuffix(h.stdout.String(), "the end") })
	equal(t, h.stdout.String() == much+"the end", true)
	if longest := h.stdout.longest(); longest > 1024 {
		t.Errorf("a chunk of %d bytes", longest)
	}
}

// numberedLines gives text that tells when a part of it is missing or elsewhere.
func numberedLines(size int) string {
	var text strings.Builder
	for line := 0; text.Len() < size; line++ {
		fmt.Fprintln(&text, "line", line)
	}
	return text.String()[:size]
}

func TestCase28_WhatIsPrintedBeforeTheHostListensComesLater(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	early := numberedLines(300_000)
	_, err := p.connect(nil).Run(t.Context(), &testingpb.Payload{Text: "to stdout", Data: []byte(early)})
	check(t, err)
	h := p.reattach().start()
	eventually(t, "what was printed before", func() bool { return h.stdout.String() == early })
}

// logged has the plugin log, and gives what its host made of the warning among it.
func logged(t *testing.T) (warning entry, after, before time.Time) {
	t.Helper()
	h := start(t)
	after = time.Now().Truncate(time.Millisecond)
	h.do("log")
	before = time.Now()
	text := "quote \" newline \n and ✓"
	eventually(t, text, func() bool { return h.log.has(text) && h.log.has("a trace") })
	warning, _ = h.log.find(text)
	trace, _ := h.log.find("a trace")
	equal(t, trace["@level"], "trace")
	return warning, after, before
}

func TestCase29_TheLogArrivesWithLevelFieldsAndTime(t *testing.T) {
	t.Parallel()
	warning, after, before := logged(t)
	equal(t, warning["@level"], "warn")
	equal(t, warning["@module"], "testing")
	equal(t, warning["nested"], any(map[string]any{"n": 1.0}))
	written, err := time.Parse(hclog.TimeFormat, warning["timestamp"].(string))
	check(t, err)
	if written.Before(after) || written.After(before) {
		t.Errorf("written at %s, but logged between %s and %s", written, after, before)
	}
}

func TestCase30_AMessageMayHoldQuotesNewlinesAndUnicode(t *testing.T) {
	t.Parallel()
	warning, _, _ := logged(t)
	equal(t, warning["@message"], "quote \" newline \n and ✓")
}

func TestCase31_ALevelInFrontOfTextIsItsLevel(t *testing.T) {
	t.Parallel()
	h := start(t)
	for line, level := range map[string]any{
		"[TRACE] x": "trace", "[DEBUG] x": "debug", "[INFO] x": "info",
		"[WARN] x": "warn", "[ERROR] x": "error", "x": "debug",
	} {
		h.do("to the real stderr", []byte(line+"\n")...)
		eventually(t, line, func() bool { return h.log.has(line) })
		found, _ := h.log.find(line)
		equal(t, found["@level"], level)
	}
}

func TestCase32_ACrashIsLoggedLikeAPanic(t *testing.T) {
	t.Parallel()
	h := start(t)
	h.dies = true
	_, err := h.Run(h.ctx, &testingpb.Payload{Text: "crash deep inside"})
	equal(t, status.Code(err), codes.Unavailable)
	next(t, h.done.Done())
	eventually(t, "the plugin has exited", h.client.Exited)

	exited, _ := h.log.find("plugin process exited")
	equal(t, exited["error"], "exit status 2")
	equal(t, filesIn(h.tmp), nil)
	var errors []string
	for _, entry := range h.log.entries() {
		if entry["@level"] == "error" && entry["@module"] == "plugin.ts" {
			errors = append(errors, entry["@message"].(string))
		}
	}
	if len(errors) < 10 || errors[0] != "panic: a bug deep inside" {
		t.Errorf("%d errors: %q", len(errors), errors)
	}
}
