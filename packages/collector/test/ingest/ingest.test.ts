import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Ingest, OtlpDecodeError, type Sender, Spool } from "../../src/index.ts";
import type { Disk } from "../../src/spool/disk.ts";
import { createErrno, createTestLogger, listFiles, TestFolders, watchDisk } from "../spool/spool-folder.ts";
import { jsonOf, pipelineOptions, protobufOf, requestOf, spanIdOf, type TestSpan } from "./export-bodies.ts";

const folders = new TestFolders();
const MAX_BYTES = 10_000_000;
const DAY_MS = 86_400_000;

afterEach(() => folders.clear());

interface Options {
  readonly disk?: Disk;
  readonly maxBytes?: number;
  readonly maxWaitingBytes?: number;
}

async function start({ disk, maxBytes = MAX_BYTES, ...rest }: Options = {}) {
  const folder = folders.create();
  const spool = await Spool.open({ folder, maxBytes, ...(disk === undefined ? {} : { disk }) });
  const logger = createTestLogger();
  return { folder, spool, logger, ingest: new Ingest({ ...pipelineOptions(), ...rest, spool, logger }) };
}

/** Files of a table, with whether each holds the span's id. */
function findSpan(folder: string, table: string, id: number): number {
  const needle = table === "llm_calls" ? Buffer.from(spanIdOf(id), "hex") : Buffer.from(spanIdOf(id));
  const files = listFiles(folder).filter((name) => name.includes(table));
  return files.filter((name) => readFileSync(join(folder, name)).includes(needle)).length;
}

