package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"google.golang.org/grpc/credentials"
)

// identity is a host's throw-away certificate, made as go-plugin makes them.
type identity struct {
	tls.Certificate
	pem string
}

func newIdentity(t *testing.T) identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		NotBefore:             time.Now().Add(-30 * time.Second),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(block)}
}

// startSecure runs the plugin for a host with the identity.
func startSecure(t *testing.T, host identity, env ...string) *process {
	t.Helper()
	return startProcess(t, append(env, "PLUGIN_CLIENT_CERT="+host.pem)...)
}

func (p *process) certificate() *x509.Certificate {
	p.t.Helper()
	der, err := base64.RawStdEncoding.DecodeString(p.line()[5])
	check(p.t, err)
	certificate, err := x509.ParseCertificate(der)
	check(p.t, err)
	return certificate
}

// tls is what a host trusts and shows.
func (p *process) tls(own ...tls.Certificate) *tls.Config {
	p.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(p.certificate())
	return &tls.Config{RootCAs: roots, Certificates: own, ServerName: "localhost", MinVersion: tls.VersionTLS12}
}

// expectServed proves that the plugin still serves the host that it was started for.
func (p *process) expectServed(host identity) {
	p.t.Helper()
	expectEcho(p.t, p.connect(credentials.NewTLS(p.tls(host.Certificate))))
}
