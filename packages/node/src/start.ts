import { loadConfig } from "./config/load-config.ts";
import { readOtelEnvironment } from "./config/otel-environment.ts";
import { startTelemetry } from "./sdk/start-telemetry.ts";
import { warn } from "./warn.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Options of `register`. */
export interface RegisterOptions {
  /** Where settings are read from. @default process.env */
  readonly environment?: Environment | undefined;
}

/** Telemetry that runs. */
export interface Registration {
  /** Sends what is queued; resolves when that is done, or its time is up. */
  flush(): Promise<void>;
  /** Sends what is queued, and takes everything out of the process again. */
  shutdown(): Promise<void>;
}

/** However often and from however many copies of this package it is asked for, telemetry starts once a process. */
const RUNNING = Symbol.for("spancost.node.registration");
const NOTHING: Registration = { flush: async () => {}, shutdown: async () => {} };

/**
 * Sets up everything that LLM calls need to be seen, attributed, priced and exported: context manager, propagator, sampler, processors,
 * instrumentations, OTLP exporter, flush at exit. An app that runs an OpenTelemetry SDK of its own keeps it, whether it starts before or
 * after; then only the spans of LLM calls are made and exported here. Never throws: what is wrong is logged, and the app runs on.
 */
export function register(options: RegisterOptions = {}): Registration {
  const holder = globalThis as { [RUNNING]?: Registration };
  if (holder[RUNNING] !== undefined) return holder[RUNNING];
  const started = start(options.environment ?? process.env);
  const registration: Registration = {
    flush: () => started.flush(),
    async shutdown() {
      delete holder[RUNNING];
      await started.shutdown();
    },
  };
  holder[RUNNING] = registration;
  return registration;
}

function start(environment: Environment): Registration {
  const otel = readOtelEnvironment(environment);
  if (otel.isDisabled) return NOTHING;
  const { config, problems } = loadConfig(environment);
  for (const problem of [...otel.problems, ...problems]) warn(problem);
  try {
    return startTelemetry(config, otel, environment);
  } catch (error) {
    warn("Spancost could not be started; LLM calls are not seen", error);
    return NOTHING;
  }
}
