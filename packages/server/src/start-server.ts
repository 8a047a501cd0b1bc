import type { RequestListener, Server } from "node:http";
import { getRequestListener } from "@hono/node-server";
import {
  createPublicSql,
  createPublicSqlServer,
  erase,
  finishMutations,
  HourMarks,
  Lease,
  reprice,
  Retention,
  Sealer,
  Settler,
  type TakeTurn,
} from "@spancost/clickhouse";
import { createHttpListener, type Logger, repriceColumns } from "@spancost/collector";
import { createPricer, type Pricer } from "@spancost/rates";
import { listWarnings, type ServerConfig } from "./config/load-config.ts";
import { loadIngestTokens } from "./config/load-ingest-tokens.ts";
import { loadOperatorRates } from "./config/load-operator-rates.ts";
import { loadTls } from "./config/load-tls.ts";
import { createApi } from "./http/api.ts";
import { createAuthorize, createAuthorizeAdmin } from "./http/authorize.ts";
import { createMetrics } from "./http/metrics.ts";
import { closeHttp, listen } from "./listen.ts";
import { createLogger } from "./logger.ts";
import { type MaintenanceLoop, startMaintenance } from "./maintenance-loop.ts";
import { type Database, startDatabase } from "./start-database.ts";
import { type Intake, startIntake } from "./start-intake.ts";
import type { ServerSeams } from "./server-seams.ts";
import { createReceivers, type Receivers, type SecretFiles } from "./start-receivers.ts";

/** The running server. */
export interface RunningServer {
  /** Addresses by listener, such as `http://127.0.0.1:4400`. */
  readonly urls: { readonly api: string; readonly otlp: string; readonly grpc: string; readonly sql: string };
  /** Stops taking requests, finishes those under way, ends the database. Idempotent. */
  stop(): Promise<void>;
}

interface Parts {
  readonly database: Database;
  readonly intake: Intake;
  readonly maintenance: MaintenanceLoop;
  readonly receivers: Receivers;
  readonly api: Server;
  readonly sql: Server;
}

/** After this, connections that are still open are cut; after as much again, what is in the spool stays there. */
const DRAIN_TIMEOUT_MS = 10_000;
/** Several servers see each other's marks only in the database, so an hour must have been quiet for longer. */
const MIN_SHARED_GRACE_MS = 120_000;

/**
 * Starts the database, the receivers, the API and the SQL endpoint. What was acknowledged earlier goes into the database meanwhile.
 * @throws ServerError `port-in-use`, `bad-config`; StoreError from the database
 */
export async function startServer(config: ServerConfig, seams: ServerSeams = {}): Promise<RunningServer> {
  const logger = createLogger(config);
  for (const warning of listWarnings(config)) logger.warn({}, warning);
  // What is wrong with a file is said before anything is started.
  const files = {
    tls: loadTls(config),
    ingestTokens: loadIngestTokens(config),
    pricer: createPricer(loadOperatorRates(config.rates)),
  };
  const database = await startDatabase(config, logger, seams);
  try {
    return await startParts(config, database, files, logger, seams);
  } catch (error) {
    await database.stop();
    throw error;
  }
}

