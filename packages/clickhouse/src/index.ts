export { type EmbeddedEngine, type EmbeddedEngineOptions, startEmbeddedEngine } from "./engine/embedded-engine.ts";
export type { EngineEvent, RestartReason } from "./engine/engine-events.ts";
export type { SupervisionTimes } from "./engine/supervisor.ts";
export { lockFolder, unlockFolder } from "./engine/folder-lock.ts";
export {
  erase,
  type EraseLedger,
  type EraseRequest,
  type EraseResult,
  type EraseSubject,
} from "./maintenance/eraser.ts";
export type { BlockFiles, IngestTable } from "./insert-files.ts";
export { findAnswer } from "./find-answer.ts";
export { describeInsertFailure, type InsertFailure, type InsertFailureKind } from "./insert-failure.ts";
export { type HourKey, HourMarks, type HourMarksOptions, type InFlight } from "./maintenance/hour-marks.ts";
export { Lease, type LeaseOptions } from "./maintenance/lease.ts";
export { finishMutations } from "./maintenance/mutations.ts";
export {
  type PriceStoredCall,
  reprice,
  type RepricedTenant,
  type RepriceRequest,
  type StoredCall,
  type TakeTurn,
} from "./maintenance/repricer.ts";
export { Retention, type RetentionDays, type RetentionResult } from "./maintenance/retention.ts";
export { Sealer, type SealerOptions, type SealResult } from "./maintenance/sealer.ts";
export { type SettleResult, Settler } from "./maintenance/settler.ts";
export type { Ledger } from "./maintenance/write-versions.ts";
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
export { encodeBlock, insertStatement, type TableLayout } from "./native/table-layout.ts";
export { CALL_LAYOUT, type CallRow, type CostStatus } from "./tables/call-row.ts";
export { SPAN_LAYOUT, type SpanRow, type TextEntries } from "./tables/span-row.ts";
export { ByteColumn, encodeText } from "./native/byte-column.ts";
export { LowCardinalityColumn, type NumberedText, TextSequence, writeFewTexts } from "./native/low-cardinality.ts";
export { OffsetsColumn } from "./native/offsets-column.ts";
export { ATTRIBUTES_TYPE, MapColumn, type MapMark, REPEATED_ATTRIBUTES_TYPE } from "./native/map-column.ts";
