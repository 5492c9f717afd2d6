package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ValueRetail/vrsky/pkg/connector"
)

const (
	bodyLimitBytes = 1 << 20
	maxWaiting     = 64 // with the body limit: at most 64 MiB wait
	ackTimeout     = 10 * time.Second
)

// webhook turns requests into deliveries. Each request waits, with its caller, for its settlement.
type webhook struct {
	settings webhookSettings
	server   *http.Server
	port     string
	waiting  chan *request
	slots    chan struct{} // one per caller, waiting or delivered
	closing  chan struct{} // closed by stop

	mu          sync.Mutex
	outstanding map[string]*request
}

// request is one waiting caller.
type request struct {
	message connector.Message
	gone    <-chan struct{}
	answer  chan connector.Reply // takes one
}

func newWebhook(settings webhookSettings) *webhook {
	return &webhook{
		settings:    settings,
		waiting:     make(chan *request, maxWaiting),
		slots:       make(chan struct{}, maxWaiting),
		closing:     make(chan struct{}),
		outstanding: map[string]*request{},
	}
}

func (w *webhook) start(ctx context.Context) error {
	listener, err := w.settings.listen(ctx)
	if err != nil {
		return err
	}
	_, w.port, _ = net.SplitHostPort(listener.Addr().String())
	w.server = &http.Server{Handler: w, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second}
	go func() { _ = w.server.Serve(listener) }()
	return nil
}

// reach opens the port for a moment.
func (w *webhook) reach(ctx context.Context) error {
	listener, err := w.settings.listen(ctx)
	if err != nil {
		return err
	}
	return listener.Close()
}

func (s webhookSettings) listen(ctx context.Context) (net.Listener, error) {
	address := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		failure := connector.NewConnectionError("listen on " + address + ": " + err.Error())
		failure.Reason, failure.Field = "PORT_IN_USE", "settings.port"
		return nil, failure
	}
	return listener, nil
}

func (w *webhook) ServeHTTP(response http.ResponseWriter, incoming *http.Request) {
	if incoming.Method != http.MethodPost {
		http.Error(response, "POST only", http.StatusMethodNotAllowed)
		return
	}
	select {
	case w.slots <- struct{}{}: // before the body is read: what is not admitted takes no memory
		defer func() { <-w.slots }()
	default:
		refuse(response)
		return
	}
	payload, err := io.ReadAll(http.MaxBytesReader(response, incoming.Body, bodyLimitBytes))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		http.Error(response, "body above the limit", http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		return // the caller is gone
	}
	caller := &request{
		message: toMessage(incoming, payload),
		gone:    incoming.Context().Done(),
		answer:  make(chan connector.Reply, 1),
	}
	w.offer(caller)
	select {
	case reply := <-caller.answer:
		write(response, reply)
	case <-caller.gone:
	}
}

func toMessage(incoming *http.Request, payload []byte) connector.Message {
	headers := map[string]string{}
	for name, values := range incoming.Header {
		headers[strings.ToLower(name)] = strings.ToValidUTF8(strings.Join(values, ", "), "\uFFFD")
	}
	return connector.Message{
		ID:          newID(),
		Payload:     payload,
		ContentType: headers["content-type"],
		Headers:     headers,
		Timestamp:   time.Now(),
	}
}

func write(response http.ResponseWriter, reply connector.Reply) {
	if reply.Status == http.StatusServiceUnavailable {
		refuse(response)
		return
	}
	for name, value := range reply.Headers {
		response.Header().Set(name, value)
	}
	if reply.Status < 200 || reply.Status > 599 {
		reply.Status = http.StatusAccepted
	}
	response.WriteHeader(reply.Status)
	_, _ = response.Write(reply.Payload)
}

func refuse(response http.ResponseWriter) {
	response.Header().Set("Retry-After", "5")
	http.Error(response, "busy, try again", http.StatusServiceUnavailable)
}
