import OpenAI, { toFile } from "openai";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { event } from "../../instrumentation/test/scripted-provider.ts";
import { jsonResponse, priceOfSpan, sseResponse, startInternet } from "./scripted-fetch.ts";

const internet = startInternet();
const client = new OpenAI({ apiKey: "test", maxRetries: 0 });
beforeEach(() => internet.reset());
afterAll(() => internet.stop());

/** The only call's name, what it consumed, and its cost in USD. */
function readCall() {
  const [span, ...others] = internet.finished();
  expect(others).toEqual([]);
  const usage = Object.entries(span?.attributes ?? {}).filter(([name]) => /\.usage\./.test(name));
  return { name: span?.name, usage: Object.fromEntries(usage), cost: priceOfSpan(span) };
}

function sound(): Response {
  return new Response(new Uint8Array([0x49, 0x44, 0x33, 0xff]), { headers: { "content-type": "audio/mpeg" } });
}

const file = () => toFile(new Uint8Array([1, 2, 3]), "speech.mp3");

describe("speech", () => {
  const input = "Grüße 😀";

  it("is billed by the characters of its input where the model is, and leaves the sound alone", async () => {
    internet.answer(sound);
    const response = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input });
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(new Uint8Array([0x49, 0x44, 0x33, 0xff]));
    expect(readCall()).toEqual({ name: "speech tts-1", usage: { "spancost.usage.characters": 7 }, cost: "0.000105" });
  });

  it("is billed also where the sound is read as a stream, and left", async () => {
    internet.answer(sound);
    const response = await client.audio.speech.create({ model: "tts-1-hd", voice: "alloy", input });
    for await (const _chunk of response.body ?? []) break;
    expect(readCall()).toMatchObject({ usage: { "spancost.usage.characters": 7 }, cost: "0.00021" });
  });

  it("is of unknown usage where the model is billed by tokens and sends none", async () => {
    internet.answer(sound);
    await (await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "alloy", input })).arrayBuffer();
    expect(readCall()).toMatchObject({ usage: {}, cost: "unknown_usage: no-usage" });
  });

  it("is billed by the tokens of its last event", async () => {
    const usage = { input_tokens: 14, output_tokens: 101, total_tokens: 115 };
    internet.answer(() =>
      sseResponse([
        event({ type: "speech.audio.delta", audio: "//uQ" }, "speech.audio.delta"),
        event({ type: "speech.audio.done", usage }, "speech.audio.done"),
      ]),
    );
    const request = { model: "gpt-4o-mini-tts", voice: "alloy", input, stream_format: "sse" } as const;
    await (await client.audio.speech.create(request)).text();
    expect(readCall()).toEqual({
      name: "speech gpt-4o-mini-tts",
      usage: {
        "gen_ai.usage.input_tokens": 14,
        "gen_ai.usage.output_tokens": 101,
        "spancost.usage.audio.output_tokens": 101,
      },
      cost: "0.0012204", // 14 x 0.6 + 101 x 12, a million
    });
  });

  it("is not billed when it is refused", async () => {
    internet.answer(() => new Response('{"error":{"message":"slow down"}}', { status: 429 }));
    await expect(client.audio.speech.create({ model: "tts-1", voice: "alloy", input })).rejects.toThrow("slow down");
    expect(readCall().cost).toBe("not_billed: 429");
  });
});

