import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { event } from "../../instrumentation/test/scripted-provider.ts";
import { jsonResponse, priceOfSpan, sseResponse, startInternet } from "./scripted-fetch.ts";

const internet = startInternet();
beforeEach(() => internet.reset());
afterAll(() => internet.stop());

interface Provider {
  readonly name: string;
  readonly url: string;
  readonly model: string;
  /** As the provider reports it. */
  readonly usage: Readonly<Record<string, unknown>>;
  /** Whether the provider puts usage on the last chunk that has a choice, and not on one of its own. */
  readonly usageOnLastChoice?: boolean;
  readonly isAsked: boolean;
  /** input, cached, output, reasoning, searches */
  readonly tokens: readonly (number | undefined)[];
  readonly cost: string;
}

const AZURE = "https://acme.openai.azure.com/openai/deployments/my%20chat/chat/completions";
const LOCAL_USAGE = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 };

/** Costs worked out by hand from the price lists; the local ones have none. */
const PROVIDERS: readonly Provider[] = [
  {
    name: "azure.ai.openai",
    url: `${AZURE}?api-version=2024-10-21`,
    model: "gpt-4o-mini-2024-07-18",
    usage: {
      prompt_tokens: 2_000,
      completion_tokens: 100,
      total_tokens: 2_100,
      prompt_tokens_details: { cached_tokens: 1_000, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
    isAsked: true,
    tokens: [2_000, 1_000, 100, 0, undefined],
    cost: "0.000285", // 1,000 x 0.15 + 1,000 x 0.075 + 100 x 0.6, a million
  },
  {
    name: "deepseek",
    url: "https://api.deepseek.com/chat/completions",
    model: "deepseek-v4-flash",
    usage: {
      prompt_tokens: 1_500,
      completion_tokens: 300,
      total_tokens: 1_800,
      prompt_cache_hit_tokens: 1_000,
      prompt_cache_miss_tokens: 500,
      completion_tokens_details: { reasoning_tokens: 120 },
    },
    usageOnLastChoice: true,
    isAsked: false,
    tokens: [1_500, 1_000, 300, 120, undefined],
    cost: "0.0001568", // 500 x 0.14 + 1,000 x 0.0028 + 300 x 0.28
  },
  {
    name: "x_ai",
    url: "https://api.x.ai/v1/chat/completions",
    model: "grok-4-0709",
    usage: {
      prompt_tokens: 1_000,
      completion_tokens: 10,
      total_tokens: 1_310,
      prompt_tokens_details: { text_tokens: 1_000, audio_tokens: 0, image_tokens: 0, cached_tokens: 400 },
      completion_tokens_details: { reasoning_tokens: 300, accepted_prediction_tokens: 0 },
      num_sources_used: 0,
    },
    isAsked: false,
    tokens: [1_000, 400, 310, 300, undefined],
    cost: "0.00675", // 600 x 3 + 400 x 0.75 + 310 x 15
  },
  {
    name: "x_ai",
    url: "https://llm.acme.test/xai/v1/chat/completions",
    model: "grok-4-0709",
    usage: { prompt_tokens: 1_000, completion_tokens: 10, cost_in_usd_ticks: 37_756_000 },
    isAsked: false,
    tokens: [1_000, undefined, 10, undefined, undefined],
    cost: "0.0037756",
  },
  {
    name: "mistral_ai",
    url: "https://api.mistral.ai/v1/chat/completions",
    model: "mistral-large-2512",
    usage: { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_200, prompt_audio_seconds: null },
    usageOnLastChoice: true,
    isAsked: false,
    tokens: [1_000, undefined, 200, undefined, undefined],
    cost: "0.0008",
  },
  {
    name: "together",
    url: "https://api.together.xyz/v1/chat/completions",
    model: "openai/gpt-oss-120b",
    usage: { prompt_tokens: 1_000, completion_tokens: 500, total_tokens: 1_500, cached_tokens: 0 },
    usageOnLastChoice: true,
    isAsked: false,
    tokens: [1_000, 0, 500, undefined, undefined],
    cost: "0.00045",
  },
  {
    name: "fireworks",
    url: "https://api.fireworks.ai/inference/v1/chat/completions",
    model: "accounts/fireworks/models/gpt-oss-120b",
    usage: {
      prompt_tokens: 1_000,
      completion_tokens: 500,
      total_tokens: 1_500,
      prompt_tokens_details: { cached_tokens: 600 },
    },
    usageOnLastChoice: true,
    isAsked: false,
    tokens: [1_000, 600, 500, undefined, undefined],
    cost: "0.000369", // 400 x 0.15 + 600 x 0.015 + 500 x 0.6
  },
  {
    name: "openrouter",
    url: "https://openrouter.ai/api/v1/chat/completions",
    model: "openai/gpt-4o-mini",
    usage: {
      prompt_tokens: 194,
      completion_tokens: 2,
      total_tokens: 196,
      cost: 0.000014625,
      is_byok: false,
      prompt_tokens_details: { cached_tokens: 64, cache_write_tokens: 100, audio_tokens: 0 },
      cost_details: { upstream_inference_cost: null },
      completion_tokens_details: { reasoning_tokens: 1, image_tokens: 0 },
    },
    isAsked: false,
    tokens: [194, 64, 2, 1, undefined],
    cost: "0.000014625",
  },
  {
    name: "openrouter",
    url: "https://openrouter.ai/api/v1/chat/completions",
    model: "openai/gpt-4o-mini",
    usage: {
      prompt_tokens: 194,
      completion_tokens: 2,
      total_tokens: 196,
      cost: 0.0001,
      is_byok: true,
      cost_details: { upstream_inference_cost: 0.002 },
    },
    isAsked: false,
    tokens: [194, undefined, 2, undefined, undefined],
    cost: "0.0021",
  },
  {
    name: "perplexity",
    url: "https://api.perplexity.ai/chat/completions",
    model: "sonar",
    usage: {
      prompt_tokens: 26,
      completion_tokens: 832,
      total_tokens: 858,
      search_context_size: "low",
      num_search_queries: 2,
      cost: { input_tokens_cost: 0.00003, output_tokens_cost: 0.00083, request_cost: 0.005, total_cost: 0.00586 },
    },
    isAsked: false,
    tokens: [26, undefined, 832, undefined, undefined],
    cost: "0.00586",
  },
  {
    name: "perplexity",
    url: "https://api.perplexity.ai/chat/completions",
    model: "sonar-deep-research",
    usage: {
      prompt_tokens: 33,
      completion_tokens: 1_000,
      total_tokens: 1_033,
      citation_tokens: 967,
      num_search_queries: 28,
      reasoning_tokens: 2_000,
    },
    isAsked: false,
    tokens: [1_000, undefined, 3_000, 2_000, 28],
    cost: "0.156", // 1,000 x 2 + 1,000 x 8 + 2,000 x 3, a million, and 28 x 0.005
  },
  {
    name: "groq",
    url: "https://api.groq.com/openai/v1/chat/completions",
    model: "openai/gpt-oss-120b",
    usage: { queue_time: 0.01, prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 },
    usageOnLastChoice: true,
    isAsked: false,
    tokens: [1_000, undefined, 100, undefined, undefined],
    cost: "0.00021",
  },
  ...(
    [
      ["ollama", "http://localhost:11434/v1"],
      ["ollama", "http://[::1]:11434/v1"],
      ["lmstudio", "http://127.0.0.1:1234/v1"],
      ["vllm", "http://10.0.0.7:8000/v1"],
      ["llama_cpp", "http://10.0.0.7:8080/v1"],
    ] as const
  ).map(([name, url]) => ({
    name,
    url: `${url}/chat/completions`,
    model: "gpt-oss:20b",
    usage: LOCAL_USAGE,
    isAsked: name !== "llama_cpp",
    tokens: [20, undefined, 5, undefined, undefined],
    cost: "unpriced: unknown-model",
  })),
  {
    name: "acme",
    url: "https://llm.acme.test/own/v1/chat/completions",
    model: "acme-1",
    usage: LOCAL_USAGE,
    isAsked: false,
    tokens: [20, undefined, 5, undefined, undefined],
    cost: "unpriced: unknown-provider",
  },
];

const USAGE_NAMES = [
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.reasoning.output_tokens",
  "spancost.usage.web_search_requests",
];

function isAsking(body: unknown): boolean {
  return String(body).includes('"stream_options":{"include_usage":true}');
}

/** A stream as the provider sends it, on request or anyway. */
function toStream({ model, usage, usageOnLastChoice = false, isAsked }: Provider, body: unknown): string[] {
  const chunk = { id: "c1", object: "chat.completion.chunk", created: 1, model };
  const sendsUsage = !isAsked || isAsking(body);
  const none = isAsked && isAsking(body) ? { usage: null } : {};
  const last = { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  return [
    event({
      ...chunk,
      choices: [{ index: 0, delta: { role: "assistant", content: "Hé" }, finish_reason: null }],
      ...none,
    }),
    event(sendsUsage && usageOnLastChoice ? { ...last, usage } : { ...last, ...none }),
    ...(sendsUsage && !usageOnLastChoice ? [event({ ...chunk, choices: [], usage })] : []),
    event("[DONE]"),
  ];
}

describe.each(PROVIDERS.map((provider, row) => [`${row} ${provider.name} ${provider.url}`, provider] as const))(
  "%s",
  (_title, provider) => {
    const { name, url, model, usage, tokens, cost } = provider;

    function expectSpan(): void {
      const [span, ...others] = internet.finished();
      expect(others).toEqual([]);
      expect(span?.attributes).toMatchObject({
        "gen_ai.provider.name": name,
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": ["stop"],
      });
      expect(USAGE_NAMES.map((attribute) => span?.attributes[attribute])).toEqual(tokens);
      expect(priceOfSpan(span)).toBe(cost);
    }

    it("is claimed by default or by name, read in its own way, and priced", async () => {
      const choices = [{ index: 0, message: { role: "assistant", content: "Hé" }, finish_reason: "stop" }];
      internet.answer(() => jsonResponse({ id: "c1", object: "chat.completion", created: 1, model, choices, usage }));
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ model, messages: [] }) });
      expect(await response.json()).toMatchObject({ usage });
      expectSpan();
    });

    it("is asked for usage only where that is known to be right, and gives the app the stream it would have got", async () => {
      const body = JSON.stringify({ model, messages: [], stream: true });
      const expected = toStream(provider, body).join("");
      internet.answer((sent) => sseResponse(toStream(provider, sent)));
      const response = await fetch(url, { method: "POST", body });
      expect(await response.text()).toBe(expected);
      expect(isAsking(internet.sent[0]?.body)).toBe(provider.isAsked);
      expectSpan();
    });
  },
);

