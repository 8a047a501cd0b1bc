import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Real traces with the truth beside them. They lie beside the checkout, not in it; without them their tests are skipped. */
const CORPUS = fileURLToPath(new URL("../../../../shared/spans/", import.meta.url));

export const corpusIsThere = existsSync(`${CORPUS}manifest.json`);

/** A scenario of the corpus: what a real producer emitted, and what the provider billed. */
export interface Scenario {
  readonly id: string;
  readonly truth: {
    readonly calls_billed: number;
    readonly input_total: number | null;
    readonly cached_read: number | null;
    readonly cache_write: number | null;
    readonly output_total: number | null;
    readonly reasoning: number | null;
  };
  readonly usage_missing_from_spans: boolean;
  readonly evidence: readonly {
    readonly is: string;
    readonly type: string;
    readonly key: string;
    readonly span_id: string;
  }[];
  readonly usage_spans: readonly { readonly span_id: string }[];
  readonly span_tree: readonly { readonly span_id: string }[];
}

export function readScenarios(): Scenario[] {
  if (!corpusIsThere) return [];
  const { scenarios } = JSON.parse(readFileSync(`${CORPUS}manifest.json`, "utf8")) as { scenarios: Scenario[] };
  return scenarios.filter(({ id }) => existsSync(`${CORPUS}${id}.json`));
}

export function readBody(id: string, encoding: "json" | "pb"): Buffer {
  return readFileSync(`${CORPUS}${id}.${encoding}`);
}

interface ExportRequest {
  readonly resourceSpans: {
    readonly resource: unknown;
    readonly scopeSpans: { readonly scope: unknown; readonly spans: unknown[] }[];
  }[];
}

/** The same spans, a request each. */
export function splitIntoSpans(body: Buffer): string[] {
  const request = JSON.parse(body.toString("utf8")) as ExportRequest;
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] })),
    ),
  );
}

/** Trace ids of a body, each once. */
export function readTraceIds(body: Buffer): string[] {
  return [...new Set([...body.toString("utf8").matchAll(/"traceId":\s*"([0-9a-f]{32})"/g)].map(([, id = ""]) => id))];
}
