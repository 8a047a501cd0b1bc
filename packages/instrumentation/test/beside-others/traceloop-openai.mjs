import { tracerProvider } from "./telemetry.mjs";
import { OpenAIInstrumentation } from "@traceloop/instrumentation-openai";
import OpenAI from "openai";
import { callOpenAI } from "./openai-calls.mjs";

const instrumentation = new OpenAIInstrumentation();
instrumentation.setTracerProvider(tracerProvider);
instrumentation.manuallyInstrument(OpenAI);
await callOpenAI(OpenAI);
