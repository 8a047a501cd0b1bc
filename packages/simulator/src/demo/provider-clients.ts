import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import Groq from "groq-sdk";
import OpenAI from "openai";

import { toProviderUrls } from "./provider-urls.ts";

/** One client of each provider's own SDK. */
export interface ProviderClients {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly google: GoogleGenAI;
  readonly groq: Groq;
}

/** The SDKs insist on a key; the simulator takes any. */
const API_KEY = "simulated";

/** Creates the SDK clients for a simulator. SDKs may keep the `fetch` they find now, so instrumentation must be on before. */
export function createProviderClients(simulatorUrl: string): ProviderClients {
  const urls = toProviderUrls(simulatorUrl);
  return {
    openai: new OpenAI({ apiKey: API_KEY, baseURL: urls.openai }),
    anthropic: new Anthropic({ apiKey: API_KEY, baseURL: urls.anthropic }),
    google: new GoogleGenAI({ apiKey: API_KEY, httpOptions: { baseUrl: urls.google } }),
    groq: new Groq({ apiKey: API_KEY, baseURL: urls.groq }),
  };
}
