import { type MeterProvider, metrics, type TracerProvider } from "@opentelemetry/api";
import { InstrumentationBase, type InstrumentationConfig } from "@opentelemetry/instrumentation";
import type { WireFormat } from "@spancost/llm-wire";
import { fitsHostPattern, parseHostPattern } from "./calls/host-pattern.ts";
import { addClaim, removeClaim } from "./claims.ts";
import type { ProviderClaim } from "./calls/provider-claim.ts";
import { createTracerFinder, type TracerFinder } from "./find-tracer.ts";

/** Options that all provider instrumentations share. */
export interface ProviderInstrumentationConfig extends InstrumentationConfig {
  /**
   * URL prefixes that are this provider's too, such as a proxy or a local server: `http://127.0.0.1:8080/openai/v1`. One with a
   * `provider` is that compatible provider's: `{ url: "http://127.0.0.1:8000/v1", provider: "vllm" }`.
   * @default []
   */
  baseUrls?: readonly (string | NamedBaseUrl)[];
  /**
   * Hosts that are this provider's too: `host` or `host:port`, `*` in it stands for any text.
   * @default []
   */
  hosts?: readonly string[];
  /**
   * Whether streams are asked to report usage where the caller does not ask, and only then do, invisibly to the app. Without it such
   * calls are `unknown_usage`. `true`: over `fetch`, where a refused request is repeated unchanged; over other clients only hosts
   * that are known to take the wish, which those of `hosts` and plain `baseUrls` are not. `"always"`: those too, over any client.
   * @default true
   */
  includeUsage?: boolean | "always";
}

/** A URL prefix behind which a compatible provider answers. */
export interface NamedBaseUrl {
  readonly url: string;
  /** `gen_ai.provider.name` of its calls; a known name brings the provider's way of counting. */
  readonly provider: string;
}

/** What one provider's calls look like. */
export interface CompatibleProvider {
  /** Its `gen_ai.provider.name`. */
  readonly name: string;
  /** As in `ProviderClaim`. */
  readonly hosts: readonly string[];
  readonly formats: readonly WireFormat[];
  /** @see ProviderClaim.asksForUsage */
  asksForUsage?(url: URL): boolean;
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
  /** @see ProviderClaim.inferenceRegion */
  inferenceRegion?(url: URL, readHeader: (name: string) => string | null): string | null;
  /** @see ProviderClaim.asksForUsage */
  asksForUsage?(url: URL): boolean;
  /** Other providers that speak the same formats, each in its way. */
  readonly compatible?: readonly CompatibleProvider[];
}

type ClaimedCalls = Pick<
  ProviderClaim,
  "hosts" | "baseUrls" | "formats" | "providerName" | "inferenceRegion" | "asksForUsage"
>;

/** What the base class does when it is switched: nothing in its build for edge runtimes, which lacks both methods. */
const ON_NODE: Partial<Pick<InstrumentationBase, "enable" | "disable">> = InstrumentationBase.prototype;

/** Base of the provider instrumentations: claims the provider's requests from the hooks while enabled. */
export abstract class ProviderInstrumentation extends InstrumentationBase<ProviderInstrumentationConfig> {
  readonly #description: ProviderDescription;
  readonly #findTracer: TracerFinder;
  #claims: readonly ProviderClaim[] | undefined;
  #tracerProvider: TracerProvider | undefined;
  #meterProvider: MeterProvider | undefined;

  constructor(description: ProviderDescription, config: ProviderInstrumentationConfig = {}) {
    // The base class would enable before our own fields exist.
    super(description.packageName, description.packageVersion, { ...config, enabled: false });
    this.#description = description;
    this.#findTracer = createTracerFinder(description.packageName, description.packageVersion);
    this.setConfig(config);
    if (this.getConfig().enabled !== false) this.enable();
  }

  override setConfig(config: ProviderInstrumentationConfig): void {
    super.setConfig(config);
    if (!(#claims in this) || this.#claims === undefined) return;
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
    if (this.#claims === undefined) this.#acquire();
  }

  override disable(): void {
    ON_NODE.disable?.call(this);
    this.#release();
  }

  /** Whether the provider's calls are seen. */
  override isEnabled(): boolean {
    return this.#claims !== undefined;
  }

  /** There is no module to patch: calls are read at the wire. */
  protected override init(): void {}

  #acquire(): void {
    this.#claims = listClaims(this.#description, this.getConfig()).map((calls) => ({
      ...calls,
      getTracer: () => this.#findTracer(this.#tracerProvider),
      reportFailure: (where, error) => this.#reportFailure(where, error),
    }));
    for (const claim of this.#claims) addClaim(claim);
  }

  #release(): void {
    for (const claim of this.#claims ?? []) removeClaim(claim);
    this.#claims = undefined;
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

/** The provider's own claim, then one for each compatible provider, then those for names that only the configuration knows. */
function listClaims(description: ProviderDescription, config: ProviderInstrumentationConfig): ClaimedCalls[] {
  const { compatible = [], formats } = description;
  const named = (config.baseUrls ?? []).filter((entry) => typeof entry !== "string");
  const own: ClaimedCalls = {
    hosts: [...description.hosts, ...(config.hosts ?? [])],
    baseUrls: (config.baseUrls ?? []).filter((entry) => typeof entry === "string"),
    formats,
    providerName: (url) => description.providerName(url),
    inferenceRegion: (url, readHeader) => description.inferenceRegion?.(url, readHeader) ?? null,
    ...toPolicy(description, config, () => false),
  };
  const known = new Set(compatible.map(({ name }) => name));
  const unknown = [...new Set(named.map(({ provider }) => provider))].filter((name) => !known.has(name));
  const others: readonly CompatibleProvider[] = [
    ...compatible,
    ...unknown.map((name) => ({ name, hosts: [], formats })),
  ];
  return [own, ...others.map((provider) => toClaimedCalls(provider, named, config))];
}

function toClaimedCalls(
  provider: CompatibleProvider,
  named: readonly NamedBaseUrl[],
  config: ProviderInstrumentationConfig,
): ClaimedCalls {
  const baseUrls = named.filter((entry) => entry.provider === provider.name).map(({ url }) => url);
  return {
    hosts: provider.hosts,
    baseUrls,
    formats: provider.formats,
    providerName: () => provider.name,
    // Whoever names the provider of a URL says that it takes what that provider takes.
    ...toPolicy(provider, config, ({ href }) => baseUrls.some((url) => href.startsWith(url))),
  };
}

function toPolicy(
  { asksForUsage, hosts }: Pick<ProviderDescription, "asksForUsage" | "hosts">,
  { includeUsage = true }: ProviderInstrumentationConfig,
  isNamed: (url: URL) => boolean,
): Pick<ProviderClaim, "asksForUsage"> {
  if (includeUsage === false || asksForUsage === undefined) return {};
  const isKnown = (url: URL): boolean => includeUsage === "always" || hasHost(hosts, url) || isNamed(url);
  return { asksForUsage: (url, canRepeat) => asksForUsage(url) && (canRepeat || isKnown(url)) };
}

function hasHost(hosts: readonly string[], { host }: URL): boolean {
  return hosts.some((known) => {
    const pattern = parseHostPattern(known);
    return pattern === null ? known === host : fitsHostPattern(host, pattern);
  });
}
