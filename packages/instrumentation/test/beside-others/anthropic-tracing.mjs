import "./telemetry.mjs";
import Anthropic from "@anthropic-ai/sdk";
import { callTwice, PLAIN_PROMPT, readAll, STREAMED_PROMPT } from "./callers.mjs";

const { messages } = new Anthropic();
const toBody = (content) => ({ model: "claude-haiku-4-5", max_tokens: 1024, messages: [{ role: "user", content }] });
await callTwice(
  () => messages.create(toBody(PLAIN_PROMPT)),
  async () => readAll(await messages.create({ ...toBody(STREAMED_PROMPT), stream: true })),
);
