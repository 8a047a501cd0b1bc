import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseSigningKeys } from "../../src/index.ts";
import { KEY, NEXT_KEY } from "./keys.ts";

const base64 = (key: Uint8Array): string => Buffer.from(key).toString("base64");

describe("parseSigningKeys", () => {
  it("reads keys in base64, also that of URLs and without padding, in their order", () => {
    const text = `2026-12:${base64(NEXT_KEY.key)}, 2026-11:${Buffer.from(KEY.key).toString("base64url")}`;
    expect(parseSigningKeys(text)).toEqual({ ok: true, keys: [NEXT_KEY, KEY] });
  });

  it.each([
    "",
    "nokey",
    "a:",
    `:${base64(KEY.key)}`,
    `a b:${base64(KEY.key)}`,
    `a:${base64(KEY.key.slice(1))}`,
    `a:${base64(KEY.key)},a:${base64(NEXT_KEY.key)}`,
    `a:${base64(KEY.key)},`,
    "a:not*base64*not*base64*not*base64*not*base64*not*base64",
  ])("refuses %j", (text) => {
    expect(parseSigningKeys(text).ok).toBe(false);
  });

  it("names no part of a key, and never throws", () => {
    const result = parseSigningKeys("id:c2VjcmV0");
    expect(result.ok ? "" : result.problem).not.toMatch(/c2VjcmV0|secret/);
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseSigningKeys(text)));
  });
});
