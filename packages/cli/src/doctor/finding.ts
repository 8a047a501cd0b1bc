/** How much a finding matters: an error costs money or leaks, a warning may. */
export type Severity = "error" | "warning";

/** What the doctor looks for; README.md explains each, and a test holds it against this. The names are stable, for scripts. */
export const CHECK_SEVERITIES = {
  "unseen-calls": "error",
  "calls-without-tenant": "error",
  "attribution-not-exported": "error",
  "missing-context-manager": "error",
  "leaking-baggage": "error",
  "stream-without-usage": "error",
  "sampled-bill": "error",
  "unsupported-version": "error",
  "unpriced-model": "error",
  "rejected-usage": "error",
  "spancost-not-loaded": "warning",
  "unsupported-node": "warning",
  "several-otel-apis": "warning",
  "double-instrumentation": "warning",
  "not-installed": "warning",
  "unreadable-source": "warning",
  "usage-lower-bound": "warning",
} as const satisfies Readonly<Record<string, Severity>>;

/** A name of something that the doctor looks for. */
export type CheckName = keyof typeof CHECK_SEVERITIES;

/** One thing that `spancost doctor` found, and how it is put right. */
export interface Finding {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
  /** `file:line` in the app, or another place such as `package.json`. */
  readonly where?: string;
}

/** A finding with the severity of its check. */
export function createFinding(check: CheckName, message: string, fix: string, where: string | undefined): Finding {
  return { check, severity: CHECK_SEVERITIES[check], message, fix, ...(where === undefined ? {} : { where }) };
}
