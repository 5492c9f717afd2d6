package host

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/ValueRetail/vrsky-go-plugin-conformance/testingpb"
)

func TestCase2_AutoMTLSIsTLS13(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	h.config.AutoMTLS = true
	h.start()
	protocol, err := h.client.Client()
	check(t, err)
	check(t, protocol.Ping())
	equal(t, tlsVersion(t, h.TestingClient), tls.VersionTLS13)
}

func TestCase3_AClientThatKnowsOnlyTLS12(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	p := startSecure(t, host)
	config := p.tls(host.Certificate)
	config.MaxVersion = tls.VersionTLS12
	equal(t, tlsVersion(t, p.connect(credentials.NewTLS(config))), tls.VersionTLS12)
}

// tlsVersion makes a call, and tells how it was protected.
func tlsVersion(t *testing.T, client testingpb.TestingClient) uint16 {
	t.Helper()
	var server peer.Peer
	expectEcho(t, client, grpc.Peer(&server))
	return server.AuthInfo.(credentials.TLSInfo).State.Version
}

func TestCase7_TheCertificateFieldIsNeverPadded(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	// Lengths vary with the signature. Base64 pads two of three, so all three are waited for.
	remainders := map[int]int{}
	for runs := 0; runs < 30 || len(remainders) < 3; runs += 3 {
		if runs > 200 {
			t.Fatalf("not every length after %d runs: %v", runs, remainders)
		}
		processes := []*process{startSecure(t, host), startSecure(t, host), startSecure(t, host)}
		for _, p := range processes {
			field := p.line()[5]
			if strings.Contains(field, "=") {
				t.Fatalf("padded: %s", field)
			}
			der, err := base64.RawStdEncoding.DecodeString(field)
			check(t, err)
			remainders[len(der)%3]++
			equal(t, p.terminate(), 0)
		}
	}
}

func TestCase9_TheCertificateIsWhatGoAsksFor(t *testing.T) {
	t.Parallel()
	certificate := startSecure(t, newIdentity(t)).certificate()
	check(t, certificate.VerifyHostname("localhost"))
	equal(t, certificate.DNSNames, []string{"localhost"})
	if now := time.Now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		t.Errorf("valid from %s to %s", certificate.NotBefore, certificate.NotAfter)
	}
	if certificate.SerialNumber.Sign() <= 0 {
		t.Errorf("serial number %s", certificate.SerialNumber)
	}
	check(t, certificate.CheckSignatureFrom(certificate))
}

func TestCase10_AClientWithoutACertificateIsRefused(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	p := startSecure(t, host)
	expectUnavailable(t, p.connect(credentials.NewTLS(p.tls())))
	p.expectServed(host)
}

func TestCase11_AClientWithAnotherCertificateIsRefused(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	p := startSecure(t, host)
	expectUnavailable(t, p.connect(credentials.NewTLS(p.tls(newIdentity(t).Certificate))))
	p.expectServed(host)
}

func TestCase12_APlaintextClientIsRefused(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	p := startSecure(t, host)
	expectUnavailable(t, p.connect(nil))
	p.expectServed(host)
}

func expectUnavailable(t *testing.T, client testingpb.TestingClient) {
	t.Helper()
	_, err := client.Echo(t.Context(), &testingpb.Payload{Text: "hello"})
	equal(t, status.Code(err), codes.Unavailable)
}

func TestCase13_HTTP2MustBeAgreedOnInTheTLSHandshake(t *testing.T) {
	t.Parallel()
	host := newIdentity(t)
	p := startSecure(t, host)
	for _, protocols := range [][]string{{"h2"}, {"http/1.1"}, nil} {
		config := p.tls(host.Certificate)
		config.NextProtos = protocols
		answer, agreed := greet(t, p, config)
		if slices.Contains(protocols, "h2") {
			equal(t, agreed, "h2")
			equal(t, isSettingsFrame(answer), true)
		} else if isSettingsFrame(answer) {
			t.Errorf("HTTP/2 without agreeing on it, with %q", protocols)
		}
	}
	p.expectServed(host)
}

// greet connects and begins to talk HTTP/2. It gives the first bytes of the answer, if there is one, and the protocol
// that was agreed on.
func greet(t *testing.T, p *process, config *tls.Config) (answer []byte, protocol string) {
	t.Helper()
	address := p.address()
	conn, err := tls.Dial(address.Network(), address.String(), config)
	if err != nil {
		return nil, ""
	}
	defer func() { _ = conn.Close() }()
	check(t, conn.SetDeadline(time.Now().Add(patience)))
	_, _ = conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
	answer = make([]byte, 9)
	count, _ := io.ReadFull(conn, answer)
	return answer[:count], conn.ConnectionState().NegotiatedProtocol
}

func isSettingsFrame(answer []byte) bool {
	return len(answer) == 9 && answer[3] == 4
}
