export { GoogleGenAIInstrumentation } from "./google-genai-instrumentation.ts";
