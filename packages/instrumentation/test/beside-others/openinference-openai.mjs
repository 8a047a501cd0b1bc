import { tracerProvider } from "./telemetry.mjs";
import { OpenAIInstrumentation } from "@arizeai/openinference-instrumentation-openai";
import OpenAI from "openai";
import { callOpenAI } from "./openai-calls.mjs";

const instrumentation = new OpenAIInstrumentation({ tracerProvider });
instrumentation.manuallyInstrument(OpenAI);
await callOpenAI(OpenAI);
