package host

import (
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-plugin"
)

func TestCase62_OnlyAnExecutableWithTheChecksumIsStarted(t *testing.T) {
	t.Parallel()
	executable := filepath.Join(repository, "dist", "bin", "http-connector")
	content, err := os.ReadFile(executable)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip("there is no " + executable + ": npm run executables")
	}
	check(t, err)
	checksum := sha256.Sum256(content)

	h := hostOf(t, executable, checksum[:])
	h.start()
	protocol, err := h.client.Client()
	check(t, err)
	check(t, protocol.Ping())

	checksum[0]++
	other := hostOf(t, executable, checksum[:])
	other.startError("checksums did not match")
	equal(t, processesIn(other.tmp), nil)
}

func hostOf(t *testing.T, executable string, checksum []byte) *host {
	h := newHost(t)
	h.config.HandshakeConfig = plugin.HandshakeConfig{
		ProtocolVersion:  1,
		MagicCookieKey:   "VRSKY_CONNECTOR_PLUGIN",
		MagicCookieValue: "connection-node-4b0e6f0c9a1d4f7e",
	}
	cmd := exec.Command(executable)
	cmd.Env = h.config.Cmd.Env
	h.config.Cmd = cmd
	h.config.SecureConfig = &plugin.SecureConfig{Checksum: checksum, Hash: sha256.New()}
	return h
}
