import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import Groq from "groq-sdk";
import OpenAI from "openai";

import type { BilledUsage } from "../src/canonical-usage.ts";

/** The real SDKs, pointed at a simulator. */
export interface SdkClients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly google: GoogleGenAI;
  readonly groq: Groq;
}

/** Creates all four clients for a simulator's URL. */
export function createSdkClients(url: string): SdkClients {
  return {
    openai: new OpenAI({ apiKey: "test", baseURL: `${url}/openai-api/v1` }),
    anthropic: new Anthropic({ apiKey: "test", baseURL: `${url}/anthropic-api` }),
    google: new GoogleGenAI({ apiKey: "test", httpOptions: { baseUrl: `${url}/google-api` } }),
    groq: new Groq({ apiKey: "test", baseURL: `${url}/groq-api` }),
  };
}

/** A usage with the given parts and zeros elsewhere. */
export function toUsage(parts: Partial<BilledUsage>): BilledUsage {
  return { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0, ...parts };
}

/** All items of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
