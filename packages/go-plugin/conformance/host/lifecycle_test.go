package host

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

// shutdownLimit is how long go-plugin waits before it kills.
const shutdownLimit = 2 * time.Second

func TestCase33_KillEndsItByShutdownAlone(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		h.echo()
		expectQuickKill(t, h)
		equal(t, filesIn(h.tmp), nil)
	})
}

// expectQuickKill kills, and wants a clean exit of the plugin, by itself.
func expectQuickKill(t *testing.T, h *host) {
	t.Helper()
	began := time.Now()
	h.client.Kill()
	if took := time.Since(began); took >= shutdownLimit {
		t.Errorf("Kill took %s", took)
	}
	if exited, found := h.log.find("plugin process exited"); !found || exited["error"] != nil {
		t.Errorf("the end was %v", exited)
	}
	if !h.client.Exited() {
		t.Error("the plugin is still there")
	}
}

func TestCase34_KillEndsItWhileCallsAndStreamsAreOpen(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		call := make(chan error, 1)
		go func() {
			_, err := h.Run(h.ctx, &testingpb.Payload{Text: "hang"})
			call <- err
		}()
		echoes, err := h.EchoStream(h.ctx)
		check(t, err)
		check(t, echoes.Send(&testingpb.Payload{Text: "hello"}))
		_, err = echoes.Recv()
		check(t, err)
		watch, err := grpc_health_v1.NewHealthClient(h.conn).Watch(h.ctx, &grpc_health_v1.HealthCheckRequest{})
		check(t, err)
		_, err = watch.Recv()
		check(t, err)

		expectQuickKill(t, h)
		if err := next(t, call); err == nil {
			t.Error("the call got an answer")
		}
		if _, err := echoes.Recv(); err == nil {
			t.Error("the stream goes on")
		}
		if _, err := watch.Recv(); err == nil {
			t.Error("the watch goes on")
		}
	})
}

func TestCase35_KillMayBeCalledAgain(t *testing.T) {
	t.Parallel()
	h := start(t)
	expectQuickKill(t, h)
	expectQuickKill(t, h)
	equal(t, h.client.Exited(), true)
}

func TestCase36_SIGINTIsIgnored(t *testing.T) {
	t.Parallel()
	h := start(t)
	for range 3 {
		check(t, syscall.Kill(h.pid(), syscall.SIGINT))
		h.echo()
	}
	eventually(t, "the signal is in the log", func() bool {
		return h.log.has("plugin received interrupt signal, ignoring")
	})
	h.echo()
	expectQuickKill(t, h)
}

func TestCase37_AKilledHostIsNoticed(t *testing.T) {
	t.Parallel()
	outliving := newOrphan(t, "TESTING_OUTLIVE_HOST=1")
	t.Cleanup(func() { _ = syscall.Kill(outliving.pid, syscall.SIGTERM) })

	eventually(t, "the plugin of a killed host ends", newOrphan(t).gone)

	conn := dial(t, outliving.address, insecure.NewCredentials())
	testing := testingpb.NewTestingClient(conn)
	expectEcho(t, testing)
	if runtime.GOOS == "linux" {
		before := cpuTime(t, outliving.pid)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := testing.Run(ctx, &testingpb.Payload{Text: "hang"})
		equal(t, status.Code(err), codes.DeadlineExceeded)
		if used := cpuTime(t, outliving.pid) - before; used > 300*time.Millisecond {
			t.Errorf("while it had nothing to do, the plugin ran for %s of a second", used)
		}
	}
	check(t, conn.Close())
	check(t, syscall.Kill(outliving.pid, syscall.SIGTERM))
	eventually(t, "SIGTERM ends it", outliving.gone)
}

// cpuTime tells for how long a process has been running on a processor.
func cpuTime(t *testing.T, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	check(t, err)
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")"):])) // its name may have spaces
	var ticks int
	for _, field := range fields[12:14] {
		count, err := strconv.Atoi(field)
		check(t, err)
		ticks += count
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
