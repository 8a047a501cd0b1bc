import type { WireHead, WireHeaders } from "./wire-head.ts";
import { readBedrockTokens } from "./bedrock-usage.ts";
import { toText } from "./json-fields.ts";

const PREFIX = "x-amzn-bedrock-";

/**
 * What the headers of a Bedrock runtime response say. Tokens stand there for InvokeModel without a stream only, whatever the
 * model's own body says.
 * @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html read 2026-11-20
 */
export function readBedrockHeaders(headers: WireHeaders): WireHead {
  return {
    responseId: toText(headers.get("x-amzn-requestid")),
    serviceTier: readBedrockTier(
      headers.get(`${PREFIX}service-tier`),
      headers.get(`${PREFIX}performanceconfig-latency`),
    ),
    usage: readBedrockTokens({
      input: readCount(headers, "input-token-count"),
      cacheRead: readCount(headers, "cache-read-input-token-count"),
      cacheWrite: readCount(headers, "cache-write-input-token-count"),
      output: readCount(headers, "output-token-count"),
    }),
  };
}

/** A tier other than the default one, or the latency that was bought: both have prices of their own. */
export function readBedrockTier(tier: unknown, latency: unknown): string | null {
  const name = toText(tier);
  const speed = toText(latency);
  return (name === null || name === "default") && speed !== null && speed !== "standard" ? speed : name;
}

function readCount(headers: WireHeaders, name: string): number | null {
  const text = headers.get(PREFIX + name)?.trim() ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
