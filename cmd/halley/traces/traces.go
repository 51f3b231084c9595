// Package traces sends spans of publishes, handshakes and questions to an authority to an OpenTelemetry collector. The standard
// variables turn it on and set it; without them there is none of it.
package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"halley/loop"
)

// Traces makes spans of what the server did. Nil traces nothing.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	spans    *loop.Spans
}

// The variables that decide whether there are traces.
const (
	exporterVar = "OTEL_TRACES_EXPORTER"
	disabledVar = "OTEL_SDK_DISABLED"
	protocolVar = "OTEL_EXPORTER_OTLP_PROTOCOL"
)

func endpointVars() []string {
	return []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}
}

func protocolVars() []string { return []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocolVar} }

// wanted tells whether the environment asks for traces. An error names the variable to change.
func wanted(getenv func(string) string) (bool, error) {
	endpoint := false
	for _, name := range endpointVars() {
		value := getenv(name)
		if value == "" {
			continue
		}
		if u, err := url.Parse(value); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return false, fmt.Errorf("%s: want a URL such as http://localhost:4318, not %q", name, value)
		}
		endpoint = true
	}
	switch exporter := getenv(exporterVar); {
	case strings.EqualFold(getenv(disabledVar), "true"), exporter == "none", exporter == "" && !endpoint:
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("%s: halley has otlp and none, not %q", exporterVar, exporter)
	}
	for _, name := range protocolVars() {
		if value := getenv(name); value != "" && value != "http/protobuf" {
			return false, fmt.Errorf("%s: halley speaks http/protobuf, not %q", name, value)
		}
	}
	return true, nil
}

// Open begins to trace, if the environment asks for it; otherwise it returns nil. Where the spans go, how many at once and which
// ones is read from it by the library (OTEL_EXPORTER_OTLP_…, OTEL_BSP_…, OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES).
func Open(ctx context.Context, getenv func(string) string, version string, log *slog.Logger) (*Traces, error) {
	if on, err := wanted(getenv); !on {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", exporterVar, err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "halley"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(&complaints{log: log})
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return &Traces{provider, provider.Tracer("halley"), loop.NewSpans()}, nil
}

// Spans is where the event loops hand over what they have to tell; nil where nothing is traced.
func (t *Traces) Spans() *loop.Spans {
	if t == nil {
		return nil
	}
	return t.spans
}

// farewell is how long the last spans may take to go.
const farewell = 2 * time.Second

// Start makes spans of what is handed over, until what it returns is called, which sends the last ones.
func (t *Traces) Start() (stop func()) {
	if t == nil {
		return func() {}
	}
	end := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() { t.run(end) })
	return func() {
		close(end)
		group.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		if err := t.provider.Shutdown(ctx); err != nil {
			otel.Handle(err)
		}
	}
}

func (t *Traces) run(end <-chan struct{}) {
	for {
		select {
		case p := <-t.spans.Taken():
			t.record(p)
		case <-end:
			t.drain()
			return
		}
	}
}

// drain makes spans of what has been handed over.
func (t *Traces) drain() {
	for {
		select {
		case p := <-t.spans.Taken():
			t.record(p)
		default:
			return
		}
	}
}

// record makes a span of what is over.
func (t *Traces) record(p loop.Span) {
	parent := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": p.Parent})
	kind := trace.SpanKindServer
	if p.Outward {
		kind = trace.SpanKindClient
	}
	_, span := t.tracer.Start(parent, p.Name, trace.WithTimestamp(p.Began), trace.WithSpanKind(kind))
	if span.IsRecording() {
		span.SetAttributes(attributesOf(p)...)
		if p.Failed {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End(trace.WithTimestamp(p.Began.Add(p.Took)))
}

func attributesOf(p loop.Span) (list []attribute.KeyValue) {
	if p.Type != "" {
		list = append(list, attribute.String("halley.connection_type", p.Type))
	}
	if p.Client != "" {
		list = append(list, attribute.String("client.address", p.Client))
	}
	if p.Messages > 0 {
		list = append(list, attribute.Int("messaging.batch.message_count", p.Messages))
	}
	if p.Status > 0 {
		list = append(list, attribute.Int("http.response.status_code", p.Status))
	}
	return list
}

// complaints tells of what the library could not do, once a minute: a collector that is down is no fault of ours.
type complaints struct {
	log  *slog.Logger
	next atomic.Int64 // seconds since 1970
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	now, next := time.Now().Unix(), c.next.Load()
	if now >= next && c.next.CompareAndSwap(next, now+60) {
		c.log.Warn("traces do not go", "error", err)
	}
}
