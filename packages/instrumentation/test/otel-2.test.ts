import "./run-on-otel-2.ts";
import "./hooks/fetch-hook.test.ts";
