export { OpenAIInstrumentation } from "./openai-instrumentation.ts";
