import "../run-on-otel-2.ts";
import "./outbound-instrumented.test.ts";
