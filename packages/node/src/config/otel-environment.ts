/** What OpenTelemetry's own variables ask of an SDK, as far as the SDK's packages do not read them themselves. */
export interface OtelEnvironment {
  /** `OTEL_SDK_DISABLED` */
  readonly isDisabled: boolean;
  /** `OTEL_TRACES_EXPORTER` */
  readonly exporters: readonly ExporterName[];
  /** `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL` */
  readonly protocol: OtlpProtocol;
  /** `OTEL_TRACES_SAMPLER`, with `OTEL_TRACES_SAMPLER_ARG` */
  readonly sampler: SamplerSetting;
  /** `OTEL_LOG_LEVEL`; `undefined` when it is not set. */
  readonly logLevel: LogLevel | undefined;
  /** `OTEL_PROPAGATORS` */
  readonly propagators: readonly PropagatorName[];
  /** Values that are not understood, each with what holds instead. */
  readonly problems: readonly string[];
}

const EXPORTERS = ["otlp", "console", "none"] as const;
const PROTOCOLS = ["http/protobuf", "http/json", "grpc"] as const;
const SAMPLERS = ["always_on", "always_off", "traceidratio"] as const;
const PROPAGATORS = ["tracecontext", "baggage", "none"] as const;

const LOG_LEVELS = ["none", "error", "warn", "info", "debug", "verbose", "all"] as const;

/** A level of OpenTelemetry's own log. */
export type LogLevel = (typeof LOG_LEVELS)[number];
/** A way to export that is built in. */
type ExporterName = (typeof EXPORTERS)[number];
/** A protocol of OTLP; for `grpc` the app has the exporter. */
type OtlpProtocol = (typeof PROTOCOLS)[number];
/** A propagator that is built in. */
export type PropagatorName = (typeof PROPAGATORS)[number];

/** Which traces are sampled. */
export interface SamplerSetting {
  readonly root: (typeof SAMPLERS)[number];
  /** Share of traces for `traceidratio`, from 0 to 1. */
  readonly ratio: number;
  /** Whether a parent's decision is followed. */
  readonly isParentBased: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads OpenTelemetry's variables. Pure; what is not understood becomes a problem and the specification's default.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ 1.50
 */
export function readOtelEnvironment(environment: Environment): OtelEnvironment {
  const problems: string[] = [];
  const protocol = environment["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] || environment["OTEL_EXPORTER_OTLP_PROTOCOL"];
  return {
    isDisabled: environment["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true",
    exporters: readList(environment, "OTEL_TRACES_EXPORTER", EXPORTERS, ["otlp"], problems),
    protocol: readOne("OTEL_EXPORTER_OTLP_PROTOCOL", protocol, PROTOCOLS, problems),
    sampler: readSampler(environment, problems),
    logLevel: LOG_LEVELS.find((level) => level === environment["OTEL_LOG_LEVEL"]?.trim().toLowerCase()),
    propagators: readList(environment, "OTEL_PROPAGATORS", PROPAGATORS, ["tracecontext", "baggage"], problems),
    problems,
  };
}

function readSampler(environment: Environment, problems: string[]): SamplerSetting {
  const name = environment["OTEL_TRACES_SAMPLER"]?.trim() || "parentbased_always_on";
  const isParentBased = name.startsWith("parentbased_");
  const root = readOne("OTEL_TRACES_SAMPLER", name.replace("parentbased_", ""), SAMPLERS, problems);
  const argument = environment["OTEL_TRACES_SAMPLER_ARG"];
  const ratio = argument === undefined || argument === "" ? 1 : Number(argument);
  const isRatio = ratio >= 0 && ratio <= 1;
  if (root === "traceidratio" && !isRatio)
    problems.push(`OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, it is "${argument}"; 1 is used`);
  return { root, ratio: isRatio ? ratio : 1, isParentBased };
}

function readList<Name extends string>(
  environment: Environment,
  variable: string,
  names: readonly Name[],
  fallback: readonly Name[],
  problems: string[],
): readonly Name[] {
  const parts = (environment[variable] ?? "").split(",").flatMap((part) => part.trim() || []);
  const known = parts.flatMap((part) => names.find((name) => name === part) ?? []);
  for (const part of parts)
    if (!known.some((name) => name === part)) problems.push(describeUnknown(variable, part, names));
  return known.length > 0 ? known : fallback;
}

function readOne<Name extends string>(
  variable: string,
  value: string | undefined,
  names: readonly [Name, ...Name[]],
  problems: string[],
): Name {
  const [fallback] = names;
  const found = names.find((name) => name === value?.trim());
  if (found === undefined && value !== undefined && value !== "")
    problems.push(`${describeUnknown(variable, value, names)}; ${fallback} is used`);
  return found ?? fallback;
}

function describeUnknown(variable: string, value: string, names: readonly string[]): string {
  return `${variable} knows ${names.join(", ")} here, not "${value}"`;
}
