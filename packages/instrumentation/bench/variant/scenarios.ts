import http, { type IncomingMessage } from "node:http";
import OpenAI from "openai";
import OpenAI4 from "openai-4";
import undici from "undici-8";

/** What an app does, again and again. */
export interface Scenario {
  readonly name: string;
  /** One call; what it gives must be the same with and without hooks. */
  run(origin: string): Promise<unknown>;
  /** Calls a sample: the shorter one is, the more. */
  readonly calls: number;
  /** A thousand chunks, not a small answer. */
  readonly isStream: boolean;
  readonly aim?: number;
}

const UNCLAIMED_AIM = 1.01;
const STREAM_AIM = 1.03;
/** A sample of some 10 ms on a free machine; a stream is paced, and takes longer. */
const MANY = 150;
const FEW = 2;

/** Paths of the provider process. Those under `/asked` are asked for usage in the app's name; `/other` is no call. */
const COMPLETIONS = "/chat/completions";
const wish = { stream_options: { include_usage: true } };
const toBody = (rest: object): string => JSON.stringify({ model: "gpt-4o-mini", ...rest });
const JSON_BODY = toBody({});
const STREAM_BODY = toBody({ stream: true, ...wish });
const UNASKED_BODY = toBody({ stream: true });

/** The same server under a name that nobody claims. */
const toUnclaimed = (origin: string): string => origin.replace("127.0.0.1", "localhost");
const post = (url: string, body: string): Promise<Response> => fetch(url, { method: "POST", body });

async function readJson(url: string): Promise<unknown> {
  return (await post(url, JSON_BODY)).json();
}

async function iterate(url: string, body: string): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of (await post(url, body)).body ?? []) sizeBytes += chunk.length;
  return sizeBytes;
}

async function readChunks(url: string, body: string): Promise<number> {
  const reader = (await post(url, body)).body?.getReader();
  let sizeBytes = 0;
  for (;;) {
    const result = await reader?.read();
    if (result?.done !== false) return sizeBytes;
    sizeBytes += result.value.length;
  }
}

async function pipeThrough(url: string, body: string): Promise<number> {
  let length = 0;
  for await (const text of (await post(url, body)).body?.pipeThrough(new TextDecoderStream()) ?? [])
    length += text.length;
  return length;
}

async function readWithSdk(baseURL: string, isAsking: boolean, SdkClass: typeof OpenAI): Promise<string> {
  const client = new SdkClass({ apiKey: "bench", baseURL, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: "gpt-4o-mini",
    messages: [],
    stream: true,
    ...(isAsking ? wish : {}),
  });
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}
/** The same surface, as far as it is used here. */
const OldOpenAI = OpenAI4 as unknown as typeof OpenAI;

const agent = new http.Agent({ keepAlive: true });

function sendHttp(url: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const read = (response: IncomingMessage): void => {
      let sizeBytes = 0;
      response.on("data", (chunk: Buffer) => (sizeBytes += chunk.length));
      response.on("end", () => resolve(sizeBytes)).on("error", reject);
    };
    http.request(url, { method: "POST", agent }, read).on("error", reject).end(body);
  });
}

async function sendUndici(url: string, body: string): Promise<number> {
  const response = await undici.request(url, { method: "POST", body });
  let sizeBytes = 0;
  for await (const chunk of response.body) sizeBytes += (chunk as Buffer).length;
  return sizeBytes;
}

type Run = Scenario["run"];
const toCompletions = (origin: string, path = "/v1"): string => origin + path + COMPLETIONS;
const unclaimed = (name: string, run: Run): Scenario => ({
  name,
  run,
  calls: MANY,
  isStream: false,
  aim: UNCLAIMED_AIM,
});
const json = (name: string, run: Run): Scenario => ({ name, run, calls: MANY, isStream: false });
const stream = (name: string, run: Run): Scenario => ({
  name: `1,000 chunks, ${name}`,
  run,
  calls: FEW,
  isStream: true,
  aim: STREAM_AIM,
});

export const SCENARIOS: readonly Scenario[] = [
  unclaimed("unclaimed host, fetch", (origin) => readJson(toCompletions(toUnclaimed(origin)))),
  unclaimed("unclaimed host, node:http", (origin) => sendHttp(toCompletions(toUnclaimed(origin)), JSON_BODY)),
  unclaimed("unclaimed host, undici", (origin) => sendUndici(toCompletions(toUnclaimed(origin)), JSON_BODY)),
  unclaimed("claimed host, other path, fetch", (origin) => readJson(`${origin}/other`)),
  json("claimed JSON, fetch", (origin) => readJson(toCompletions(origin))),
  json("claimed JSON, node:http", (origin) => sendHttp(toCompletions(origin), JSON_BODY)),
  json("claimed JSON, undici", (origin) => sendUndici(toCompletions(origin), JSON_BODY)),
  stream("iteration", (origin) => iterate(toCompletions(origin), STREAM_BODY)),
  stream("getReader", (origin) => readChunks(toCompletions(origin), STREAM_BODY)),
  stream("pipeThrough", (origin) => pipeThrough(toCompletions(origin), STREAM_BODY)),
  stream("openai", (origin) => readWithSdk(`${origin}/v1`, true, OpenAI)),
  stream("node:http", (origin) => sendHttp(toCompletions(origin), STREAM_BODY)),
  stream("undici", (origin) => sendUndici(toCompletions(origin), STREAM_BODY)),
  stream("openai 4.104 (node:http)", (origin) => readWithSdk(`${origin}/v1`, true, OldOpenAI)),
  stream("iteration, unasked usage", (origin) => iterate(toCompletions(origin, "/asked"), UNASKED_BODY)),
  stream("openai, unasked usage", (origin) => readWithSdk(`${origin}/asked`, false, OpenAI)),
  stream("openai 4.104, unasked usage", (origin) => readWithSdk(`${origin}/asked`, false, OldOpenAI)),
];
