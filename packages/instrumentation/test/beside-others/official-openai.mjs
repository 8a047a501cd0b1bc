import "./telemetry.mjs";
import { registerInstrumentations } from "@opentelemetry/instrumentation";
import { OpenAIInstrumentation } from "@opentelemetry/instrumentation-openai";
import { callOpenAI } from "./openai-calls.mjs";

registerInstrumentations({ instrumentations: [new OpenAIInstrumentation()] });
const { default: OpenAI } = await import("openai");
await callOpenAI(OpenAI);
