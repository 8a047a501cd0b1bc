import { type Attributes, SpanKind, context } from "@opentelemetry/api";
import { type CostIssue, readCost, SPANCOST } from "@spancost/core";
import { withAttribution } from "../attribution.ts";
import type { AttributionInput } from "../merge-attribution.ts";
import { reportFailure } from "../report-failure.ts";
import { toCostTime } from "./cost-time.ts";
import { getCostTracer } from "./tracer.ts";

/** A decimal: a text such as `"0.0012"` is exact to 12 places, a number is taken as the decimal it prints as. */
export type DecimalInput = string | number | bigint;

/** A cost that is no LLM call's. Either an amount, or units and the price of one. */
export interface CostRecord {
  /** What cost it, such as `pinecone`; becomes `cost_kind` and stands where calls have their provider. `llm` is taken. */
  readonly service: string;
  /** USD. */
  readonly amountUsd?: DecimalInput | undefined;
  readonly units?: DecimalInput | undefined;
  /** USD for one unit. */
  readonly unitUsd?: DecimalInput | undefined;
  /** Names this cost for good: recorded again under the same key, in whatever process of this service, it counts once. */
  readonly key?: string | number | undefined;
  /** When it arose: a date, or milliseconds since 1970. With a `key`, give the same time each time. @default now */
  readonly occurredAt?: Date | number | undefined;
  /** Whose it is, over what the surrounding scope says. */
  readonly attribution?: AttributionInput | undefined;
}

/** Whether a cost was recorded, or why not. */
export type CostRecorded =
  | { readonly ok: true }
  | { readonly ok: false; readonly issue: CostIssue | "bad-service" | "bad-time" | "bad-record" };

/**
 * Records a cost that is no LLM call's, such as a vector database's or a search's: it is attributed, exported and reported like a call.
 * A record that cannot be counted is reported and left out; nothing is thrown.
 */
export function recordCost(record: CostRecord): CostRecorded {
  try {
    return writeSpan(record);
  } catch (error) {
    reportFailure("invalid_cost", "a cost was not recorded", error);
    return { ok: false, issue: "bad-record" };
  }
}

function writeSpan(record: CostRecord): CostRecorded {
  const attributes = toAttributes(record);
  const startTime = toCostTime(record.occurredAt ?? Date.now());
  const reading = readCost({ attributes });
  if (reading === null) return refuse(record, "bad-service");
  if (!reading.amount.ok) return refuse(record, reading.amount.issue);
  if (startTime === null) return refuse(record, "bad-time");
  withAttribution(record.attribution ?? {}, () => {
    const options = { kind: SpanKind.INTERNAL, attributes, startTime };
    getCostTracer().startSpan(`cost ${record.service}`, options, context.active()).end(startTime);
  });
  return { ok: true };
}

function toAttributes({ service, amountUsd, units, unitUsd, key }: CostRecord): Attributes {
  return {
    [SPANCOST.costKind]: service,
    ...(amountUsd === undefined ? {} : { [SPANCOST.costAmount]: String(amountUsd) }),
    ...(units === undefined ? {} : { [SPANCOST.costUnits]: String(units) }),
    ...(unitUsd === undefined ? {} : { [SPANCOST.costUnitPrice]: String(unitUsd) }),
    ...(key === undefined || key === "" ? {} : { [SPANCOST.key]: String(key) }),
  };
}

function refuse(record: CostRecord, issue: Exclude<CostRecorded, { ok: true }>["issue"]): CostRecorded {
  reportFailure("invalid_cost", `a cost of "${record.service}" was not recorded: ${issue}`);
  return { ok: false, issue };
}
