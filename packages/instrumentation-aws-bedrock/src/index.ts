export { AwsBedrockInstrumentation } from "./aws-bedrock-instrumentation.ts";
