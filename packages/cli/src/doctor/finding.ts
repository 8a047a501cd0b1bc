/** How much a finding matters: an error costs money or leaks, a warning may. */
export type Severity = "error" | "warning";

/** One thing that `spancost doctor` found, and how it is put right. */
export interface Finding {
  /** Stable, for scripts: `leaking-baggage`. */
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix: string;
  /** `file:line` in the app, or another place such as `package.json`. */
  readonly where?: string;
}
