package host

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Where the programs under test are.
var fixtures, repository string

func TestMain(m *testing.M) {
	if os.Getenv(doomedHost) != "" {
		runDoomedHost()
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	repository = absolute("../../../..")
	fixtures = absolute("../../test/fixtures")
	// The pinned Node.js, also when the tests are run by hand.
	path := filepath.Join(repository, "node_modules", ".bin") + ":" + os.Getenv("PATH")
	// Short, because the path of a unix socket has at most 107 bytes. What this process itself listens on is here too.
	directory, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	for name, value := range map[string]string{"PATH": path, "TMPDIR": directory} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if left := waitForNone(func() []string { return filesIn(directory) }); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "the tests left behind:", left)
		return 1
	}
	return code
}

func absolute(path string) string {
	result, err := filepath.Abs(path)
	if err != nil {
		panic(err)
	}
	return result
}

// newTmp makes a temporary directory for the plugins of one test, which at the test's end must be unused and empty.
func newTmp(t *testing.T) string {
	t.Helper()
	tmp, err := os.MkdirTemp("", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		used := func() []string { return append(processesIn(tmp), filesIn(tmp)...) }
		if left := waitForNone(used); len(left) > 0 {
			t.Errorf("left behind: %s", left)
		}
		if err := os.RemoveAll(tmp); err != nil {
			t.Error(err)
		}
	})
	return tmp
}

// processesIn tells which processes have the temporary directory, also those whose parent is gone. Linux only: elsewhere
// there is no /proc, and the sockets alone tell of forgotten plugins.
func processesIn(tmp string) (processes []string) {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range environments {
		environment, _ := os.ReadFile(path) // it may have ended meanwhile, or be of another user
		if slices.Contains(strings.Split(string(environment), "\x00"), "TMPDIR="+tmp) {
			processes = append(processes, path)
		}
	}
	return processes
}

func filesIn(directory string) (paths []string) {
	files, _ := os.ReadDir(directory)
	for _, file := range files {
		paths = append(paths, filepath.Join(directory, file.Name()))
	}
	return paths
}

// patience bears a machine that is four times slower than a developer's, or as busy.
const patience = 40 * time.Second

func waitForNone(list func() []string) []string {
	left := list()
	for deadline := time.Now().Add(patience); len(left) > 0 && time.Now().Before(deadline); left = list() {
		time.Sleep(5 * time.Millisecond)
	}
	return left
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// next waits for what a test's counterpart hands over.
func next[T any](t *testing.T, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatalf("nothing within %s", patience)
	}
	return value
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v, want %#v", got, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
