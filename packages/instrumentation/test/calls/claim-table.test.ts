import { OPENAI_CHAT } from "@spancost/llm-wire";
import { describe, expect, it } from "vitest";
import { ClaimTable } from "../../src/calls/claim-table.ts";
import type { ProviderClaim } from "../../src/calls/provider-claim.ts";

function createClaim(hosts: readonly string[], baseUrls: readonly string[] = []): ProviderClaim {
  const unused = () => {
    throw new Error("not called here");
  };
  return { hosts, baseUrls, formats: [OPENAI_CHAT], providerName: unused, getTracer: unused, reportFailure: unused };
}

function find(table: ClaimTable, url: string): ProviderClaim | undefined {
  return table.mayClaim(url) ? table.find("POST", new URL(url))?.claim : undefined;
}

describe("ClaimTable", () => {
  it("knows a host however it is written, and no other one", () => {
    const table = new ClaimTable();
    const claim = createClaim(["API.openai.com", "localhost:8080", "*-ai.example.com"]);
    table.add(claim);
    const path = "/v1/chat/completions";
    for (const origin of [
      "https://api.openai.com",
      "https://API.OpenAI.com:443",
      "https://me:pw@api.openai.com",
      "http://localhost:8080",
      "https://eu-ai.example.com",
    ]) {
      expect(find(table, origin + path)).toBe(claim);
    }
    for (const origin of [
      "https://openai.com",
      "https://api.openai.com.evil.com",
      "http://localhost",
      "http://localhost:80801",
      "https://ai.example.com",
    ]) {
      expect(find(table, origin + path)).toBeUndefined();
    }
    expect(find(table, "https://evil.com/?https://api.openai.com/v1/chat/completions")).toBeUndefined();
    table.remove(claim);
    expect(find(table, `https://api.openai.com${path}`)).toBeUndefined();
    expect(table.isEmpty).toBe(true);
  });

  it("knows hosts by a pattern with stars anywhere", () => {
    const table = new ClaimTable();
    const claim = createClaim(["runtime.*.cloud.com", "vpce-*.runtime*.vpce.cloud.com"]);
    table.add(claim);
    const path = "/v1/chat/completions";
    for (const host of [
      "runtime.eu.cloud.com",
      "runtime.eu.cloud.com:443",
      "vpce-1-a.runtime-fips.eu.vpce.cloud.com",
    ]) {
      expect(find(table, `https://${host}${path}`)).toBe(claim);
    }
    for (const host of [
      "runtime.cloud.com",
      "runtime.eu.cloud.com.evil.com",
      "my-runtime.eu.cloud.com",
      "runtime.evil.com",
      "vpce-1.eu.vpce.cloud.com",
      "vpce-1.runtime.cloud.com",
    ]) {
      expect(find(table, `https://${host}${path}`)).toBeUndefined();
    }
  });

  it("gives a request to the longest of the base URLs that it lies under", () => {
    const table = new ClaimTable();
    const [host, short, long] = [
      createClaim(["proxy:1"]),
      createClaim([], ["http://proxy:1/a"]),
      createClaim([], ["http://proxy:1/a/b/"]),
    ];
    for (const claim of [host, short, long]) table.add(claim);
    expect(find(table, "http://proxy:1/a/b/chat/completions")).toBe(long);
    expect(find(table, "http://proxy:1/a/chat/completions")).toBe(short);
    expect(find(table, "http://proxy:1/ab/chat/completions")).toBe(host);
  });
});
