import { afterAll, beforeAll, expect, test } from "vitest";

import { type Simulator, startSimulator } from "../src/index.ts";
import { collect, createSdkClients, type SdkClients, toUsage } from "./sdk-clients.ts";

let simulator: Simulator;
let clients: SdkClients;

beforeAll(async () => {
  simulator = await startSimulator();
  clients = createSdkClients(simulator.url);
});

afterAll(() => simulator.close());

const SPEECH = { model: "gpt-4o-mini-tts", voice: "alloy", input: "[tenant=acme] Hello" } as const;
const toFile = () => new File([new Uint8Array(1_234)], "sound.mp3");
const billed = () => simulator.journal().at(-1);

test("speech is sound without usage, which is billed all the same", async () => {
  const answer = await clients.openai.audio.speech.create(SPEECH);
  expect(answer.headers.get("content-type")).toBe("audio/mpeg");
  expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(5);
  expect(billed()).toMatchObject({ model: "gpt-4o-mini-tts", tenantHint: "acme" });
  expect(billed()?.usage.audioOut).toBe(billed()?.usage.output);
  await clients.openai.audio.speech.create({ ...SPEECH, model: "tts-1" });
  expect(billed()?.usage).toEqual(toUsage({ characters: SPEECH.input.length }));
});

test("streamed speech ends with its usage", async () => {
  const answer = await clients.openai.audio.speech.create({ ...SPEECH, stream_format: "sse" });
  const frames = (await answer.text()).trim().split("\n\n");
  const done: { type: string; usage: Record<string, number> } = JSON.parse(frames.at(-1)?.slice("data: ".length) ?? "");
  const { input_tokens: input, output_tokens: output } = done.usage;
  expect(done.type).toBe("speech.audio.done");
  expect(toUsage({ input: input ?? 0, output: output ?? 0, audioOut: output ?? 0 })).toEqual(billed()?.usage);
});

test("a transcription tells tokens of sound from others, plain and streamed, and whisper-1 seconds", async () => {
  const request = { model: "gpt-4o-transcribe", prompt: "[tenant=globex]" };
  const plain = await clients.openai.audio.transcriptions.create({ ...request, file: toFile() });
  expect(plain.text).not.toBe("");
  expect(fromTokens(plain.usage)).toEqual(billed()?.usage);
  expect(billed()?.tenantHint).toBe("globex");
  const stream = await clients.openai.audio.transcriptions.create({ ...request, file: toFile(), stream: true });
  const last = (await collect(stream)).at(-1);
  if (last?.type !== "transcript.text.done") throw new Error(`Expected the end, got ${last?.type}.`);
  expect(fromTokens(last.usage)).toEqual(billed()?.usage);
  const whisper = await clients.openai.audio.transcriptions.create({ model: "whisper-1", file: toFile() });
  expect(whisper.usage).toEqual({ type: "duration", seconds: billed()?.usage.audioSeconds });
});

test("images are billed by tokens, generated, streamed and edited", async () => {
  const request = { model: "gpt-image-1", prompt: "[user=alice] A bookshop" };
  const plain = await clients.openai.images.generate({ ...request, n: 2 });
  expect(plain.data).toHaveLength(2);
  expect(fromImages(plain.usage)).toEqual(billed()?.usage);
  const stream = await clients.openai.images.generate({ ...request, stream: true });
  const last = (await collect(stream)).at(-1);
  if (last?.type !== "image_generation.completed") throw new Error(`Expected the end, got ${last?.type}.`);
  expect(fromImages(last.usage)).toEqual(billed()?.usage);
  const edited = await clients.openai.images.edit({ ...request, image: new File(["x"], "shop.png") });
  expect(fromImages(edited.usage)).toEqual(billed()?.usage);
  expect(billed()).toMatchObject({ path: "/openai-api/v1/images/edits", userHint: "alice" });
  expect(edited.usage?.input_tokens_details.image_tokens).toBeGreaterThan(0);
});

test("DALL-E reports nothing, and is billed by the image", async () => {
  const answer = await clients.openai.images.generate({ model: "dall-e-3", prompt: "A bookshop" });
  expect(answer.usage).toBeUndefined();
  expect(billed()?.usage).toEqual(toUsage({ images: 1 }));
});

interface TranscriptionUsage {
  readonly type: string;
  readonly input_tokens?: number;
  readonly input_token_details?: { readonly audio_tokens?: number };
  readonly output_tokens?: number;
}

function fromTokens(usage: TranscriptionUsage | undefined): unknown {
  const audioIn = usage?.input_token_details?.audio_tokens ?? 0;
  return toUsage({ input: usage?.input_tokens ?? 0, audioIn, output: usage?.output_tokens ?? 0 });
}

interface ImageUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly image_tokens: number };
  readonly output_tokens: number;
}

function fromImages(usage: ImageUsage | undefined): unknown {
  const output = usage?.output_tokens ?? 0;
  const imageIn = usage?.input_tokens_details.image_tokens ?? 0;
  return toUsage({ input: usage?.input_tokens ?? 0, imageIn, output, imageOut: output });
}
