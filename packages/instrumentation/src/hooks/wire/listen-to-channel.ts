/**
 * Channels on which Node and undici tell of a request before its maker has it.
 * @see https://nodejs.org/api/diagnostics_channel.html
 * @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
export const CHANNELS = {
  /** A `ClientRequest` of `node:http` or `node:https`. Since Node 22.12. */
  httpRequest: "http.client.request.created",
  /** A client's stream, on sessions of any age, in clear text or over TLS. Since Node 22.17 and 24.1. */
  http2Stream: "http2.client.stream.created",
  /** A request of undici, in any version and below Node's own `fetch`; each hop of a redirect anew. */
  undiciRequest: "undici:request:create",
} as const;

/** Hears a diagnostics channel; returns what ends that. In a runtime without channels nothing is heard. */
export function listenToChannel(channel: string, onMessage: (message: unknown) => void): () => void {
  // Asked for this way, bundlers and runtimes without Node's modules have nothing to resolve.
  const channels = globalThis.process?.getBuiltinModule?.("node:diagnostics_channel");
  channels?.subscribe(channel, onMessage);
  return () => void channels?.unsubscribe(channel, onMessage);
}
