package host

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// doomedHost makes of this test binary a host that waits to be killed before it could kill its plugin.
const doomedHost = "CONFORMANCE_DOOMED_HOST"

func runDoomedHost() {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugins,
		Cmd:              exec.Command(os.Getenv(doomedHost)),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err == nil {
		err = protocol.Ping()
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(client.ID(), client.ReattachConfig().Addr)
	select {}
}

// orphan is a plugin whose host was killed.
type orphan struct {
	pid     int
	address net.Addr
	tmp     string
}

func newOrphan(t *testing.T, env ...string) *orphan {
	t.Helper()
	o := &orphan{tmp: newTmp(t)}
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), "TMPDIR="+o.tmp, doomedHost+"="+filepath.Join(fixtures, "plugin.ts"))
	host.Env = append(host.Env, env...)
	host.Stderr = os.Stderr
	stdout, err := host.StdoutPipe()
	check(t, err)
	check(t, host.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_ = host.Process.Kill()
	_ = host.Wait()
	check(t, err)
	var path string
	_, err = fmt.Sscan(line, &o.pid, &path)
	check(t, err)
	o.address = &net.UnixAddr{Net: "unix", Name: path}
	return o
}

func (o *orphan) gone() bool {
	return len(processesIn(o.tmp)) == 0 && len(filesIn(o.tmp)) == 0
}
