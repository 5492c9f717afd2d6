package connector_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"
)

type check struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func runInteropHost(t *testing.T, arguments ...string) (checks []check, err error) {
	t.Helper()
	output, err := exec.Command(interopHost, arguments...).Output()
	for line := range bytes.Lines(output) {
		var found check
		if err := json.Unmarshal(line, &found); err != nil {
			t.Fatalf("not JSON: %s", line)
		}
		checks = append(checks, found)
	}
	return checks, err
}

func TestTheInteropHostFindsNothingWrongWithTheExample(t *testing.T) {
	needsRepository(t)
	eachTLS(t, func(t *testing.T, autoMTLS bool) {
		arguments := []string{"-expect-calls", "Log,RecordMetric", httpConnector}
		if autoMTLS {
			arguments = append([]string{"-mtls"}, arguments...)
		}
		checks, err := runInteropHost(t, arguments...)
		if err != nil || len(checks) < 50 {
			t.Errorf("%d checks, %v", len(checks), err)
		}
		for _, check := range checks {
			if !check.OK {
				t.Errorf("%s: %s", check.Check, check.Detail)
			}
		}
	})
}

func TestTheInteropHostFindsFault(t *testing.T) {
	for _, executable := range []string{memoryConnector, "/bin/false"} {
		checks, err := runInteropHost(t, executable)
		failed := 0
		for _, check := range checks {
			if !check.OK {
				failed++
			}
		}
		if err == nil || failed == 0 {
			t.Errorf("%s: %d of %d checks failed, %v", executable, failed, len(checks), err)
		}
		if last := checks[len(checks)-1]; last.Check != "no-socket-left" || !last.OK {
			t.Errorf("%s: ended with %+v", executable, last)
		}
	}
}
