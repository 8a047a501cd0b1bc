import { readAttribution } from "@spancost/core";
import type { Sender } from "../accept-export.ts";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import { type SpanColumnsContext, originColumns } from "../pipeline/span-columns.ts";
import type { SpanIssue } from "../pipeline/span-issue.ts";
import { toFacts } from "../pipeline/to-call-row.ts";

/** Why a sender may not send a span, or `null`. */
export function findForeignSpan(
  span: OtlpSpan,
  { tenants, services }: Sender,
  { attributionKeys }: SpanColumnsContext,
): SpanIssue | null {
  if (services !== null && !services.has(originColumns(span).service)) return "service-not-allowed";
  if (tenants === null) return null;
  const { tenantId } = readAttribution(toFacts(span), attributionKeys);
  return tenantId === "" || tenants.has(tenantId) ? null : "tenant-not-allowed";
}

/**
 * A call as one of the sender's tenants': a call that names none is the only tenant's, `null` where there are several. What a span in the
 * same trace says, of whomever it is, must not be inherited.
 */
export function ownCall(span: OtlpSpan, { tenants }: Sender, { attributionKeys }: SpanColumnsContext): OtlpSpan | null {
  if (tenants === null || readAttribution(toFacts(span), attributionKeys).tenantId !== "") return span;
  const [only] = tenants;
  if (tenants.size !== 1 || only === undefined) return null;
  const attributes = Object.assign(Object.create(null) as Record<string, never>, span.attributes, {
    [attributionKeys.tenantId]: only,
  });
  return { ...span, attributes };
}
