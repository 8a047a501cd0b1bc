export {
  type ProviderDescription,
  ProviderInstrumentation,
  type ProviderInstrumentationConfig,
} from "./provider-instrumentation.ts";
