package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

// rest posts messages to one URL.
type rest struct {
	url    *url.URL
	dialer *net.Dialer
	client *http.Client
}

func newRest(settings restSettings, timeout time.Duration) *rest {
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	dialer := &net.Dialer{Timeout: timeout}
	if !settings.SSRF.AllowPrivate {
		dialer.Control = refusePrivate
	}
	return &rest{url: settings.target, dialer: dialer, client: &http.Client{
		Timeout:   timeout,
		Transport: &http.Transport{DialContext: dialer.DialContext},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// refusePrivate sees the address that is about to be dialled, after the name was resolved.
func refusePrivate(_ string, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err == nil && target.Addr().Unmap().IsGlobalUnicast() && !target.Addr().Unmap().IsPrivate() {
		return nil
	}
	return &connector.PluginError{
		Code:    connector.CodeBlockedDestination,
		Message: "settings.url leads to a private address: set settings.ssrf.allowPrivate to allow it",
		Field:   "settings.url",
	}
}

func (r *rest) send(ctx context.Context, msg connector.Message) (string, error) {
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(msg.Payload))
	if err != nil {
		return "", connector.NewSendError("build the request: "+err.Error(), false)
	}
	call.Header.Set("Content-Type", msg.ContentType)
	call.Header.Set("Idempotency-Key", msg.ID)
	response, err := r.client.Do(call)
	if blocked := new(connector.PluginError); errors.As(err, &blocked) {
		return "", blocked
	} else if err != nil {
		return "", connector.NewConnectionError("POST: " + err.Error())
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, bodyLimitBytes)) // so that the connection is used again
	if response.StatusCode/100 == 2 {
		return msg.ID, nil
	}
	return "", sendError(response)
}

func sendError(response *http.Response) error {
	recoverable := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
	failure := connector.NewSendError(fmt.Sprintf("the endpoint answered %d", response.StatusCode), recoverable)
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		failure.RetryAfter = time.Duration(seconds) * time.Second
	}
	return failure
}

// reach opens a TCP connection to the endpoint, and sends nothing.
func (r *rest) reach(ctx context.Context) error {
	port := cmp.Or(r.url.Port(), map[string]string{"http": "80", "https": "443"}[r.url.Scheme])
	connection, err := r.dialer.DialContext(ctx, "tcp", net.JoinHostPort(r.url.Hostname(), port))
	if blocked := new(connector.PluginError); errors.As(err, &blocked) {
		return blocked
	} else if err != nil {
		return connector.NewConnectionError("settings.url: " + err.Error())
	}
	return connection.Close()
}

// health is that of the endpoint: nothing else of this connection can fail.
func (r *rest) health(ctx context.Context) (connector.HealthReport, error) {
	return connector.HealthReport{}, r.reach(ctx)
}

func (r *rest) start(ctx context.Context) error { return r.reach(ctx) }

func (r *rest) stop(context.Context) error {
	r.client.CloseIdleConnections()
	return nil
}
