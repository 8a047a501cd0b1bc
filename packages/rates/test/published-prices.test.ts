import { describe, expect, it } from "vitest";
import { usdOf } from "./price-of.ts";

// Worked out by hand from the providers' published prices: 100,000 tokens in, 10,000 of them cached, and 10,000 out.
const USAGE = { input_total: 100_000, cache_read: 10_000, output: 10_000 };

describe("published prices", () => {
  it.each([
    ["openai", "gpt-4o", "0.3375"], // 90k x 2.5 + 10k x 1.25 + 10k x 10
    ["openai", "gpt-4o-mini", "0.02025"], // 90k x 0.15 + 10k x 0.075 + 10k x 0.6
    ["openai", "gpt-4.1", "0.265"], // 90k x 2 + 10k x 0.5 + 10k x 8
    ["openai", "gpt-4.1-nano", "0.01325"],
    ["openai", "gpt-5", "0.21375"],
    ["openai", "gpt-5-nano", "0.00855"],
    ["openai", "gpt-5.2", "0.29925"],
    ["openai", "o1", "2.025"],
    ["openai", "o3-mini", "0.1485"],
    ["openai", "o4-mini", "0.14575"],
    ["openai", "gpt-4-turbo", "1.3"],
    ["anthropic", "claude-3-haiku-20240307", "0.0353"],
    ["anthropic", "claude-3-5-haiku-20241022", "0.1128"],
    ["anthropic", "claude-3-7-sonnet-20250219", "0.423"],
    ["anthropic", "claude-haiku-4-5", "0.141"],
    ["anthropic", "claude-opus-4-1", "2.115"],
    ["anthropic", "claude-opus-4-5", "0.705"],
    ["google", "gemini-2.0-flash", "0.01325"],
    ["google", "gemini-2.5-pro", "0.21375"],
    ["google", "gemini-2.5-flash-lite", "0.0131"],
    ["google", "gemini-3-pro-preview", "0.302"],
    ["xai", "grok-4", "0.4275"],
    ["xai", "grok-3-mini", "0.03275"],
    ["deepseek", "deepseek-chat", "0.015428"],
    ["groq", "llama-3.3-70b-versatile", "0.0669"],
    ["groq", "openai/gpt-oss-20b", "0.010125"],
    ["mistral", "mistral-medium-2505", "0.0564"],
    ["mistral", "codestral-2501", "0.039"],
    ["cohere", "command-r-plus-08-2024", "0.35"],
    ["cohere", "command-a-03-2025", "0.35"],
    ["bedrock", "amazon.nova-pro-v1:0", "0.106"],
    ["bedrock", "meta.llama3-3-70b-instruct-v1:0", "0.0792"],
    ["azure", "gpt-4o", "0.3375"],
    ["vertex", "claude-opus-4-5@20251101", "0.705"],
  ])("%s %s: %s", (provider, model, usd) => {
    expect(usdOf({ provider, model, usage: USAGE })).toBe(usd);
  });

  it("bills by the second, the character, the image, the video second and the search", () => {
    expect(usdOf({ provider: "openai", model: "whisper-1", usage: { audio_seconds: "61.5" } })).toBe("0.00615");
    expect(usdOf({ provider: "groq", model: "whisper-large-v3", usage: { audio_seconds: 3600 } })).toBe("0.111");
    expect(usdOf({ provider: "openai", model: "tts-1", usage: { characters: 1_000 } })).toBe("0.015");
    expect(usdOf({ provider: "openai", model: "dall-e-3", usage: { images: 2 } })).toBe("0.08");
    expect(usdOf({ provider: "openai", model: "sora-2", usage: { video_seconds: "8" } })).toBe("0.8");
    expect(usdOf({ provider: "vertex", model: "imagen-4.0-generate-001", usage: { images: 3 } })).toBe("0.12");
    expect(usdOf({ provider: "anthropic", model: "claude-sonnet-4-5", usage: { web_search_requests: 3 } })).toBe(
      "0.03",
    );
    expect(usdOf({ provider: "openai", model: "text-embedding-3-large", usage: { input_total: 1_000_000 } })).toBe(
      "0.13",
    );
  });
  it("bills audio and image tokens at their own price", () => {
    expect(
      usdOf({ provider: "google", model: "gemini-2.5-flash", usage: { input_total: 2_000, audio_in: 1_000 } }),
    ).toBe("0.0013");
    expect(
      usdOf({
        provider: "openai",
        model: "gpt-realtime",
        usage: { input_total: 1_000, audio_in: 1_000, output: 1_000, audio_out: 500 },
      }),
    ).toBe("0.072");
    expect(
      usdOf({
        provider: "google",
        model: "gemini-2.5-flash-image",
        usage: { output: 1_290, image_out: 1_290, images: 1 },
      }),
    ).toBe("0.0387");
  });
});

