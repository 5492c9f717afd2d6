package host

import (
	"crypto/tls"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

func TestCase38_ThePluginDialsTheHost(t *testing.T) {
	t.Parallel()
	h := start(t)
	id, offered := h.accept()
	h.expectCallback(id)
	equal(t, next(t, offered.callers).AuthInfo, nil)
}

func TestCase39_ThePluginDialsTheHostWithAutoMTLS(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.config.AutoMTLS = true
	h.start()
	id, offered := h.accept()
	h.expectCallback(id)
	caller := next(t, offered.callers).AuthInfo.(credentials.TLSInfo).State.PeerCertificates[0]
	var main peer.Peer
	expectEcho(t, h.TestingClient, grpc.Peer(&main))
	equal(t, caller.Equal(main.AuthInfo.(credentials.TLSInfo).State.PeerCertificates[0]), true)

	// The plugin knows the host's certificate as well: somebody else at the announced address is refused.
	id = h.broker.NextId()
	listener, err := h.broker.Accept(id)
	check(t, err)
	another := newIdentity(t)
	impostor := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&another.Certificate)))
	testingpb.RegisterTestingServer(impostor, &service{})
	go func() { _ = impostor.Serve(listener) }()
	defer impostor.Stop()
	_, err = h.letDial("dial", id)
	if text := fmt.Sprint(err); !strings.Contains(text, "could not connect") || !strings.Contains(text, "certificate") {
		t.Fatalf("got %s", text)
	}
}

func TestCase40_TheHostDialsThePlugin(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		conn := h.letAccept()
		expectEcho(t, testingpb.NewTestingClient(conn))
		_, err := grpc_health_v1.NewHealthClient(conn).Check(h.ctx, &grpc_health_v1.HealthCheckRequest{})
		equal(t, status.Code(err), codes.Unimplemented) // only what the application registered

		if !h.config.AutoMTLS {
			return
		}
		sockets := filesIn(h.tmp)
		equal(t, len(sockets), 2)
		for _, socket := range sockets {
			stranger := &tls.Config{Certificates: []tls.Certificate{newIdentity(t).Certificate}, InsecureSkipVerify: true}
			expectUnavailable(t, testingpb.NewTestingClient(dial(t, unix(socket), credentials.NewTLS(stranger))))
		}
	})
}

func TestCase41_BothDialEachOtherInOneCall(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		id, _ := h.accept()
		text, err := h.letDial("dial both ways", id)
		check(t, err)
		equal(t, text, "by the host, back to the plugin")
	})
}

func TestCase42_DiallingWhatNobodyAcceptsTimesOut(t *testing.T) {
	t.Parallel()
	h := start(t)
	began := time.Now()
	_, err := h.letDial("dial", 77)
	if text := fmt.Sprint(err); !strings.Contains(text, "timeout waiting for connection info") {
		t.Fatalf("got %s", text)
	}
	if took := time.Since(began); took < 4900*time.Millisecond || took > 4*5*time.Second {
		t.Errorf("it took %s", took)
	}
	h.echo()
	id, _ := h.accept()
	h.expectCallback(id)
}

func TestCase43_AcceptingMayComeBeforeOrAfterDialling(t *testing.T) {
	t.Parallel()
	h := start(t)
	early, _ := h.accept()
	h.echo() // after the announcement, on the same connection
	h.expectCallback(early)

	late := h.broker.NextId()
	answer := make(chan string, 1)
	go func() {
		text, err := h.letDial("dial", late)
		answer <- fmt.Sprint(text, err)
	}()
	eventually(t, "the plugin dials", func() bool { return h.do("dials") == "2" })
	h.acceptAs(late)
	equal(t, next(t, answer), calledBack+"<nil>")
}

func TestCase44_ManyConnectionsInSequenceAndAtOnce(t *testing.T) {
	t.Parallel()
	eachTLS(t, func(t *testing.T, h *host) {
		both := func() {
			id, _ := h.accept()
			text, err := h.letDial("dial", id)
			if err != nil || text != calledBack {
				t.Errorf("got %q, %v", text, err)
			}
			accepted, err := h.Run(h.ctx, &testingpb.Payload{Text: "accept"})
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := (&service{h: h}).Run(h.ctx, accepted)
			if err != nil || answer.Text != "by the host, back to the plugin" {
				t.Errorf("got %v, %v", answer, err)
			}
		}
		for range 50 {
			both()
		}
		var parallel sync.WaitGroup
		for range 20 {
			parallel.Go(both)
		}
		parallel.Wait()
	})
}