describe("the policy of whom to ask for usage", () => {
  const body = JSON.stringify({ model: "gpt-4o", stream: true });
  const ask = async (url: string) => {
    internet.answer(() => sseResponse([event("[DONE]")]));
    await (await fetch(url, { method: "POST", body })).text();
    return internet.sent.map((request) => request.body !== body);
  };

  it.each([
    ["https://api.openai.com/v1/chat/completions", true],
    ["https://eu.api.openai.com/v1/completions", true],
    ["https://api.openai.com/v1/responses", false],
    [`${AZURE}?api-version=2024-08-01-preview`, false],
    [`${AZURE}?api-version=2024-06-01`, false],
    [`${AZURE}?api-version=2024-09-01-preview`, true],
    [`${AZURE}?api-version=2025-04-01-preview`, true],
    [AZURE, false],
    ["https://acme.openai.azure.com/openai/v1/chat/completions", true],
    ["https://acme.openai.azure.com/openai/v1/chat/completions?api-version=preview", true],
    ["https://acme.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview", false],
    ["https://api.mistral.ai/v1/chat/completions", false],
    ["http://localhost:11434/v1/chat/completions", true],
    ["http://localhost:11434/v1/completions", false],
  ])("says of %s: %s", async (url, isAsked) => {
    expect(await ask(url)).toEqual([isAsked]);
  });

  it("is switched off by the configuration", async () => {
    const config = internet.instrumentation.getConfig();
    internet.instrumentation.setConfig({ ...config, includeUsage: false });
    const asked = await ask("https://api.openai.com/v1/chat/completions");
    internet.instrumentation.setConfig(config);
    expect(asked).toEqual([false]);
    expect(internet.finished()).toHaveLength(1);
  });
});

