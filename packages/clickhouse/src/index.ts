export { type EmbeddedEngine, type EmbeddedEngineOptions, startEmbeddedEngine } from "./engine/embedded-engine.ts";
export type { EngineEvent, RestartReason } from "./engine/engine-events.ts";
export type { SupervisionTimes } from "./engine/supervisor.ts";
export { type HourKey, HourMarks, type HourMarksOptions, type InFlight } from "./maintenance/hour-marks.ts";
export {
  type PriceStoredCall,
  reprice,
  type RepricedTenant,
  type RepriceRequest,
  type StoredCall,
} from "./maintenance/repricer.ts";
export { type SettleResult, Settler } from "./maintenance/settler.ts";
export { migrate } from "./migrations/migrate.ts";
export { createPublicSql, PUBLIC_TABLES, type PublicQuery, type PublicSql } from "./public-sql/public-sql.ts";
export { type Authorize, createPublicSqlServer } from "./public-sql/public-sql-server.ts";
export {
  querySpend,
  SPEND_DIMENSIONS,
  type SpendFigures,
  type SpendReport,
  type SpendReportRequest,
  type SpendRow,
} from "./queries/spend-report.ts";
export { createStore, type Store, type StoreAddress } from "./store.ts";
export { StoreError, type StoreErrorCode } from "./store-error.ts";
export type { CallRow, CostStatus } from "./tables/call-row.ts";
export type { SpanRow, TextEntries } from "./tables/span-row.ts";
