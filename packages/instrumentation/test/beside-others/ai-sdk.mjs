import "./telemetry.mjs";
import { openai } from "@ai-sdk/openai";
import { OpenTelemetry } from "@ai-sdk/otel";
import { generateText, registerTelemetry, streamText } from "ai";
import { callTwice, MODEL, PLAIN_PROMPT, readAll, STREAMED_PROMPT } from "./callers.mjs";

registerTelemetry(new OpenTelemetry());
const model = openai(MODEL);
await callTwice(
  () => generateText({ model, prompt: PLAIN_PROMPT }),
  () => readAll(streamText({ model, prompt: STREAMED_PROMPT }).textStream),
);
