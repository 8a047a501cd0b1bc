import { callServer } from "../call-server.ts";
import { CliError, EXIT_CODE } from "../cli-error.ts";
import type { ClientConfig } from "../client-config.ts";
import { toLabel } from "../to-label.ts";
import { type CheckName, type Finding, createFinding } from "./finding.ts";
import { toCount } from "./words.ts";

/** One question about the stored calls: each row that it gives becomes a finding. */
interface Evidence {
  readonly check: CheckName;
  /** Columns `service`, `what` and `calls`. `{hours}` is the time looked back on. */
  readonly query: string;
  readonly describe: (calls: number, what: string) => string;
  readonly fix: string;
}

interface Row {
  readonly service: string;
  readonly what: string;
  readonly calls: string;
}

const RECENT_CALLS =
  "FROM calls WHERE started_at > now() - INTERVAL {hours} HOUR AND hour > now() - INTERVAL {hours} + 1 HOUR";
const GROUPED = "GROUP BY service, what ORDER BY count() DESC LIMIT 20 FORMAT JSONEachRow";

const EVIDENCE: readonly Evidence[] = [
  {
    check: "calls-without-tenant",
    query: `SELECT service, model AS what, toString(count()) AS calls ${RECENT_CALLS} AND tenant_id = '' ${GROUPED}`,
    describe: (calls, what) => `${toCount(calls, "call")} of ${what} ${calls === 1 ? "has" : "have"} no tenant.`,
    fix: "Run them inside withAttribution or the attribution middleware; background jobs carry attribution with captureAttribution.",
  },
  {
    check: "stream-without-usage",
    query: `SELECT service, concat(model, ' through ', scope_name) AS what, toString(count()) AS calls ${RECENT_CALLS} AND streamed AND cost_status = 'unknown_usage' ${GROUPED}`,
    describe: (calls, what) =>
      `${toCount(calls, "streamed call")} of ${what} ${calls === 1 ? "reports" : "report"} no usage, so the cost is unknown.`,
    fix: "Ask for usage in streams (stream_options: { include_usage: true }), or use our instrumentation. Streams that were left early stay unknown.",
  },
  {
    check: "unpriced-model",
    query: `SELECT service, concat(provider, ' / ', model) AS what, toString(count()) AS calls ${RECENT_CALLS} AND cost_status = 'unpriced' ${GROUPED}`,
    describe: (calls, what) => `${toCount(calls, "call")} of ${what} ${calls === 1 ? "has" : "have"} no price.`,
    fix: 'Name the model that it is, or its price, in the rates file; "spancost rates show" tells what a name means.',
  },
  {
    check: "rejected-usage",
    query: `SELECT service, concat(scope_name, ': ', cost_reason) AS what, toString(count()) AS calls ${RECENT_CALLS} AND cost_status = 'rejected' ${GROUPED}`,
    describe: (calls, what) =>
      `${toCount(calls, "call")} ${calls === 1 ? "reports" : "report"} usage that cannot be (${what}).`,
    fix: "Update the instrumentation that made these spans.",
  },
  {
    check: "usage-lower-bound",
    query: `SELECT service, concat(scope_name, ' ', scope_version) AS what, toString(count()) AS calls ${RECENT_CALLS} AND usage_is_lower_bound ${GROUPED}`,
    describe: (calls, what) =>
      `${toCount(calls, "call")} recorded by ${what} ${calls === 1 ? "leaves" : "leave"} cached tokens out, and may have cost more.`,
    fix: "Use a version that reports cached tokens, or our instrumentation.",
  },
];

/** Asks the running server what its calls of the last hours lack. @throws CliError when it cannot be asked */
export async function examineServer(config: ClientConfig, hours: number): Promise<Finding[]> {
  const answers = await Promise.all(EVIDENCE.map((evidence) => ask(config, evidence, hours)));
  return answers.flat();
}

async function ask(config: ClientConfig, evidence: Evidence, hours: number): Promise<Finding[]> {
  const body = evidence.query.replaceAll("{hours}", String(hours));
  const response = await callServer(config, "/api/v1/sql?format=JSONEachRow", { method: "POST", body });
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => toFinding(evidence, toRow(line)));
}

function toFinding({ check, describe, fix }: Evidence, { service, what, calls }: Row): Finding {
  return createFinding(check, describe(Number(calls), toLabel(what)), fix, `service ${toLabel(service)}`);
}

function toRow(line: string): Row {
  const row = JSON.parse(line) as Partial<Row>;
  if (row.service === undefined || row.what === undefined || row.calls === undefined)
    throw new CliError(`The server's answer was not understood: ${line.slice(0, 200)}`, EXIT_CODE.failed);
  return { service: row.service, what: row.what, calls: row.calls };
}
