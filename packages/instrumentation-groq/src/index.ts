export { GroqInstrumentation } from "./groq-instrumentation.ts";
