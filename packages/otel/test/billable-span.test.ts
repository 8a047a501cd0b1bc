import { SpanKind } from "@opentelemetry/api";
import { DIALECTS } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { hasLlmAttribute, isBillable, mayBecomeBillable } from "../src/billable-span.ts";

describe("hasLlmAttribute", () => {
  it.each(DIALECTS.map(({ name, usage }) => [name, collectAttributeNames(usage)] as const))(
    "lets no span with usage in the dialect %s pass by",
    (_, names) => {
      expect(names).not.toEqual([]);
      expect(names.filter((name) => !hasLlmAttribute({ "http.route": "/", [name]: 1 }))).toEqual([]);
    },
  );

  it("passes over what other instrumentations write, and names beyond ASCII", () => {
    const attributes = {
      "http.request.method": "POST",
      "graphql.operation.name": "chat",
      "aï.x": 1,
      "": 1,
      語: 1,
      llm: 1,
    };
    expect(hasLlmAttribute(attributes)).toBe(false);
    expect(hasLlmAttribute({})).toBe(false);
  });
});

/** Attribute names among all texts of a dialect's table; our own ones only ever stand beside those of the conventions. */
function collectAttributeNames(part: unknown): string[] {
  if (typeof part === "string") return /^(?!spancost\.)\w+[.:]/.test(part) ? [part] : [];
  return typeof part === "object" && part !== null ? Object.values(part).flatMap(collectAttributeNames) : [];
}

describe("isBillable", () => {
  const gen = { "gen_ai.usage.input_tokens": 1 };
  const named = { "gen_ai.operation.name": "chat" };
  const http = { instrumentationScope: { name: "@opentelemetry/instrumentation-http" } };

  it("looks through the attributes of spans that may be calls", () => {
    expect(isBillable({ kind: SpanKind.CLIENT, attributes: gen })).toBe(true);
    expect(isBillable({ kind: SpanKind.INTERNAL, attributes: gen, instrumentationScope: { name: "app" } })).toBe(true);
    expect(isBillable({ kind: SpanKind.INTERNAL, attributes: { "spancost.cost.kind": "pinecone" } })).toBe(true);
    expect(isBillable({ kind: SpanKind.CLIENT, attributes: { "http.request.method": "GET" } })).toBe(false);
  });

  it("asks spans that serve, and those of instrumentations of other things, for a GenAI operation only", () => {
    for (const span of [{ kind: SpanKind.SERVER }, { kind: SpanKind.CONSUMER }, { kind: SpanKind.CLIENT, ...http }]) {
      expect(isBillable({ ...span, attributes: gen })).toBe(false);
      expect(isBillable({ ...span, attributes: named })).toBe(true);
      expect(mayBecomeBillable({ ...span, attributes: {} })).toBe(false);
      expect(mayBecomeBillable({ ...span, attributes: named })).toBe(true);
    }
    expect(mayBecomeBillable({ kind: SpanKind.INTERNAL, attributes: {} })).toBe(true);
  });
});
