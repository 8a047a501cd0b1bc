type Environment = Readonly<Record<string, string | undefined>>;

/** Where spans go over OTLP/HTTP, and with which headers. */
export interface OtlpTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Files in PEM, under the names of Node's TLS options. */
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
}

const DEFAULT_ENDPOINT = "http://localhost:4318";
const TRACES_PATH = "/v1/traces";
const FILES = [
  ["ca", "CERTIFICATE"],
  ["key", "CLIENT_KEY"],
  ["cert", "CLIENT_CERTIFICATE"],
] as const;

/**
 * Reads the target that `OTEL_EXPORTER_OTLP_*` names, as the exporters do. Pure.
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/ 1.50
 */
export function readOtlpTarget(environment: Environment): OtlpTarget {
  const base = environment["OTEL_EXPORTER_OTLP_ENDPOINT"] || DEFAULT_ENDPOINT;
  return {
    url: environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] || base.replace(/\/+$/, "") + TRACES_PATH,
    headers: {
      ...readHeaders(environment["OTEL_EXPORTER_OTLP_HEADERS"]),
      ...readHeaders(environment["OTEL_EXPORTER_OTLP_TRACES_HEADERS"]),
    },
    ...readFiles(environment),
  };
}

function readFiles(environment: Environment): Pick<OtlpTarget, "ca" | "key" | "cert"> {
  const files = FILES.map(([option, name]) => [
    option,
    environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`],
  ]);
  return Object.fromEntries(files.filter(([, path]) => path !== undefined && path !== ""));
}

function readHeaders(list: string | undefined): Record<string, string> {
  const pairs = (list ?? "").split(",").flatMap((part) => {
    const [name = "", ...value] = part.split("=");
    return name.trim() === "" || value.length === 0 ? [] : [[name.trim(), decode(value.join("=").trim())] as const];
  });
  return Object.fromEntries(pairs);
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
