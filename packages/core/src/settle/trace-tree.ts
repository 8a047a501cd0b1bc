import type { SettleCall, SettleSpan } from "./settle-facts.ts";

/** Longest line of ancestors that is followed; a longer one, or a circle, is a producer's fault. */
const MAX_DEPTH = 1_000;

/** Who is whose ancestor in the traces of some spans. */
export class TraceTree {
  readonly #spans = new Map<string, SettleSpan>();
  readonly #ancestors = new Map<string, readonly SettleSpan[]>();

  constructor(spans: readonly SettleSpan[]) {
    for (const span of spans) this.#spans.set(`${span.traceId}:${span.spanId}`, span);
  }

  /** Spans above a call, the nearest first. */
  ancestors(call: SettleCall): readonly SettleSpan[] {
    const known = this.#ancestors.get(call.key);
    if (known !== undefined) return known;
    const ancestors = this.#climb(call);
    this.#ancestors.set(call.key, ancestors);
    return ancestors;
  }

  /** Whether one of two calls is above the other. */
  areInLine(a: SettleCall, b: SettleCall): boolean {
    if (a.traceId !== b.traceId) return false;
    const isAbove = (upper: SettleCall, lower: SettleCall) =>
      this.ancestors(lower).some(({ spanId }) => spanId === upper.spanId);
    return isAbove(a, b) || isAbove(b, a);
  }

  #climb(call: SettleCall): SettleSpan[] {
    const ancestors: SettleSpan[] = [];
    const seen = new Set([call.spanId]);
    let parent = call.parentSpanId;
    while (parent !== "" && !seen.has(parent) && ancestors.length < MAX_DEPTH) {
      seen.add(parent);
      const span = this.#spans.get(`${call.traceId}:${parent}`);
      if (span === undefined) break;
      ancestors.push(span);
      parent = span.parentSpanId;
    }
    return ancestors;
  }
}
