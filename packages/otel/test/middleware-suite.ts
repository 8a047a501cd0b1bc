import type { EventEmitter } from "node:events";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { InMemorySpanExporter } from "@opentelemetry/sdk-trace-node";
import { type AttributionInput, getAttribution } from "../src/index.ts";
import type { AttributionMiddlewareOptions } from "../src/middleware/serve-request.ts";
import type { RunningServer } from "./middleware-client.ts";

/** What the resolver under test sees of a request: one header. */
export type ResolveTenant = (
  tenant: string | undefined,
) => AttributionInput | undefined | Promise<AttributionInput | undefined>;

/** What an adapter serves. */
export interface ContractApp {
  readonly resolve?: ResolveTenant | undefined;
  readonly options?: AttributionMiddlewareOptions | undefined;
  /** `GET /`: what the framework pulls and streams, and 500 when it throws at once. */
  readonly handle: () => Promise<AsyncIterable<string>>;
}

/**
 * A web framework with our middleware before three routes: `GET /`, `POST /listen` whose body `readByListeners` reads where the framework shows node:http's
 * request, `POST /parse` whose JSON the framework's own parser reads and `describeBody` answers.
 */
export interface MiddlewareAdapter {
  readonly name: string;
  /** Whether it sees the socket's address. @default true */
  readonly seesPeers?: boolean;
  /** Whether the framework ends a stream that broke as if it were whole. @default false */
  readonly hidesStreamErrors?: boolean;
  start(app: ContractApp): Promise<RunningServer>;
}

/** What a suite gets: starts servers that end with the test, and shows spans. */
export interface ContractSuite {
  readonly adapter: MiddlewareAdapter;
  readonly isInstrumented: boolean;
  readonly exporter: InMemorySpanExporter;
  readonly start: (app: Partial<ContractApp>) => Promise<RunningServer>;
}

export const tenant = (): string => String(getAttribution().tenantId);

/** Resolves the tenant at once from the header. */
export const resolveTenant: ResolveTenant = (header) => (header === undefined ? undefined : { tenantId: header });

/** Says three times, with pauses, whose request it is. */
export async function* streamTenant(): AsyncGenerator<string> {
  yield `${tenant()} `;
  await setTimeout(Number(getAttribution().tenantId ?? 5) % 11 || 1);
  yield `${tenant()} `;
  await Promise.all([setImmediate(), setTimeout(1)]);
  yield tenant();
}

/** A stream of the Fetch standard whose chunks are made when they are asked for. */
export function toWebStream(chunks: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** Says whose request a body belongs to, in each listener and behind them, how long it is, and whether a removed listener stays. */
export function readByListeners(request: EventEmitter): Promise<string> {
  const seen = new Set<string>();
  let sizeBytes = 0;
  return new Promise((resolve, reject) => {
    const count = (chunk: Uint8Array): void => {
      sizeBytes += chunk.length;
      seen.add(tenant());
    };
    request.on("data", count);
    request.once("end", () => {
      seen.add(tenant());
      request.off("data", count);
      resolve(`${[...seen].join()} ${sizeBytes} ${request.listenerCount("data") > 0}`);
    });
    request.on("error", reject);
  });
}

/** Says whose request a parsed body belongs to, and how long it is. */
export function describeBody(body: unknown): string {
  const given = (body as { readonly text?: string } | undefined)?.text ?? "";
  return `${tenant()} ${given.length}`;
}