/** A disk whose writes of manifests wait until they are let through. */
function createSlowDisk() {
  const waiting: (() => void)[] = [];
  const disk = watchDisk(async (step, path) => {
    if (step === "rename" && !path.endsWith("generation")) await new Promise<void>((resolve) => waiting.push(resolve));
  });
  return { disk, waiting };
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe("an export request", () => {
  it.each(["protobuf", "json"] as const)(
    "in %s is answered when its rows are in a segment on disk",
    async (encoding) => {
      const { folder, spool, ingest } = await start();
      const body = (encoding === "json" ? jsonOf : protobufOf)([
        { id: 1, tenant: "acme" },
        { id: 2, isCall: false },
      ]);
      expect(await ingest.accept(requestOf(body, encoding))).toEqual({ ok: true, rejectedSpans: 0, message: "" });
      expect([spool.waitingSegments, spool.waitingRows]).toEqual([1, 3]);
      expect([findSpan(folder, "llm_calls", 1), findSpan(folder, "llm_calls", 2)]).toEqual([1, 0]);
      expect([findSpan(folder, "otel_traces", 1), findSpan(folder, "otel_traces", 2)]).toEqual([1, 1]);
      expect(ingest.counters).toMatchObject({ spansAccepted: 2, callsAccepted: 1 });
    },
  );

  it("shares a segment with those that come while another is being written, and each waits for its own", async () => {
    const { disk, waiting } = createSlowDisk();
    const { spool, ingest } = await start({ disk });
    const done: number[] = [];
    const post = async (id: number) => {
      await ingest.accept(requestOf(protobufOf([{ id }])));
      done.push(id);
    };
    const first = post(1);
    await turns();
    const others = [2, 3, 4].map(post);
    await turns();
    expect([done, waiting.length, ingest.waitingSpans]).toEqual([[], 1, 4]);
    waiting[0]?.();
    await first;
    await turns();
    expect([done, waiting.length]).toEqual([[1], 2]);
    waiting[1]?.();
    await Promise.all(others);
    expect([done.toSorted(), spool.waitingSegments, ingest.waitingSpans]).toEqual([[1, 2, 3, 4], 2, 0]);
  });

  it("that is damaged is refused alone, and leaves nothing in the segment it shares", async () => {
    const { folder, ingest } = await start();
    const damaged = Buffer.concat([protobufOf([{ id: 7 }]), Buffer.from("0aff7f", "hex")]);
    const outcomes = await Promise.allSettled(
      [protobufOf([{ id: 1 }]), damaged, protobufOf([{ id: 2 }])].map((body) => ingest.accept(requestOf(body))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: expect.any(OtlpDecodeError) });
    expect([1, 2, 7].map((id) => findSpan(folder, "otel_traces", id))).toEqual([1, 1, 0]);
    await expect(ingest.accept(requestOf(Buffer.from("{"), "json"))).rejects.toBeInstanceOf(OtlpDecodeError);
  });

  it("without spans, or with none that can be stored, writes nothing", async () => {
    const { folder, ingest } = await start();
    expect(await ingest.accept(requestOf(Buffer.alloc(0)))).toMatchObject({ ok: true, rejectedSpans: 0 });
    expect(await ingest.accept(requestOf(protobufOf([{ id: 1, startMs: 5 }])))).toEqual({
      ok: true,
      rejectedSpans: 1,
      message: "1 spans were rejected (time-out-of-window: 1). They will not be accepted later either.",
    });
    expect(listFiles(folder)).toEqual([]);
  });

  it.each(["protobuf", "json"] as const)("in %s of long ago counts, and leaves no raw span", async (encoding) => {
    const { folder, ingest } = await start();
    const span: TestSpan = { id: 1, startMs: Date.now() - 40 * DAY_MS };
    await ingest.accept(requestOf((encoding === "json" ? jsonOf : protobufOf)([span]), encoding));
    expect([findSpan(folder, "llm_calls", 1), findSpan(folder, "otel_traces", 1)]).toEqual([1, 0]);
    expect(ingest.counters).toMatchObject({ spansAccepted: 1, callsAccepted: 1, spansNotKept: 1 });
  });

  it("says what is wrong with the first span that cannot be read", async () => {
    const { ingest } = await start();
    const body = jsonOf([{ id: 1 }])
      .toString()
      .replace(spanIdOf(1).padStart(32, "a"), "xyz");
    const outcome = await ingest.accept(requestOf(Buffer.from(body), "json"));
    expect(outcome).toMatchObject({ rejectedSpans: 1, message: expect.stringMatching(/malformed: 1.*first.*traceId/) });
  });
});

describe("a request is refused for now", () => {
  it("while too much waits for the disk", async () => {
    const { disk, waiting } = createSlowDisk();
    const { ingest } = await start({ disk, maxWaitingBytes: 10 });
    const first = ingest.accept(requestOf(protobufOf([{ id: 1 }])));
    const refused = await ingest.accept(requestOf(protobufOf([{ id: 2 }])));
    expect(refused).toMatchObject({ ok: false, reason: "busy", retryAfterSeconds: 1 });
    expect(ingest.counters.requestsRefused.get("busy")).toBe(1);
    await turns();
    waiting[0]?.();
    expect(await first).toMatchObject({ ok: true });
    expect(ingest.counters.spansAccepted).toBe(1);
  });

  it("while the spool is full, and is taken when there is room again", async () => {
    const { folder, spool, ingest } = await start({ maxBytes: 30_000 });
    let id = 0;
    const post = () => ingest.accept(requestOf(protobufOf([{ id: (id += 1) }])));
    let outcome = await post();
    while (outcome.ok) outcome = await post();
    expect(outcome).toMatchObject({ ok: false, reason: "unavailable", message: expect.stringContaining("30000") });
    expect(spool.usedBytes).toBeLessThanOrEqual(30_000 + 3 * 4_096);
    expect(ingest.counters).toMatchObject({ spansAccepted: id - 1 });
    expect(findSpan(folder, "otel_traces", id)).toBe(0);
    const segments = await Promise.all(
      [...spool.waiting].map(async (each) => ({ summary: each.summary, manifest: await spool.load(each) })),
    );
    await spool.remove(segments);
    expect(await post()).toMatchObject({ ok: true });
  });

  it("while the disk takes nothing, which is logged once, and is taken when it does", async () => {
    let isFull = true;
    const disk = watchDisk((step, path) => {
      if (isFull && step === "write" && path.includes(".json")) throw createErrno("ENOSPC");
    });
    const { folder, ingest, logger } = await start({ disk });
    for (const id of [1, 2]) {
      const outcome = await ingest.accept(requestOf(protobufOf([{ id }])));
      expect(outcome).toMatchObject({ ok: false, reason: "unavailable" });
    }
    expect([listFiles(folder), ingest.counters.spansAccepted]).toEqual([[], 0]);
    isFull = false;
    expect(await ingest.accept(requestOf(protobufOf([{ id: 1 }])))).toMatchObject({ ok: true });
    expect(logger.lines).toEqual(["error: spans cannot be spooled; their requests are refused for now"]);
  });
});

describe("a sender that is bound", () => {
  const to = (tenants: string[] | null, services: string[] | null = null): Sender => ({
    tenants: tenants === null ? null : new Set(tenants),
    services: services === null ? null : new Set(services),
  });
  const spans: TestSpan[] = [
    { id: 1, tenant: "acme" },
    { id: 2, tenant: "globex" },
    { id: 3 },
    { id: 4, isCall: false },
  ];
  const cases: [what: string, sender: Sender, accepted: number[], message: RegExp][] = [
    ["to one tenant gives it its calls without one", to(["acme"]), [1, 3, 4], /tenant-not-allowed: 1\)/],
    ["to two tenants may leave none out", to(["acme", "globex"]), [1, 2, 4], /tenant-not-allowed: 1\)/],
    ["to its service may send anybody's", to(null, ["shop"]), [1, 2, 3, 4], /^$/],
    ["to another service may send nothing", to(null, ["else"]), [], /service-not-allowed: 4\)/],
  ];

  it.each(cases)("%s", async (_what, sender, accepted, message) => {
    const { folder, ingest } = await start();
    const outcome = await ingest.accept(requestOf(protobufOf(spans), "protobuf", sender));
    expect(outcome).toMatchObject({
      ok: true,
      rejectedSpans: 4 - accepted.length,
      message: expect.stringMatching(message),
    });
    expect([1, 2, 3, 4].filter((id) => findSpan(folder, "otel_traces", id) > 0)).toEqual(accepted);
    const calls = listFiles(folder).filter((name) => name.includes("llm_calls"));
    const text = calls.map((name) => readFileSync(join(folder, name), "latin1")).join("");
    expect(text.includes("globex")).toBe(accepted.includes(2));
  });

  it("to one tenant has its mark in the ledger, not in the raw span", async () => {
    const { folder, ingest } = await start();
    await ingest.accept(requestOf(protobufOf([{ id: 3 }]), "protobuf", to(["acme"])));
    const holds = (table: string) =>
      listFiles(folder).some((name) => name.includes(table) && readFileSync(join(folder, name)).includes("acme"));
    expect([holds("llm_calls"), holds("otel_traces")]).toEqual([true, false]);
  });
});

describe("calls that come again", () => {
  it("are counted as duplicate, or as conflicting when their contents differ", async () => {
    const { ingest } = await start();
    const startMs = Date.now();
    const post = (...spans: TestSpan[]) => ingest.accept(requestOf(jsonOf(spans), "json"));
    await post({ id: 1, startMs }, { id: 2, startMs });
    await post({ id: 2, startMs }, { id: 3, startMs });
    await post({ id: 1, startMs, inputTokens: 7 });
    expect(ingest.recentCalls.counts).toEqual({ duplicate: 1, conflicting: 1 });
  });
});