describe("Azure OpenAI", () => {
  it("names the model by the deployment where the body does not", async () => {
    internet.answer(() => jsonResponse({ id: "c1", model: "gpt-4o-mini-2024-07-18", choices: [] }));
    await (await fetch(`${AZURE}?api-version=2024-10-21`, { method: "POST", body: "{}" })).json();
    expect(internet.finished()[0]?.name).toBe("chat my chat");
  });
});

describe("older completions", () => {
  it("are text completions, counted as chat is", async () => {
    const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 };
    const model = "gpt-3.5-turbo-instruct";
    const body = JSON.stringify({ model, prompt: "secret", stream: true });
    const text = event({ id: "cmpl-1", model, choices: [{ text: "Hi", index: 0, finish_reason: "stop" }] });
    internet.answer((sent) =>
      sseResponse([
        text,
        ...(isAsking(sent) ? [event({ id: "cmpl-1", model, choices: [], usage })] : []),
        event("[DONE]"),
      ]),
    );
    const response = await fetch("https://api.openai.com/v1/completions", { method: "POST", body });
    expect(await response.text()).toBe(text + event("[DONE]"));
    const [span] = internet.finished();
    expect(span?.name).toBe("text_completion gpt-3.5-turbo-instruct");
    expect(span?.attributes["gen_ai.usage.output_tokens"]).toBe(100);
    expect(priceOfSpan(span)).toBe("0.0017"); // 1,000 x 1.5 + 100 x 2, a million
  });
});
