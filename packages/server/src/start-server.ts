import { createServer as createHttpServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import {
  createPublicSql,
  createPublicSqlServer,
  createStore,
  type EmbeddedEngine,
  erase,
  HourMarks,
  Lease,
  migrate,
  reprice,
  Sealer,
  Settler,
  startEmbeddedEngine,
  type Store,
} from "@spancost/clickhouse";
import {
  acceptWithIngest,
  createOtlpHttpReceiver,
  InFlightLimit,
  Ingest,
  repriceColumns,
  type RequestCounts,
} from "@spancost/collector";
import { createPricer } from "@spancost/rates";
import type { ServerConfig } from "./config/load-config.ts";
import { loadIngestTokens } from "./config/load-ingest-tokens.ts";
import { loadOperatorRates } from "./config/load-operator-rates.ts";
import { loadTls } from "./config/load-tls.ts";
import { createApi } from "./http/api.ts";
import { createAuthenticateSender } from "./http/authenticate-sender.ts";
import { createAuthorize, createAuthorizeAdmin } from "./http/authorize.ts";
import { createMetrics } from "./http/metrics.ts";
import { createLogger } from "./logger.ts";
import { type MaintenanceLoop, startMaintenance } from "./maintenance-loop.ts";
import { ServerError } from "./server-error.ts";

/** The running server. */
export interface RunningServer {
  /** Addresses by listener, such as `http://127.0.0.1:4400`. */
  readonly urls: { readonly api: string; readonly otlp: string; readonly sql: string };
  /** Rejects when the server cannot go on. */
  readonly failed: Promise<never>;
  /** Stops taking requests, finishes those under way, ends the database. Idempotent. */
  stop(): Promise<void>;
}

/** After this, connections that are still open are cut. */
const DRAIN_TIMEOUT_MS = 10_000;

/**
 * Starts the database, the receiver, the API and the SQL endpoint.
 * @throws ServerError `port-in-use`; StoreError from the database
 */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const engine = config.clickhouseUrl === undefined ? await startEmbeddedEngine({ dataDir: config.data }) : null;
  const store = createStore(engine === null ? { url: config.clickhouseUrl ?? "" } : { socketPath: engine.socketPath });
  try {
    await migrate(store.client);
    return await startListeners(config, engine, store);
  } catch (error) {
    await store.close();
    await engine?.stop();
    throw error;
  }
}

async function startListeners(
  config: ServerConfig,
  engine: EmbeddedEngine | null,
  store: Store,
): Promise<RunningServer> {
  const authorize = createAuthorize(config.token ?? null);
  const pricer = createPricer(loadOperatorRates(config.rates));
  const requests: RequestCounts = new Map();
  const attributionKeys = { tenantId: config.tenantKey, userId: config.userKey, feature: config.featureKey };
  const ledger = { client: store.client, marks: new HourMarks(store.client) };
  const ingest = new Ingest(withMarks(store, ledger.marks), {
    pricer,
    attributionKeys,
    labels: config.labels,
    storeContent: config.storeContent,
  });
  const publicSql = createPublicSql(store.client);
  const maintenance = startMaintenance(
    {
      settler: new Settler(ledger, attributionKeys),
      sealer: new Sealer(store.client, ledger.marks),
      // The lock of its folder makes the embedded database ours alone.
      lease: engine === null ? new Lease(store.client) : undefined,
    },
    reportError,
  );
  const api = createApi({
    store,
    publicSql,
    authorize,
    authorizeAdmin: createAuthorizeAdmin(config.adminToken ?? null),
    reprice: (request) => {
      const run = () => reprice(ledger, (call) => repriceColumns(call, pricer), request);
      // Telling what would change writes nothing, and must not hold up settlement.
      return request.apply ? maintenance.exclusively(run) : run();
    },
    erase: (request) => {
      const run = () => erase(ledger, attributionKeys, request);
      return request.apply ? maintenance.exclusively(run) : run();
    },
    renderMetrics: createMetrics({ ingest, requests, maintenance }),
  });
  const serveApi = getRequestListener(api.fetch);
  const servers = {
    api: createHttpServer((request, response) => void serveApi(request, response)),
    otlp: createOtlpHttpReceiver({
      accept: acceptWithIngest(ingest),
      authenticate: createAuthenticateSender({
        token: config.token ?? null,
        adminToken: config.adminToken ?? null,
        ingestTokens: loadIngestTokens(config),
      }),
      maxBodyBytes: config.maxBodyBytes,
      maxConnections: config.maxConnections,
      inFlight: new InFlightLimit(config.maxConcurrentRequests),
      tls: loadTls(config),
      logger: createLogger(config),
      counts: requests,
    }),
    sql: createPublicSqlServer(publicSql, authorize),
  };
  try {
    const urls = {
      api: await listen(servers.api, config.host, config.port, "--port"),
      otlp: await listen(servers.otlp, config.host, config.otlpHttpPort, "--otlp-http-port"),
      sql: await listen(servers.sql, config.host, config.sqlPort, "--sql-port"),
    };
    return createHandle(Object.values(servers), urls, { ingest, maintenance, engine, store });
  } catch (error) {
    await Promise.all(Object.values(servers).map(close));
    await maintenance.stop();
    throw error;
  }
}

/** A store whose calls' hours are marked before the calls are written. An insert that failed keeps them in flight until it succeeds. */
function withMarks(store: Store, marks: HourMarks): Store {
  return {
    ...store,
    async insert(rows) {
      const inFlight = await marks.begin(rows.calls);
      await store.insert(rows);
      inFlight.done();
    },
  };
}

interface Parts {
  readonly ingest: Ingest;
  readonly maintenance: MaintenanceLoop;
  readonly engine: EmbeddedEngine | null;
  readonly store: Store;
}

function createHandle(
  servers: readonly Server[],
  urls: RunningServer["urls"],
  { ingest, maintenance, engine, store }: Parts,
): RunningServer {
  let stopped: Promise<void> | undefined;
  // A dead engine is started again by its supervisor; nothing ends the server by itself.
  const failed = new Promise<never>(() => {});
  return { urls, failed, stop: () => (stopped ??= stopAll()) };

  async function stopAll(): Promise<void> {
    await Promise.all(servers.map(close));
    await ingest.drain();
    await maintenance.stop();
    await store.close();
    await engine?.stop();
  }
}

function reportError(error: unknown): void {
  console.error(
    `spancost: maintenance failed and will be tried again: ${error instanceof Error ? error.message : String(error)}`,
  );
}

async function listen(server: Server, host: string, port: number, flag: string): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        taken
          ? new ServerError(
              "port-in-use",
              `Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${flag} (0 is any free one).`,
            )
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
