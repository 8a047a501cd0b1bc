import { z } from "zod";
import { ServerError } from "../server-error.ts";

const PORT_MAX = 65_535;
const DEFAULT_MAX_BODY_BYTES = 20 * 1024 * 1024;
const DEFAULT_SPOOL_BYTES = 2 * 1024 * 1024 * 1024;
const MAX_RETENTION_DAYS = 36_500;
const NAME_LIST = /^[\w.-]{1,64}(?:,[\w.-]{1,64})*$/;

const port = (fallback: number) => z.coerce.number().int().min(0).max(PORT_MAX).default(fallback);
const count = (fallback: number, min = 1) => z.coerce.number().int().min(min).default(fallback);
const days = (fallback: number) => z.coerce.number().int().min(1).max(MAX_RETENTION_DAYS).default(fallback);
const file = () => z.string().min(1).optional();
const attributeKey = (fallback: string) => z.string().min(1).max(64).default(fallback);

/** Every setting of the server, with its default and what it means. */
const SCHEMA = z.object({
  data: z.string().min(1).default("spancost-data").describe("Folder of the embedded database."),
  host: z.string().min(1).default("127.0.0.1").describe("Address to listen on. Anything but loopback needs a token."),
  port: port(4400).describe("Port of the API; 0 is any free one."),
  otlpHttpPort: port(4318).describe("Port of the OTLP/HTTP receiver; 0 is any free one."),
  otlpGrpcPort: port(4317).describe("Port of the OTLP/gRPC receiver; 0 is any free one."),
  sqlPort: port(8123).describe(
    "Port of the read-only SQL endpoint, which speaks ClickHouse's HTTP interface; 0 is any free one.",
  ),
  clickhouseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("A ClickHouse server (25.8 or newer) to use instead of the embedded database."),
  token: z.string().min(16).optional().describe("Bearer token that every request must carry; at least 16 characters."),
  adminToken: z
    .string()
    .min(16)
    .optional()
    .describe(
      "Bearer token for what changes stored calls, such as reprice --apply; at least 16 characters. Without it nobody can.",
    ),
  ingestTokens: file().describe(
    "JSON file of tokens that may send spans and nothing else, and may be bound to tenants and services (see below).",
  ),
  tlsCert: file().describe(
    "PEM file with the certificate, and those between it and its authority, for TLS on every port; goes with SPANCOST_TLS_KEY.",
  ),
  tlsKey: file().describe("PEM file with the certificate's private key, not encrypted."),
  tlsClientCa: file().describe(
    "PEM file with the authority whose client certificates are let in; without it a certificate is not asked for.",
  ),
  rates: file().describe(
    "JSON file with the operator's own contracts and model mappings (see packages/rates/README.md).",
  ),
  maxBodyBytes: z.coerce
    .number()
    .int()
    .min(1024)
    .default(DEFAULT_MAX_BODY_BYTES)
    .describe("Largest body of an OTLP request, in bytes, packed and unpacked."),
  maxConnections: count(2_000).describe("Connections at once, of each port; further ones are closed."),
  maxConcurrentRequests: count(128).describe(
    "OTLP requests under way at once, over HTTP and gRPC together; further ones are refused for now (429, RESOURCE_EXHAUSTED). Times SPANCOST_MAX_BODY_BYTES, it bounds the memory for bodies.",
  ),
  spoolMaxBytes: count(DEFAULT_SPOOL_BYTES).describe(
    "Disk that spans may take which are acknowledged and not yet in the database, in bytes; when it is full, requests are refused for now. Files to be written again take up to an eighth of it more, and at most 32 MiB.",
  ),
  sealGraceMs: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(5_000)
    .describe("How long an hour must be quiet before its roll-up is used, in milliseconds."),
  retentionLedgerDays: days(400).describe("Days that calls are kept, by their own time."),
  retentionSpansDays: days(30).describe("Days that raw spans (otel_traces) are kept."),
  retentionHistoryDays: days(400).describe("Days that former versions of calls (calls_history) are kept."),
  logLevel: z
    .enum(["info", "warn", "error", "silent"])
    .default("info")
    .describe("Least level that is logged, to standard error: info, warn, error or silent."),
  logFormat: z
    .enum(["auto", "json", "text"])
    .default("auto")
    .describe("Lines of JSON or of text; auto is text on a terminal and JSON elsewhere."),
  labels: z
    .string()
    .regex(NAME_LIST)
    .optional()
    .describe("Span attributes to keep as labels of a call, separated by commas."),
  storeContent: z.stringbool().default(false).describe("Store prompts and completions that spans carry."),
  tenantKey: attributeKey("tenant_id").describe("Span attribute that holds the tenant."),
  userKey: attributeKey("user_id").describe("Span attribute that holds the user."),
  featureKey: attributeKey("feature").describe("Span attribute that holds the feature."),
});

