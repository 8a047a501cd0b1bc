"""Sends one span over OTLP/gRPC: send.py ADDRESS gzip|none"""
import sys

from grpc import Compression
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

address, compression = sys.argv[1:]
exporter = OTLPSpanExporter(
    endpoint=address,
    insecure=True,
    headers=(("authorization", "Bearer secret"),),
    compression=Compression.Gzip if compression == "gzip" else Compression.NoCompression,
)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
provider.get_tracer("test").start_span("chat").end()
provider.shutdown()
