import type { SigningKey } from "../../src/index.ts";

/** The keys of the published test vectors: bytes 0 to 31, and 32 to 63. */
export const KEY: SigningKey = { id: "2026-11", key: Uint8Array.from({ length: 32 }, (_, index) => index) };
export const NEXT_KEY: SigningKey = { id: "2026-12", key: Uint8Array.from({ length: 32 }, (_, index) => index + 32) };

/** 2026-11-21T00:00:00Z, so that the default life of 60 s ends at the vectors' 1795219260. */
export const NOW_MS = 1_795_219_200_000;
export const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
export const SPAN_ID = "b7ad6b7169203331";
export const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
