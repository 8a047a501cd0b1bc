import { tracerProvider } from "./telemetry.mjs";
import { LangChainInstrumentation } from "@arizeai/openinference-instrumentation-langchain";
import { ChatOpenAI } from "@langchain/openai";
import { callTwice, MODEL, PLAIN_PROMPT, readAll, STREAMED_PROMPT } from "./callers.mjs";

const callbackManager = await import("@langchain/core/callbacks/manager");

const instrumentation = new LangChainInstrumentation({ tracerProvider });
instrumentation.manuallyInstrument(callbackManager);
const model = new ChatOpenAI({ model: MODEL });
await callTwice(
  () => model.invoke(PLAIN_PROMPT),
  async () => readAll(await model.stream(STREAMED_PROMPT)),
);