describe("transcriptions", () => {
  it("are billed by the second, with the model from the form", async () => {
    internet.answer(() => jsonResponse({ text: "secret", usage: { type: "duration", seconds: 90 } }));
    const { text } = await client.audio.transcriptions.create({ model: "whisper-1", file: await file() });
    expect(text).toBe("secret");
    expect(readCall()).toEqual({
      name: "transcription whisper-1",
      usage: { "spancost.usage.audio_seconds": 90 },
      cost: "0.009",
    });
  });

  it("are billed by the duration of a verbose one without usage", async () => {
    internet.answer(() => jsonResponse({ task: "translate", duration: "8.470000267028809", text: "secret" }));
    await client.audio.translations.create({
      model: "whisper-1",
      response_format: "verbose_json",
      file: await file(),
    });
    expect(readCall()).toEqual({
      name: "translation whisper-1",
      usage: { "spancost.usage.audio_seconds": 8.470000267 },
      cost: "0.000847000027",
    });
  });

  const usage = {
    type: "tokens",
    input_tokens: 114,
    input_token_details: { text_tokens: 14, audio_tokens: 100 },
    output_tokens: 30,
    total_tokens: 144,
  };
  const expected = {
    name: "transcription gpt-4o-transcribe",
    usage: {
      "gen_ai.usage.input_tokens": 114,
      "gen_ai.usage.output_tokens": 30,
      "spancost.usage.audio.input_tokens": 100,
    },
    cost: "0.000935", // 14 x 2.5 + 100 x 6 + 30 x 10, a million
  };

  it("are billed by tokens, plain and streamed", async () => {
    internet.answer(() => jsonResponse({ text: "secret", usage }));
    await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await file() });
    expect(readCall()).toEqual(expected);
    internet.reset();
    internet.answer(() =>
      sseResponse([
        event({ type: "transcript.text.delta", delta: "secret" }),
        event({ type: "transcript.text.done", text: "secret", usage }),
        event("[DONE]"),
      ]),
    );
    const stream = await client.audio.transcriptions.create({
      model: "gpt-4o-transcribe",
      file: await file(),
      stream: true,
    });
    for await (const _event of stream);
    expect(readCall()).toEqual(expected);
    expect(internet.finished()[0]?.attributes["gen_ai.request.stream"]).toBe(true);
  });

  it("are of unknown usage as a plain text", async () => {
    internet.answer(() => new Response("secret", { headers: { "content-type": "text/plain" } }));
    await client.audio.transcriptions.create({ model: "whisper-1", response_format: "text", file: await file() });
    expect(readCall().cost).toBe("unknown_usage: no-usage");
  });
});

describe("images", () => {
  const usage = {
    input_tokens: 550,
    input_tokens_details: { text_tokens: 50, image_tokens: 500 },
    output_tokens: 1_056,
    total_tokens: 1_606,
  };
  const billed = {
    usage: {
      "gen_ai.usage.input_tokens": 550,
      "gen_ai.usage.output_tokens": 1_056,
      "spancost.usage.image.input_tokens": 500,
      "spancost.usage.image.output_tokens": 1_056,
      "spancost.usage.images": 1,
    },
    cost: "0.04749", // 50 x 5 + 500 x 10 + 1,056 x 40, a million
  };

  it("are billed by their tokens, made or edited", async () => {
    internet.answer(() => jsonResponse({ created: 1, data: [{ b64_json: "iVBORw0" }], usage }));
    await client.images.generate({ model: "gpt-image-1", prompt: "secret" });
    expect(readCall()).toEqual({ name: "image_generation gpt-image-1", ...billed });
    internet.reset();
    await client.images.edit({ model: "gpt-image-1", prompt: "secret", image: await file() });
    expect(readCall()).toEqual({ name: "image_generation gpt-image-1", ...billed });
  });

  it("are billed by the tokens of the last event of a stream", async () => {
    internet.answer(() =>
      sseResponse([
        event({ type: "image_generation.partial_image", b64_json: "iVBO" }, "image_generation.partial_image"),
        event({ type: "image_generation.completed", b64_json: "iVBORw0", usage }, "image_generation.completed"),
      ]),
    );
    const stream = await client.images.generate({ model: "gpt-image-1", prompt: "secret", stream: true });
    for await (const _event of stream);
    expect(readCall()).toEqual({ name: "image_generation gpt-image-1", ...billed });
  });

  it("are split into text and pictures where the provider splits them", async () => {
    const split = { ...usage, output_tokens: 1_100, output_tokens_details: { image_tokens: 1_000, text_tokens: 100 } };
    internet.answer(() => jsonResponse({ created: 1, data: [{ b64_json: "iVBORw0" }], usage: split }));
    await client.images.generate({ model: "gpt-image-1.5", prompt: "secret" });
    expect(readCall().cost).toBe("0.03725"); // 50 x 5 + 500 x 8 + 1,000 x 32 + 100 x 10, a million
  });

  it("are billed by the image where there are no tokens, in the quality that was asked for", async () => {
    internet.answer(() => jsonResponse({ created: 1, data: [{ url: "u" }, { url: "v" }] }));
    await client.images.generate({ model: "dall-e-2", prompt: "secret", n: 2 });
    expect(readCall()).toMatchObject({ usage: { "spancost.usage.images": 2 }, cost: "0.04" });
    internet.reset();
    internet.answer(() => jsonResponse({ created: 1, data: [{ url: "u" }] }));
    await client.images.generate({ model: "dall-e-3", prompt: "secret", quality: "hd" });
    expect(readCall()).toMatchObject({ usage: { "spancost.usage.images": 1 }, cost: "0.08" });
    internet.reset();
    await client.images.createVariation({ model: "dall-e-2", image: await file() });
    expect(readCall()).toMatchObject({ name: "image_generation dall-e-2", cost: "0.02" });
  });
});
