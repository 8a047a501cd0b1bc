export {
  type CompatibleProvider,
  type NamedBaseUrl,
  type ProviderDescription,
  ProviderInstrumentation,
  type ProviderInstrumentationConfig,
} from "./provider-instrumentation.ts";