describe("past price changes", () => {
  const million = { input_total: 1_000_000, output: 1_000_000 };
  const tenth = { input_total: 100_000, output: 100_000 };
  it.each([
    ["openai", "gpt-4o", "2024-06-01", million, "20"],
    ["openai", "gpt-4o", "2024-10-01T23:59:59Z", million, "20"],
    ["openai", "gpt-4o", "2024-10-02", million, "12.5"],
    ["openai", "gpt-4o-2024-05-13", "2026-01-01", million, "20"],
    ["openai", "gpt-4o-2024-08-06", "2024-08-07", million, "12.5"],
    ["openai", "gpt-3.5-turbo", "2024-02-15", million, "3.5"],
    ["openai", "gpt-3.5-turbo", "2024-02-16", million, "2"],
    ["openai", "o3", "2025-06-01", million, "50"],
    ["openai", "o3-2025-04-16", "2025-06-11", million, "10"],
    ["openai", "o1-mini", "2024-12-01", million, "15"],
    ["openai", "o1-mini", "2025-02-01", million, "5.5"],
    ["openai", "gpt-5.6-luna", "2026-07-29", tenth, "0.7"],
    ["openai", "gpt-5.6-luna", "2026-07-30", tenth, "0.14"],
    ["openai", "gpt-5.6", "2026-08-20", tenth, "3.5"],
    ["openai", "gpt-5.6", "2026-08-21", tenth, "2.4"],
    ["anthropic", "claude-3-5-haiku-20241022", "2024-11-15", million, "6"],
    ["anthropic", "claude-3-5-haiku-20241022", "2024-12-15", million, "4.8"],
    ["anthropic", "claude-opus-4-6", "2026-03-12", million, "47.5"],
    ["anthropic", "claude-opus-4-6", "2026-03-13", million, "30"],
    ["google", "gemini-1.5-flash", "2024-08-11", tenth, "0.14"],
    ["google", "gemini-1.5-flash-002", "2024-08-12", tenth, "0.0375"],
    ["google", "gemini-1.5-pro", "2024-09-30", tenth, "1.4"],
    ["google", "gemini-1.5-pro", "2024-10-01", tenth, "0.625"],
    ["google", "gemini-1.5-pro", "2024-10-01", million, "12.5"],
    ["google", "gemini-2.5-flash", "2025-06-16", tenth, "0.075"],
    ["google", "gemini-2.5-flash", "2025-06-17", tenth, "0.28"],
    ["deepseek", "deepseek-chat", "2025-02-08T15:59:59Z", million, "0.42"],
    ["deepseek", "deepseek-chat", "2025-02-08T16:00:00Z", million, "1.37"],
    ["deepseek", "deepseek-chat", "2025-09-05T16:00:00Z", million, "2.24"],
    ["deepseek", "deepseek-chat", "2025-10-01", million, "0.7"],
    ["deepseek", "deepseek-reasoner", "2025-01-25", million, "2.74"],
  ])("%s %s on %s", (provider, model, at, usage, usd) => {
    expect(usdOf({ provider, model, at, usage })).toBe(usd);
  });
});
