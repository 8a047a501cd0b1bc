/** Name and version of this package: the instrumentation scope of its spans. */
export const PACKAGE = { name: "@spancost/instrumentation-groq", version: "0.1.0" } as const;
