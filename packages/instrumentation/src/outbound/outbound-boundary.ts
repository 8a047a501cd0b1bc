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
    this.#origins.clear();
  }

  /** Whether an origin, such as `http://host:8080`, may get attribution under some of its paths. */
  allowsOrigin(origin: string): boolean {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const isAllowed = this.#rule?.allows(`${origin}/`) === true;
    if (this.#origins.size >= MAX_ORIGINS) this.#origins.clear();
    this.#origins.set(origin, isAllowed);
    return isAllowed;
  }

  /** Whether a request to this absolute URL, on an allowed origin, may carry the attribution of the context it is made in. */
  allows(url: string, from: Context): boolean {
    return from.getValue(SUPPRESS_TRACING) !== true && !this.#isProviderUrl(url);
  }
}
