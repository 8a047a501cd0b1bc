import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "./running-server.ts";
import { corpusIsThere, readBody, readScenarios, readTraceIds, type Scenario, splitIntoSpans } from "./trace-corpus.ts";

interface TraceRow {
  readonly trace_id: string;
  readonly calls: string;
  readonly known: string;
  readonly unknown: string;
  readonly lower_bound: string;
  readonly input: string | null;
  readonly cached_read: string | null;
  readonly cache_write: string | null;
  readonly output: string | null;
  readonly reasoning: string | null;
}

const scenarios = readScenarios();
/** Attributes with JSON that dialects define as usage; anything else that looks like usage is text, and never read. */
const USAGE_JSON =
  /^(?:langfuse\.observation\.usage_details|langsmith\.usage_metadata|gen_ai\.usage\.\w+_token_details|ai\.response\.providerMetadata|genkit:output)/;

/** What the ledger must hold, from the manifest alone: each figure that the producer put on a span, and no other. */
function expected({ truth, evidence, usage_missing_from_spans }: Scenario): Record<string, unknown> {
  const reported = evidence.filter(({ type, key }) => type !== "json-string" || USAGE_JSON.test(key));
  const has = (kind: string) => reported.some(({ is }) => is === kind || is.endsWith(`.${kind}`));
  if (truth.calls_billed === 0) return { known: 0, unknown: 0, input: null, output: null };
  if (usage_missing_from_spans) return { known: 0, unknown: truth.calls_billed, input: null, output: null };
  const outputIsThere =
    has("output_total") || (has("output_minus_reasoning") && has("reasoning")) || truth.output_total === null;
  const inputIsThere = has("input_total") || (has("input_uncached") && has("cached_read"));
  return {
    known: outputIsThere ? truth.calls_billed : 0,
    unknown: outputIsThere ? 0 : truth.calls_billed,
    output: outputIsThere ? truth.output_total : null,
    ...(inputIsThere ? { input: truth.input_total } : { lower_bound: truth.calls_billed }),
    ...(has("cached_read") ? { cached_read: truth.cached_read } : {}),
    ...(has("cache_write") ? { cache_write: truth.cache_write } : {}),
    ...(has("reasoning") ? { reasoning: truth.reasoning } : {}),
  };
}

const STATEMENT = `SELECT trace_id, count() AS calls, countIf(cost_status IN ('priced', 'inferred')) AS known,
    countIf(cost_status = 'unknown_usage') AS unknown, countIf(usage_is_lower_bound) AS lower_bound, sum(input_tokens) AS input,
    sum(cache_read_tokens) AS cached_read, sum(cache_write_tokens) AS cache_write, sum(output_tokens) AS output, sum(reasoning_tokens) AS reasoning
FROM calls GROUP BY trace_id`;

/** Figures of all traces of a scenario; `null` where no call has the figure. */
function addUp(rows: readonly TraceRow[]): Record<string, number | null> {
  const sums: Record<string, number | null> = {};
  for (const { trace_id: _, ...figures } of rows) {
    for (const [key, value] of Object.entries(figures)) {
      sums[key] = value === null ? (sums[key] ?? null) : (sums[key] ?? 0) + Number(value);
    }
  }
  return sums;
}

const DELIVERIES: [name: string, post: (server: TestServer, id: string) => Promise<void>][] = [
  ["as protobuf", async (server, id) => accept(await server.post(readBody(id, "pb"), "application/x-protobuf"))],
  ["as JSON", async (server, id) => accept(await server.post(readBody(id, "json"), "application/json"))],
  ["span by span, the last first", (server, id) => postAll(server, splitIntoSpans(readBody(id, "json")).toReversed())],
  [
    "span by span, twice",
    (server, id) => postAll(server, [...splitIntoSpans(readBody(id, "json")), ...splitIntoSpans(readBody(id, "json"))]),
  ],
];

async function accept(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([200, expect.not.stringContaining("rejected")]);
}

async function postAll(server: TestServer, bodies: readonly string[]): Promise<void> {
  for (const body of bodies) await accept(await server.post(body, "application/json"));
}

describe.runIf(corpusIsThere).each(DELIVERIES)("real traces posted %s", (_name, post) => {
  let server: TestServer;
  let rows: Map<string, TraceRow>;

  beforeAll(async () => {
    server = await startTestServer();
    const ids = scenarios.map(({ id }) => id);
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let id = ids.shift(); id !== undefined; id = ids.shift()) await post(server, id);
      }),
    );
    await server.waitFor<{ n: string }>(
      "SELECT count() AS n FROM calls_history WHERE settle_reason != ''",
      ([row]) => Number(row?.n) > 0,
    );
    // Settled is settled: the figures must stay what they are.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    rows = new Map((await server.sql<TraceRow>(STATEMENT)).map((row) => [row.trace_id, row]));
  }, 120_000);

  afterAll(() => server.stop());

  it.each(scenarios.map((scenario) => [scenario.id, scenario] as const))("%s", (id, scenario) => {
    const found = readTraceIds(readBody(id, "json")).flatMap((trace) => rows.get(trace) ?? []);
    expect(addUp(found)).toMatchObject(expected(scenario));
  });
});

describe.runIf(!corpusIsThere)("real traces", () => {
  it("are not beside this checkout, so the tests with them did not run", () => {
    console.log("skipped: ../shared/spans is not there");
  });
});
