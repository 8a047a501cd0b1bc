/** Name and version of this package: the instrumentation scope of its spans. */
export const PACKAGE = { name: "@spancost/instrumentation-aws-bedrock", version: "0.1.0" } as const;
