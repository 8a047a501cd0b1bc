import { DIALECTS } from "@spancost/core";
import { describe, expect, it } from "vitest";
import { hasLlmAttribute } from "../src/has-llm-attribute.ts";

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
