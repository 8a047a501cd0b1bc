import type { Context } from "@opentelemetry/api";
import { createContextKey } from "@opentelemetry/api";
import type { OutboundAttributionRule } from "./outbound-rule.ts";

/** Origins that are remembered: a bound, not a need. */
const MAX_ORIGINS = 1_000;
/** The key under which every OpenTelemetry SDK marks its own work; `createContextKey` gives the same symbol everywhere. */
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** The rule in force, and what it said of origins before: nearly every request of an app goes to one that is known. */
export class OutboundBoundary {
  readonly #isProviderUrl: (url: string) => boolean;
  /** By scheme. */
  readonly #hosts = { "http:": new Map<string, boolean>(), "https:": new Map<string, boolean>() };
  readonly #origins = new Map<string, boolean>();
  #rule: OutboundAttributionRule | undefined;

  /** @param isProviderUrl whether an absolute URL is a provider's: it gets no attribution, whatever the rule says */
  constructor(isProviderUrl: (url: string) => boolean) {
    this.#isProviderUrl = isProviderUrl;
  }

  get rule(): OutboundAttributionRule | undefined {
    return this.#rule;
  }

  set rule(rule: OutboundAttributionRule | undefined) {
    this.#rule = rule;
    for (const known of [this.#origins, this.#hosts["http:"], this.#hosts["https:"]]) known.clear();
  }

  /** Whether an origin, such as `http://host:8080`, may get attribution under some of its paths. */
  allowsOrigin(origin: string): boolean {
    return this.#origins.get(origin) ?? this.#ask(this.#origins, origin, origin);
  }

  /** The same of `host` or `host:port`, without putting the two together each time. */
  allowsHost(protocol: string, host: string): boolean {
    const known = this.#hosts[protocol === "https:" ? "https:" : "http:"];
    return known.get(host) ?? this.#ask(known, host, `${protocol}//${host}`);
  }

  #ask(known: Map<string, boolean>, key: string, origin: string): boolean {
    const isAllowed = this.#rule?.allows(`${origin}/`) === true;
    if (known.size >= MAX_ORIGINS) known.clear();
    known.set(key, isAllowed);
    return isAllowed;
  }

  /** Whether a request to this absolute URL, on an allowed origin, may carry the attribution of the context it is made in. */
  allows(url: string, from: Context): boolean {
    return from.getValue(SUPPRESS_TRACING) !== true && !this.#isProviderUrl(url);
  }
}