/** Settings as flags and environment give them: texts by name. */
export type ServerFlags = Partial<Record<keyof typeof SCHEMA.shape, string>>;

/** The server's settings, checked. */
export interface ServerConfig extends Omit<z.output<typeof SCHEMA>, "labels"> {
  readonly labels: readonly string[];
}

/** The environment variable of a setting: `otlpHttpPort` is `SPANCOST_OTLP_HTTP_PORT`. */
function toVariable(name: string): string {
  return `SPANCOST_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Every setting's name, variable, default and meaning, for the documentation. */
export function describeSettings(): { name: string; variable: string; default: string; meaning: string }[] {
  return Object.entries(SCHEMA.shape).map(([name, schema]) => ({
    name,
    variable: toVariable(name),
    default: String(schema.safeParse(undefined).data ?? ""),
    meaning: schema.description ?? "",
  }));
}

/**
 * Reads the settings: a flag wins over the environment, the environment over the default. Pure.
 * @throws ServerError `bad-config`, with every problem
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  flags: ServerFlags,
): ServerConfig {
  const given = Object.fromEntries(
    Object.keys(SCHEMA.shape).map((name) => [name, flags[name as keyof ServerFlags] ?? environment[toVariable(name)]]),
  );
  const result = SCHEMA.safeParse(given);
  const problems = result.success ? [] : result.error.issues.map((issue) => describeIssue(issue, given));
  const host = given["host"] ?? SCHEMA.shape.host.parse(undefined);
  if (!isLoopback(host) && given["token"] === undefined) {
    problems.push(
      `host ${host} is reachable from other machines, so a token is needed: set SPANCOST_TOKEN to a secret of at least 16 characters, or listen on 127.0.0.1.`,
    );
  }
  if (result.success) problems.push(...findContradictions(result.data));
  if (!result.success || problems.length > 0)
    throw new ServerError("bad-config", `The configuration has problems:\n  - ${problems.join("\n  - ")}`);
  return { ...result.data, labels: result.data.labels?.split(",") ?? [] };
}

function findContradictions(config: z.output<typeof SCHEMA>): string[] {
  const problems: string[] = [];
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined))
    problems.push("SPANCOST_TLS_CERT and SPANCOST_TLS_KEY go together: set both, or neither for plain text.");
  if (config.tlsClientCa !== undefined && config.tlsCert === undefined)
    problems.push("SPANCOST_TLS_CLIENT_CA needs TLS: set SPANCOST_TLS_CERT and SPANCOST_TLS_KEY as well.");
  if (config.spoolMaxBytes < config.maxBodyBytes)
    problems.push(
      `SPANCOST_SPOOL_MAX_BYTES (it is ${config.spoolMaxBytes}) must hold a body of SPANCOST_MAX_BODY_BYTES (it is ${config.maxBodyBytes}).`,
    );
  return problems;
}

/** What an operator should know of settings that are allowed, one sentence each. */
export function listWarnings(config: ServerConfig): string[] {
  const inTheClear = !isLoopback(config.host) && config.tlsCert === undefined;
  return inTheClear
    ? [
        `Listening on ${config.host} without TLS: tokens and spans can be read on the way. Set SPANCOST_TLS_CERT and SPANCOST_TLS_KEY, or put a proxy that does TLS in front.`,
      ]
    : [];
}

/** Whether an address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function describeIssue(issue: z.core.$ZodIssue, given: Readonly<Record<string, unknown>>): string {
  const name = String(issue.path[0]);
  // A secret's value must not reach a log.
  const value = /token$/i.test(name) ? "" : ` (it is ${JSON.stringify(given[name])})`;
  return `${name}, or ${toVariable(name)}${value}: ${issue.message}`;
}
