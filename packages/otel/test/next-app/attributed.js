import { attribution } from "@spancost/otel/next";

/** Resolves the tenant from a header, where there is a request. */
export const attributed = attribution((request) => {
  const tenantId = request instanceof Request ? request.headers.get("x-tenant") : undefined;
  return tenantId ? { tenantId } : undefined;
});
