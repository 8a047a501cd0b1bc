import type { SupervisionTimes } from "@spancost/clickhouse";
import type { Disk } from "@spancost/collector";
import type { MaintenanceTimes } from "./maintenance-loop.ts";

/** What the server takes from the machine, for tests that make it fail. */
export interface ServerSeams {
  /** The wall clock of receiving, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** The files of the spool. @default the machine's */
  readonly disk?: Disk;
  readonly maintenanceTimes?: Partial<MaintenanceTimes>;
  /** When the embedded database is started again. */
  readonly engineTimes?: Partial<SupervisionTimes>;
}
