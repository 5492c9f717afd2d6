package connector_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	guide       = "../../docs/go-host.md"
	executables = "../../dist/bin" // of npm run executables
)

// The guide's program is built and run as its reader would.
func TestTheProgramOfTheGuideMovesWebhooks(t *testing.T) {
	blocks := guideBlocks(t)
	t.Run("by calls", func(t *testing.T) { movesWebhooks(t, blocks[:2]) })
	t.Run("by streams", func(t *testing.T) {
		main := bytes.Replace(blocks[0], []byte("pump(working, "), []byte("pumpByStreams(working, "), 1)
		movesWebhooks(t, [][]byte{main, blocks[1], blocks[2]})
	})
}

func movesWebhooks(t *testing.T, sources [][]byte) {
	endpoint := newGuideEndpoint(t)
	directory := t.TempDir()
	linkConnector(t, directory)
	program := startGuide(t, buildGuide(t, directory, sources), directory, endpoint.server.URL)
	in := program.awaitConnected(t)

	post(t, in.url, "sent", http.StatusAccepted)
	equal(t, next(t, endpoint.bodies), "sent")
	post(t, in.url, "without a token", http.StatusUnauthorized, "Authorization", "Bearer another")
	endpoint.answers <- http.StatusServiceUnavailable
	post(t, in.url, "sent by a retry", http.StatusAccepted)
	equal(t, []string{next(t, endpoint.bodies), next(t, endpoint.bodies)}, []string{"sent by a retry", "sent by a retry"})
	endpoint.answers <- http.StatusBadRequest
	post(t, in.url, "a dead letter", http.StatusAccepted)
	letters, err := filepath.Glob(filepath.Join(directory, "dead-letter-*.json"))
	if err != nil || len(letters) != 1 {
		t.Fatalf("dead letters: %v, %v", letters, err)
	}
	equal(t, next(t, endpoint.bodies), "a dead letter")

	expectNoSecrets(t, in.processes)
	for half := range 2 {
		if err := syscall.Kill(in.processes[half], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		in = program.awaitConnected(t)
		post(t, in.url, "after a restart", http.StatusAccepted)
		equal(t, next(t, endpoint.bodies), "after a restart")
	}
	program.stop(t)
}

// expectNoSecrets looks at what the connectors were started with.
func expectNoSecrets(t *testing.T, processes []int) {
	t.Helper()
	for _, process := range processes {
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process))
		if errors.Is(err, os.ErrNotExist) {
			t.Skip("this system shows no environments")
		}
		if err != nil || !bytes.Contains(environment, []byte("TMPDIR=")) {
			t.Errorf("process %d: %v, or without TMPDIR", process, err)
		}
		if bytes.Contains(environment, []byte("hunter2")) {
			t.Errorf("process %d has the tokens of its host in its environment", process)
		}
	}
}

func TestTheProgramOfTheGuideStartsNoFileWithAnotherChecksum(t *testing.T) {
	directory := t.TempDir()
	linkConnector(t, directory)
	sums := strings.Repeat("0", 64) + "  http-connector\n"
	if err := os.WriteFile(filepath.Join(directory, "SHA256SUMS"), []byte(sums), 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.CommandContext(within(t, time.Minute), buildGuide(t, directory, guideBlocks(t)[:2]), directory, "http://127.0.0.1:1")
	program.Dir = directory
	output, err := program.CombinedOutput()
	if err == nil || !bytes.Contains(output, []byte("checksums did not match")) {
		t.Fatalf("%v: %s", err, output)
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
	if len(blocks) != 3 {
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
