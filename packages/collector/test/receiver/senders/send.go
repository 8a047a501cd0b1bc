// Sends one span over OTLP/gRPC: send ADDRESS gzip|none
package main

import (
	"context"
	"os"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/trace"
)

func main() {
	ctx := context.Background()
	options := []otlptracegrpc.Option{
		otlptracegrpc.WithEndpoint(os.Args[1]),
		otlptracegrpc.WithInsecure(),
		otlptracegrpc.WithHeaders(map[string]string{"authorization": "Bearer secret"}),
	}
	if os.Args[2] == "gzip" {
		options = append(options, otlptracegrpc.WithCompressor("gzip"))
	}
	exporter, err := otlptracegrpc.New(ctx, options...)
	if err != nil {
		panic(err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	_, span := provider.Tracer("test").Start(ctx, "chat")
	span.End()
	if err := provider.Shutdown(ctx); err != nil {
		panic(err)
	}
}
