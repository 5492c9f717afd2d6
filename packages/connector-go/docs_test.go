package connector_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const guide = "../../docs/go-host.md"

// The guide's program is built and run as its reader would.
func TestTheProgramOfTheGuideMovesWebhooks(t *testing.T) {
	blocks := guideBlocks(t)
	t.Run("by calls", func(t *testing.T) { movesWebhooks(t, blocks[:1]) })
	t.Run("by streams", func(t *testing.T) {
		main := bytes.Replace(blocks[0], []byte("return pump(ctx, "), []byte("return pumpByStreams(ctx, "), 1)
		movesWebhooks(t, [][]byte{main, blocks[1]})
	})
}

func movesWebhooks(t *testing.T, sources [][]byte) {
	directory := t.TempDir()
	program := buildGuide(t, directory, sources)
	if err := os.Symlink(httpConnector, filepath.Join(directory, "http-connector")); err != nil {
		t.Fatal(err)
	}
	var status, attempts atomic.Int32
	status.Store(http.StatusOK)
	bodies := make(chan string, 16)
	endpoint := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		if attempts.Add(1) == 2 { // the retry of the second message
			status.Store(http.StatusOK)
		}
		bodies <- string(body)
		response.WriteHeader(int(status.Load()))
	}))
	defer endpoint.Close()

	command := exec.Command(program, directory, endpoint.URL)
	command.Dir = directory
	command.Env = append(os.Environ(), "TMPDIR="+directory)
	output, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	log := &bytes.Buffer{}
	port := awaitPort(t, io.TeeReader(output, log))
	url := "http://127.0.0.1:" + port + "/webhooks/orders"

	post(t, url, "sent", http.StatusAccepted)
	if body := next(t, bodies); body != "sent" {
		t.Fatalf("the endpoint got %q", body)
	}
	attempts.Store(0)
	status.Store(http.StatusServiceUnavailable)
	post(t, url, "sent by a retry", http.StatusAccepted)
	if attempts.Load() != 2 {
		t.Fatalf("%d attempts", attempts.Load())
	}
	status.Store(http.StatusBadRequest)
	post(t, url, "a dead letter", http.StatusAccepted)
	letters, err := filepath.Glob(filepath.Join(directory, "dead-letter-*.json"))
	if err != nil || len(letters) != 1 {
		t.Fatalf("dead letters: %v, %v", letters, err)
	}

	stopped := make(chan error, 1)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	go func() { stopped <- command.Wait() }()
	select {
	case err := <-stopped:
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still running 10 s after SIGTERM")
	}
}

func guideBlocks(t *testing.T) (blocks [][]byte) {
	t.Helper()
	needsRepository(t)
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(text, -1) {
		blocks = append(blocks, found[1])
	}
	if len(blocks) != 2 {
		t.Fatalf("%d Go blocks in %s", len(blocks), guide)
	}
	return blocks
}

func buildGuide(t *testing.T, directory string, sources [][]byte) string {
	t.Helper()
	var files []string
	for i, source := range sources {
		files = append(files, filepath.Join(directory, fmt.Sprintf("block%d.go", i)))
		if err := os.WriteFile(files[i], source, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(directory, "control-plane")
	for _, command := range [][]string{{"gofmt", "-l"}, {"go", "vet"}, {"go", "build", "-o", program}} {
		arguments := append(command[1:], files...)
		if output, err := exec.Command(command[0], arguments...).CombinedOutput(); err != nil || len(output) > 0 {
			t.Fatalf("%v: %s %v", command, output, err)
		}
	}
	return program
}

// awaitPort reads the log up to the line with the webhook's port, and drains the rest.
func awaitPort(t *testing.T, log io.Reader) string {
	t.Helper()
	ports := make(chan string, 1)
	go func() {
		defer close(ports)
		lines := bufio.NewScanner(log)
		port := ""
		for lines.Scan() {
			if found := regexp.MustCompile(`orders-in: healthy.*port:(\d+)`).FindStringSubmatch(lines.Text()); found != nil {
				port = found[1]
			}
			if port != "" && strings.Contains(lines.Text(), "orders-out: healthy") {
				ports <- port
				port = ""
			}
		}
	}()
	select {
	case port := <-ports:
		if port == "" {
			t.Fatal("the program ended without a port")
		}
		return port
	case <-time.After(20 * time.Second):
		t.Fatal("no port within 20 s")
		return ""
	}
}

func post(t *testing.T, url string, body string, want int) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t, 20*time.Second), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != want {
		t.Fatalf("%q was answered %d", body, response.StatusCode)
	}
}
