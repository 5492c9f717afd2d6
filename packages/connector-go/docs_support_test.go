package connector_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// guideEndpoint takes what the guide's program sends. It answers 200, unless answers has something else.
type guideEndpoint struct {
	server  *httptest.Server
	bodies  chan string
	answers chan int
}

func newGuideEndpoint(t *testing.T) *guideEndpoint {
	t.Helper()
	e := &guideEndpoint{bodies: make(chan string, 16), answers: make(chan int, 1)}
	e.server = httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		status := http.StatusOK
		if request.Header.Get("Authorization") != "Bearer hunter2-out" {
			status = http.StatusUnauthorized
		}
		select {
		case status = <-e.answers:
		default:
		}
		if request.Method == http.MethodPost {
			e.bodies <- string(body)
		}
		response.WriteHeader(status)
	}))
	t.Cleanup(e.server.Close)
	return e
}

// linkConnector puts the built HTTP connector and its checksum into a directory.
func linkConnector(t *testing.T, directory string) {
	t.Helper()
	built, err := filepath.Abs(executables)
	if err == nil {
		_, err = os.Stat(filepath.Join(built, "http-connector"))
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("npm run executables builds what this needs")
	}
	sums, err := os.ReadFile(filepath.Join(built, "SHA256SUMS"))
	err = errors.Join(err, os.WriteFile(filepath.Join(directory, "SHA256SUMS"), sums, 0o600),
		os.Symlink(filepath.Join(built, "http-connector"), filepath.Join(directory, "http-connector")))
	if err != nil {
		t.Fatal(err)
	}
}

// guideProgram is the guide's program while it runs.
type guideProgram struct {
	command   *exec.Cmd
	log       bytes.Buffer
	connected chan connected
	drained   chan struct{}
}

// connected is what the log shows each time that both connectors are up.
type connected struct {
	url       string
	processes []int
}

func startGuide(t *testing.T, program, directory, url string) *guideProgram {
	t.Helper()
	p := &guideProgram{
		command: exec.Command(program, directory, url), connected: make(chan connected, 16), drained: make(chan struct{}),
	}
	p.command.Dir = directory
	p.command.Env = append(os.Environ(), "TMPDIR="+directory, "ORDERS_TOKEN=hunter2-in", "BILLING_TOKEN=hunter2-out")
	output, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	go p.watch(output)
	return p
}

var (
	processLine = regexp.MustCompile(`orders-(?:in|out): process (\d+)`)
	portLine    = regexp.MustCompile(`orders-in: healthy.*port:(\d+)`)
)

func (p *guideProgram) watch(log io.Reader) {
	defer close(p.drained)
	lines := bufio.NewScanner(io.TeeReader(log, &p.log))
	now := connected{}
	for lines.Scan() {
		if found := processLine.FindStringSubmatch(lines.Text()); found != nil {
			process, _ := strconv.Atoi(found[1])
			now.processes = append(now.processes, process)
		}
		if found := portLine.FindStringSubmatch(lines.Text()); found != nil {
			now.url = "http://127.0.0.1:" + found[1] + "/webhooks/orders"
		}
		if now.url != "" && strings.Contains(lines.Text(), "orders-out: healthy") {
			p.connected <- now
			now = connected{}
		}
	}
}

func (p *guideProgram) awaitConnected(t *testing.T) connected {
	t.Helper()
	select {
	case now := <-p.connected:
		return now
	case <-p.drained:
		t.Fatalf("the program has ended:\n%s", &p.log)
	case <-time.After(time.Minute):
		t.Fatal("not connected within a minute")
	}
	return connected{}
}

// stop expects the program to end as it should.
func (p *guideProgram) stop(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.drained:
	case <-time.After(30 * time.Second):
		t.Fatal("still running 30 s after SIGTERM")
	}
	if err := p.command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &p.log)
	}
}

// post sends one webhook with the guide's token, or with the header given.
func post(t *testing.T, url, body string, want int, header ...string) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t, 30*time.Second), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	request.Header.Set("Authorization", "Bearer hunter2-in")
	if len(header) == 2 {
		request.Header.Set(header[0], header[1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != want {
		t.Fatalf("%q was answered %d", body, response.StatusCode)
	}
}
