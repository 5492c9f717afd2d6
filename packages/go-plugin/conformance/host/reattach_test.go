package host

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-plugin"
)

func TestCase58_AnotherHostReattachesAndKills(t *testing.T) {
	t.Parallel()
	h := start(t)
	other := bareHost(t, h.tmp)
	other.config.Plugins = plugins
	other.config.Reattach = h.client.ReattachConfig()
	other.start()
	protocol, err := other.client.Client()
	check(t, err)
	check(t, protocol.Ping())
	other.echo()
	h.echo()
	other.client.Kill()
	eventually(t, "the plugin's end is known to both", func() bool {
		return other.client.Exited() && h.client.Exited()
	})
	exited, _ := h.log.find("plugin process exited")
	equal(t, exited["error"], nil)
}

func TestCase59_TestModeOutlivesItsHosts(t *testing.T) {
	t.Parallel()
	p := startProgram(t, filepath.Join(fixtures, "test-mode.ts"))
	var config struct {
		ProtocolVersion int
		Address         struct{ Network, Address string }
		Pid             int
		Test            bool
	}
	eventually(t, "its reattach configuration", func() bool {
		return json.Unmarshal([]byte(p.stdout.String()), &config) == nil
	})
	printed := p.stdout.String()
	equal(t, config.Test, true)
	equal(t, config.Pid, p.cmd.Process.Pid)
	for range 2 {
		h := bareHost(t, p.tmp)
		h.config.Plugins = plugins
		h.config.Reattach = &plugin.ReattachConfig{
			Protocol:        plugin.ProtocolGRPC,
			ProtocolVersion: config.ProtocolVersion,
			Addr:            unix(config.Address.Address),
			Pid:             config.Pid,
			Test:            true,
		}
		h.start()
		equal(t, h.client.NegotiatedVersion(), 3)
		h.echo()
		h.client.Kill()
	}
	equal(t, p.stdout.String(), printed)
	equal(t, p.terminate(), 0)
}
