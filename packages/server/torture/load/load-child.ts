// The process of the load generator: it makes and sends batches at a steady rate, with little work for each.
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "../send.ts";
import type { LoadOrder, LoadResult } from "./load-messages.ts";
import { SteadyBody } from "./steady-body.ts";

const RETRY_MS = 200;
const body = await SteadyBody.create();
/** Connections of earlier runs, open as an exporter's are. */
const kept: Connection[] = [];

process.on("message", (order: LoadOrder) => void run(order).then((result) => process.send?.(result)));
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

async function run(order: LoadOrder): Promise<LoadResult> {
  const { url, batchesPerSecond, forMs, connections, packing, encoding, redelivery } = order;
  const wire = { protocol: "http", encoding, gzip: packing !== "none" } as const;
  const urls = { api: "", otlp: url, grpc: "" };
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const counts = { batches: 0, redelivered: 0, refused: 0, behindMs: 0 };
  const latenciesMs: number[] = [];
  const send = async (connection: Connection, bytes: Buffer): Promise<void> => {
    for (;;) {
      const sentMs = performance.now();
      const { outcome } = await connection.send(urls, bytes, wire);
      if (outcome === "acknowledged") {
        latenciesMs.push(performance.now() - sentMs);
        return;
      }
      if (outcome !== "refused" && outcome !== "none") throw new Error(`The receiver answered: ${outcome}`);
      counts.refused += 1;
      await sleep(RETRY_MS);
    }
  };
  const sendAll = async (): Promise<void> => {
    const connection = kept.pop() ?? new Connection();
    while (counts.batches < order.batches) {
      const dueMs = startedMs + (counts.batches * 1_000) / batchesPerSecond;
      if (Math.max(dueMs, performance.now()) - startedMs >= forMs) break;
      counts.batches += 1;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
      else counts.behindMs = performance.now() - dueMs;
      // The next batch is made in the same bytes.
      const bytes = encoding === "json" ? body.json(packing) : Buffer.from(body.next(packing));
      await send(connection, bytes);
      if (Math.random() >= redelivery) continue;
      await send(connection, bytes);
      counts.redelivered += 1;
    }
    kept.push(connection);
  };
  await Promise.all(Array.from({ length: connections }, sendAll));
  const { user, system } = process.cpuUsage(cpu);
  return { ...counts, elapsedMs: performance.now() - startedMs, latenciesMs, cpuMs: (user + system) / 1_000 };
}
