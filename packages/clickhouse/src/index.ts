export { type EmbeddedEngine, type EmbeddedEngineOptions, startEmbeddedEngine } from "./engine/embedded-engine.ts";
export { migrate } from "./migrations/migrate.ts";
export { createStore, type Store, type StoreAddress } from "./store.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export type { CallRow, CostStatus } from "./tables/call-row.ts";
export type { SpanRow, TextEntries } from "./tables/span-row.ts";
