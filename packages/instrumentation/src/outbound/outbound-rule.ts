import type { Context } from "@opentelemetry/api";

/** What may leave the process as attribution, and where to; `AttributionPropagator` of `@spancost/otel` is one. No function throws. */
export interface OutboundAttributionRule {
  /** Whether attribution may be sent to an absolute URL; its path is of no matter. */
  allows(url: string): boolean;
  /** Whether a member of baggage is attribution, by its name as it stands in the header. */
  isOurs(memberName: string): boolean;
  /**
   * The `baggage` header with the attribution of a context; `undefined` when it has none.
   * @param traceparent what the request carries, to sign for
   * @param theirs the app's own members, as they stand; as many as fit are kept
   */
  write(
    traceparent: string | undefined,
    from: Context,
    theirs: readonly string[],
  ): { readonly baggage: string } | undefined;
}
