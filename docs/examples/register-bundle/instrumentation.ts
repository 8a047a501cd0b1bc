/** Next.js calls this once when a server starts, before any route is loaded. */
export async function register(): Promise<void> {
  // Next.js replaces this expression when it bundles.
  // oxlint-disable-next-line node/no-process-env
  if (process.env["NEXT_RUNTIME"] === "edge") return;
  const spancost = await import("@spancost/node");
  spancost.register();
}
