import { join } from "node:path";
import type { HourMarks } from "@spancost/clickhouse";
import { Ingest, type IngestOptions, Inserter, type Logger, Spool } from "@spancost/collector";
import type { ServerConfig } from "./config/load-config.ts";
import type { ServerSeams } from "./server-seams.ts";
import { ServerError } from "./server-error.ts";
import type { Database } from "./start-database.ts";

/** The way of spans from a receiver into the database. */
export interface Intake {
  readonly spool: Spool;
  readonly ingest: Ingest;
  readonly inserter: Inserter;
  /** Resolves when all that was acknowledged is in the database. @throws ServerError `spool-not-empty` after `timeoutMs` */
  flush(timeoutMs: number): Promise<void>;
  /** Answers what was taken, and inserts what is in the spool for at most `timeoutMs`; the rest is for the next start. */
  stop(timeoutMs: number): Promise<void>;
}

/** What the pipeline is told beside the server's settings. */
export type PipelineOptions = Pick<IngestOptions, "pricer" | "attributionKeys" | "labels" | "storeContent">;

/** Opens the spool in the data folder; its contents go into the database as soon as that is ready. */
export async function startIntake(
  config: ServerConfig,
  { store, migrated }: Database,
  marks: HourMarks,
  pipeline: PipelineOptions,
  logger: Logger,
  { disk, now }: ServerSeams,
): Promise<Intake> {
  const spool = await Spool.open({
    folder: join(config.data, "spool"),
    maxBytes: config.spoolMaxBytes,
    ...(disk && { disk }),
  });
  if (spool.waitingSegments > 0)
    logger.info(
      { segments: spool.waitingSegments, rows: spool.waitingRows },
      "spans of an earlier run are in the spool",
    );
  const retention = { ledgerDays: config.retentionLedgerDays, spansDays: config.retentionSpansDays };
  const ingest = new Ingest({ ...pipeline, spool, retention, logger, ...(now && { now }) });
  const inserter = new Inserter({ spool, target: store, marks, logger });
  void migrated.then((isThere) => {
    if (isThere) inserter.start();
  });
  return {
    spool,
    ingest,
    inserter,
    async flush(timeoutMs) {
      if (await inserter.flush(timeoutMs)) return;
      const seen = `${spool.waitingRows} rows`;
      throw new ServerError(
        "spool-not-empty",
        `The spool still holds ${seen} that were acknowledged and are not in the database. See the log for why, and try again when it is empty.`,
      );
    },
    async stop(timeoutMs) {
      await ingest.drain();
      await inserter.stop(timeoutMs);
      await spool.close();
      if (spool.waitingSegments > 0)
        logger.warn(
          { segments: spool.waitingSegments, rows: spool.waitingRows },
          "spans stay in the spool for the next start",
        );
    },
  };
}