async function startParts(
  config: ServerConfig,
  database: Database,
  { pricer, ...secrets }: SecretFiles & { readonly pricer: Pricer },
  logger: Logger,
  seams: ServerSeams,
): Promise<RunningServer> {
  const { store, engine } = database;
  const authorize = createAuthorize(config.token ?? null);
  const attributionKeys = { tenantId: config.tenantKey, userId: config.userKey, feature: config.featureKey };
  // The lock of its folder makes the embedded database ours alone: marks and sealing need not allow for others.
  const marks = new HourMarks(store.client, engine === null ? {} : { freshMs: Infinity });
  const ledger = { client: store.client, patientClient: store.patientClient, marks };
  const { labels, storeContent } = config;
  const pipeline = { pricer, attributionKeys, labels, storeContent };
  const intake = await startIntake(config, database, marks, pipeline, logger, seams);
  const receivers = createReceivers(config, intake.ingest, secrets, logger);
  const maintenance = startMaintenance(
    {
      takeOver: (signal) => finishMutations(store.client, signal),
      settler: new Settler(ledger, attributionKeys),
      sealer: new Sealer(store.client, marks, {
        graceMs: engine === null ? Math.max(config.sealGraceMs, MIN_SHARED_GRACE_MS) : config.sealGraceMs,
      }),
      retention: new Retention(store.client, {
        ledger: config.retentionLedgerDays,
        spans: config.retentionSpansDays,
        history: config.retentionHistoryDays,
      }),
      lease: engine === null ? new Lease(store.client) : undefined,
    },
    createRunReport(logger),
    seams.maintenanceTimes,
  );
  const publicSql = createPublicSql(store.client);
  const api = createApi({
    store,
    publicSql,
    authorize,
    authorizeAdmin: createAuthorizeAdmin(config.adminToken ?? null),
    reprice: (request) => {
      // Telling what would change writes nothing, and must not hold up settlement.
      const takeTurn: TakeTurn | undefined = request.apply ? (part) => maintenance.exclusively(part) : undefined;
      return reprice(ledger, (call) => repriceColumns(call, pricer), request, takeTurn);
    },
    erase: (request) => {
      const run = async (signal?: AbortSignal) => {
        // What is acknowledged and not in the database yet would come back.
        await intake.flush(DRAIN_TIMEOUT_MS);
        return erase(ledger, attributionKeys, request, signal);
      };
      return request.apply ? maintenance.exclusively(run) : run();
    },
    renderMetrics: createMetrics({ intake, counts: receivers.counts, maintenance, engine }),
  });
  const serveApi = getRequestListener(api.fetch);
  const sql = createPublicSqlServer(publicSql, authorize);
  const open = (handler: RequestListener) =>
    createHttpListener(handler, secrets.tls, { maxConnections: config.maxConnections });
  return listenAll(config, secrets.tls !== null, {
    database,
    intake,
    maintenance,
    receivers,
    api: open((request, response) => void serveApi(request, response)),
    sql: open((request, response) => void sql.emit("request", request, response)),
  });
}

async function listenAll(config: ServerConfig, isTls: boolean, parts: Parts): Promise<RunningServer> {
  const { host } = config;
  const { api, sql, receivers } = parts;
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll(parts));
  try {
    const urls = {
      api: await listen(api, { host, port: config.port, flag: "--port", isTls }),
      otlp: await listen(receivers.http, { host, port: config.otlpHttpPort, flag: "--otlp-http-port", isTls }),
      grpc: await listen(receivers.grpc.server, { host, port: config.otlpGrpcPort, flag: "--otlp-grpc-port", isTls }),
      sql: await listen(sql, { host, port: config.sqlPort, flag: "--sql-port", isTls }),
    };
    // A dead engine is started again by its supervisor: nothing ends the server by itself.
    return { urls, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopAll({ database, intake, maintenance, receivers, api, sql }: Parts): Promise<void> {
  // Whoever waits for a repricing or an erasure is answered that it ends here.
  const maintained = maintenance.stop();
  await Promise.all([
    ...[api, sql, receivers.http].map((server) => closeHttp(server, DRAIN_TIMEOUT_MS)),
    receivers.grpc.stop(DRAIN_TIMEOUT_MS),
  ]);
  await intake.stop(DRAIN_TIMEOUT_MS);
  await maintained;
  await database.stop();
}

/** A database that is away fails every run: that is said once, and again when it is something else, or when it is over. */
function createRunReport(logger: Logger): (failure: Error | null) => void {
  let told: string | null = null;
  return (failure) => {
    const message = failure === null ? null : failure.message;
    if (message === told) return;
    if (message === null) logger.info({}, "maintenance goes on");
    else logger.warn({ error: message }, "maintenance failed and will be tried again");
    told = message;
  };
}
