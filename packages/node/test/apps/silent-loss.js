// An app whose attribution is lost: somebody took the context manager out.
import { DiagConsoleLogger, DiagLogLevel, context, diag } from "@opentelemetry/api";
import { withAttribution } from "@spancost/otel";

if (process.argv[2] === "own-logger") diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.ERROR);
context.disable();
withAttribution({ tenantId: "acme" }, () => {});
diag.warn("OpenTelemetry's own");
