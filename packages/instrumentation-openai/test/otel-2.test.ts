import "../../instrumentation/test/run-on-otel-2.ts";
import "./openai-instrumentation.test.ts";
