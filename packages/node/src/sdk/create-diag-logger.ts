import { DiagConsoleLogger, DiagLogLevel, type DiagLogger } from "@opentelemetry/api";
import type { LogLevel } from "../config/otel-environment.ts";

const LEVELS: Readonly<Record<LogLevel, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
  all: DiagLogLevel.ALL,
};
const PREFIX = "spancost:";

/**
 * The logger of an app that has none: everything down to the level that `OTEL_LOG_LEVEL` names; without it our own warnings and errors, so
 * that what goes wrong here is not silent, and OpenTelemetry is as silent as it is without us.
 */
export function createDiagLogger(level: LogLevel | undefined): { logger: DiagLogger; level: DiagLogLevel } {
  const logger = new DiagConsoleLogger();
  return level === undefined
    ? { logger: onlyOurs(logger), level: DiagLogLevel.WARN }
    : { logger, level: LEVELS[level] };
}

function onlyOurs({ error, warn }: DiagLogger): DiagLogger {
  return {
    error: (message, ...rest) => (message.startsWith(PREFIX) ? error(message, ...rest) : undefined),
    warn: (message, ...rest) => (message.startsWith(PREFIX) ? warn(message, ...rest) : undefined),
    info() {},
    debug() {},
    verbose() {},
  };
}
