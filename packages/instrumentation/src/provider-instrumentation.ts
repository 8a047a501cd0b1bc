import { type MeterProvider, metrics, type Tracer, type TracerProvider, trace } from "@opentelemetry/api";
import { InstrumentationBase, type InstrumentationConfig } from "@opentelemetry/instrumentation";
import type { WireFormat } from "@spancost/llm-wire";
import { addClaim, removeClaim } from "./claims.ts";
import type { ProviderClaim } from "./calls/provider-claim.ts";

/** Options that all provider instrumentations share. */
export interface ProviderInstrumentationConfig extends InstrumentationConfig {
  /**
   * URL prefixes that are this provider's too, such as a proxy or a local server: `http://127.0.0.1:8080/openai/v1`.
   * @default []
   */
  baseUrls?: readonly string[];
  /**
   * Hosts that are this provider's too: `host` or `host:port`, `*` at the start for any host that ends so.
   * @default []
   */
  hosts?: readonly string[];
}

/** What a provider instrumentation is made of. */
export interface ProviderDescription {
  /** Name and version of the instrumentation's own package: its scope. */
  readonly packageName: string;
  readonly packageVersion: string;
  readonly hosts: readonly string[];
  readonly formats: readonly WireFormat[];
  /** `gen_ai.provider.name` of a call to this URL. */
  providerName(url: URL): string;
}

/** What the base class does when it is switched: nothing in its build for edge runtimes, which lacks both methods. */
const ON_NODE: Partial<Pick<InstrumentationBase, "enable" | "disable">> = InstrumentationBase.prototype;

/** Base of the provider instrumentations: claims the provider's requests from the one hook of `fetch` while enabled. */
export abstract class ProviderInstrumentation extends InstrumentationBase<ProviderInstrumentationConfig> {
  readonly #description: ProviderDescription;
  #claim: ProviderClaim | undefined;
  #tracerProvider: TracerProvider | undefined;
  #meterProvider: MeterProvider | undefined;

  constructor(description: ProviderDescription, config: ProviderInstrumentationConfig = {}) {
    // The base class would enable before our own fields exist.
    super(description.packageName, description.packageVersion, { ...config, enabled: false });
    this.#description = description;
    this.setConfig(config);
    if (this.getConfig().enabled !== false) this.enable();
  }

  override setConfig(config: ProviderInstrumentationConfig): void {
    super.setConfig(config);
    if (!(#claim in this) || this.#claim === undefined) return;
    this.#release();
    this.#acquire();
  }

  override setTracerProvider(tracerProvider: TracerProvider): void {
    super.setTracerProvider(tracerProvider);
    this.#tracerProvider = tracerProvider;
  }

  override setMeterProvider(meterProvider: MeterProvider): void {
    super.setMeterProvider(meterProvider);
    this.#meterProvider = meterProvider;
  }

  override enable(): void {
    ON_NODE.enable?.call(this);
    if (this.#claim === undefined) this.#acquire();
  }

  override disable(): void {
    ON_NODE.disable?.call(this);
    this.#release();
  }

  /** Whether the provider's calls are seen. */
  override isEnabled(): boolean {
    return this.#claim !== undefined;
  }

  /** There is no module to patch: calls are read at the wire. */
  protected override init(): void {}

  #acquire(): void {
    const description = this.#description;
    const config = this.getConfig();
    this.#claim = {
      hosts: [...description.hosts, ...(config.hosts ?? [])],
      baseUrls: config.baseUrls ?? [],
      formats: description.formats,
      providerName: (url) => description.providerName(url),
      getTracer: () => this.#getTracer(),
      reportFailure: (where, error) => this.#reportFailure(where, error),
    };
    addClaim(this.#claim);
  }

  /**
   * Asked for at each call. The base class asks once, at construction, and its tracer stays a no-op for ever when the provider is
   * registered later through another copy of the API, as with API 1.10 in one process that both imports and requires it.
   */
  #getTracer(): Tracer {
    return (this.#tracerProvider ?? trace).getTracer(this.instrumentationName, this.instrumentationVersion);
  }

  #release(): void {
    if (this.#claim !== undefined) removeClaim(this.#claim);
    this.#claim = undefined;
  }

  #reportFailure(where: string, error: unknown): void {
    this._diag.error(`${where} failed; the app's call is not affected`, error);
    (this.#meterProvider ?? metrics)
      .getMeter(this.instrumentationName, this.instrumentationVersion)
      .createCounter("spancost.instrumentation.failures", {
        description: "Calls that the instrumentation failed to observe in full",
      })
      .add(1, { where });
  }
}
