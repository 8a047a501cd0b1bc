import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import {
  type EraseRequest,
  type EraseResult,
  findAnswer,
  type PublicSql,
  querySpend,
  type RepricedTenant,
  type RepriceRequest,
  type Store,
  StoreError,
} from "@spancost/clickhouse";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { ServerError } from "../server-error.ts";
import type { Authorize } from "./authorize.ts";
import { readTimeRange } from "./time-range.ts";

/** What the API serves from. */
export interface ApiOptions {
  readonly store: Store;
  readonly publicSql: PublicSql;
  readonly authorize: Authorize;
  readonly authorizeAdmin: Authorize;
  /** Prices stored calls again, when no other maintenance runs. */
  readonly reprice: (request: RepriceRequest) => Promise<readonly RepricedTenant[]>;
  /** Erases a tenant or a user, when no other maintenance runs. */
  readonly erase: (request: EraseRequest) => Promise<EraseResult>;
  /** The metrics page, in Prometheus' text format. */
  readonly renderMetrics: () => Promise<string>;
}

type Env = { Bindings: HttpBindings };

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const MAX_BODY_BYTES = 1_048_576;

/** The main port: health, metrics, reports and SQL. */
export function createApi(options: ApiOptions): Hono<Env> {
  const { store, publicSql, authorize, authorizeAdmin, renderMetrics } = options;
  const api = new Hono<Env>();
  api.get("/healthz", (c) => c.text("ok\n"));
  api.get("/readyz", async (c) =>
    (await store.isReady()) ? c.text("ready\n") : c.text("the database does not answer\n", 503),
  );
  api.use("*", async (c, next) =>
    authorize(c.env.incoming) || authorizeAdmin(c.env.incoming)
      ? next()
      : refuse(c, 401, "unauthenticated", AUTHENTICATION),
  );
  api.use("*", bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => refuse(c, 413, "too-large", TOO_LARGE) }));
  api.get("/metrics", async (c) => c.body(await renderMetrics(), 200, { "Content-Type": METRICS_TYPE }));
  api.get("/api/v1/spend", (c) => spend(c, store));
  api.post("/api/v1/sql", (c) => sql(c, publicSql));
  api.post("/api/v1/reprice", (c) => repriceCalls(c, options));
  api.post("/api/v1/erase", (c) => eraseSubject(c, options));
  api.notFound((c) =>
    refuse(
      c,
      404,
      "not-found",
      `${c.req.path} is not served here. There are /healthz, /readyz, /metrics, /api/v1/spend, /api/v1/sql, /api/v1/reprice and /api/v1/erase.`,
    ),
  );
  api.onError((error, c) => refuse(c, 500, "internal", error.message));
  return api;
}

const TOO_LARGE = `The body may have ${MAX_BODY_BYTES} bytes at the most.`;
const AUTHENTICATION =
  "This server needs its token, as Authorization: Bearer <token>; one without a token must be addressed as 127.0.0.1 or localhost.";

async function spend(c: Context<Env>, store: Store): Promise<Response> {
  const query = Object.fromEntries(Object.entries(c.req.query()).filter(([, value]) => value !== ""));
  const range = readTimeRange(query, Date.now());
  if (!range.ok) return refuse(c, 400, "bad-time", range.message);
  const by = (query["by"] ?? "tenant").split(",").filter((name) => name !== "");
  try {
    const tenant = query["tenant"] === undefined ? {} : { tenant: query["tenant"] };
    const report = await querySpend(store.client, { by, from: range.from, to: range.to, ...tenant });
    return c.json({ by, from: range.from.toISOString(), to: range.to.toISOString(), currency: "USD", ...report });
  } catch (error) {
    return refuseStoreError(c, error);
  }
}

async function sql(c: Context<Env>, publicSql: PublicSql): Promise<Response> {
  const text = await c.req.text();
  if (text.trim() === "") return refuse(c, 400, "bad-sql", "The body must be one SELECT statement.");
  try {
    const result = await publicSql.run(
      { sql: text, format: c.req.query("format") ?? "PrettyCompact" },
      c.req.raw.signal,
    );
    return c.body(Readable.toWeb(result) as ReadableStream, 200, { "Content-Type": "text/plain; charset=utf-8" });
  } catch (error) {
    return refuseStoreError(c, error);
  }
}

const REPRICE_BODY = z.object({
  since: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  tenant: z.string().optional(),
  model: z.string().optional(),
  apply: z.boolean().default(false),
});

async function repriceCalls(c: Context<Env>, { authorizeAdmin, reprice }: ApiOptions): Promise<Response> {
  const body = REPRICE_BODY.safeParse(await c.req.json().catch(() => null));
  if (!body.success) return refuse(c, 400, "bad-request", `The body must be JSON: ${z.prettifyError(body.error)}`);
  const { apply, tenant, model, ...times } = body.data;
  const range = readTimeRange(times as Record<string, string | undefined>, Date.now());
  if (!range.ok) return refuse(c, 400, "bad-time", range.message);
  if (apply && !authorizeAdmin(c.env.incoming)) return refuse(c, 403, "forbidden", ADMIN);
  const filter = { ...(tenant === undefined ? {} : { tenant }), ...(model === undefined ? {} : { model }) };
  try {
    const tenants = await reprice({ from: range.from, to: range.to, apply, actor: "admin token", ...filter });
    return c.json({ applied: apply, currency: "USD", tenants });
  } catch (error) {
    return refuseStoreError(c, error);
  }
}

const ERASE_BODY = z
  .object({
    user: z.string().min(1).optional(),
    tenant: z.string().min(1).optional(),
    apply: z.boolean().default(false),
  })
  .refine(({ user, tenant }) => (user === undefined) !== (tenant === undefined), "name either a user or a tenant");

async function eraseSubject(c: Context<Env>, { authorizeAdmin, erase }: ApiOptions): Promise<Response> {
  const body = ERASE_BODY.safeParse(await c.req.json().catch(() => null));
  if (!body.success) return refuse(c, 400, "bad-request", `The body must be JSON: ${z.prettifyError(body.error)}`);
  const { user, tenant = "", apply } = body.data;
  if (apply && !authorizeAdmin(c.env.incoming)) return refuse(c, 403, "forbidden", ADMIN);
  try {
    const rows = await erase({ subject: user === undefined ? { tenant } : { user }, apply, actor: "admin token" });
    return c.json({ applied: apply, rows });
  } catch (error) {
    return refuseStoreError(c, error);
  }
}

const ADMIN =
  "Changing stored calls needs the admin token: start the server with SPANCOST_ADMIN_TOKEN, and send it as Authorization: Bearer <token>.";

/** The embedded database is back sooner after a crash. */
const RETRY_AFTER_S = "5";
/** What only a mistake of ours throws: asking again would not help. */
const MISTAKES = [TypeError, RangeError, ReferenceError] as const;

function refuseStoreError(c: Context<Env>, error: unknown): Response {
  if (error instanceof StoreError && error.code === "query-refused") return refuse(c, 400, error.code, error.message);
  if (error instanceof ServerError) return refuse(c, error.code === "stopping" ? 503 : 409, error.code, error.message);
  if (MISTAKES.some((mistake) => error instanceof mistake)) throw error;
  const message = error instanceof Error ? error.message : String(error);
  const isAnswer = findAnswer(error) !== null || (error instanceof StoreError && error.code === "query-failed");
  if (isAnswer) return refuse(c, 422, "query-failed", message);
  c.header("Retry-After", RETRY_AFTER_S);
  return refuse(c, 503, "database-away", `The database does not answer now (${message}). Ask again in some seconds.`);
}

function refuse(
  c: Context,
  status: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503,
  code: string,
  message: string,
): Response {
  return c.json({ error: { code, message } }, status);
}
