import { EventEmitter, once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import {
  type AttributionCarrier,
  AttributionPropagator,
  captureAttribution,
  configureAttribution,
  getAttribution,
  getOtelCounters,
  runWithCarrier,
  withAttribution,
} from "../../src/index.ts";
import { KEY, NEXT_KEY, NOW_MS, TRACEPARENT } from "../boundary/keys.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
afterEach(() => configureAttribution({ carriers: undefined }));

const ACME = {
  tenantId: "acme",
  userId: "u-17",
  feature: "chat",
  task: "import",
  taskId: "7",
  labels: { plan: "pro" },
};
const NOBODY = { tenantId: undefined, userId: undefined, feature: undefined, labels: {} };
const tenantOf = (carrier: AttributionCarrier | null | undefined) =>
  runWithCarrier(carrier, () => getAttribution().tenantId);

const withoutPlan = ({ "spancost.label.plan": _plan, ...rest }: Record<string, string>) => rest;

/** A queue of BullMQ's shape: jobs are JSON, and one loop, started long before, works them off. */
class Queue<Data> {
  readonly #jobs: string[] = [];
  readonly #added = new EventEmitter();

  add(_name: string, data: Data): void {
    this.#jobs.push(JSON.stringify(data));
    this.#added.emit("job");
  }

  async work(process: (job: { data: Data }) => Promise<void>): Promise<void> {
    for (;;) {
      const job = this.#jobs.shift();
      if (job === undefined) {
        if (!(await Promise.race([once(this.#added, "job").then(() => true), setTimeout(20, false)]))) return;
      } else await process({ data: JSON.parse(job) as Data });
    }
  }
}

describe("a job that a worker runs later", () => {
  it("belongs to nobody, or to whom the worker was started for; with a carrier to whom it was queued for", async () => {
    const queue = new Queue<{ text: string; attribution: AttributionCarrier }>();
    const seen: unknown[] = [];
    const working = withAttribution({ tenantId: "whoever-started" }, () =>
      queue.work(async ({ data }) => {
        const without = getAttribution().tenantId;
        await runWithCarrier(data.attribution, async () => {
          await setTimeout(1);
          seen.push([data.text, without, getAttribution().tenantId]);
        });
      }),
    );
    for (const tenantId of ["acme", "globex"]) {
      withAttribution({ tenantId }, () =>
        queue.add("summarise", { text: `of ${tenantId}`, attribution: captureAttribution() }),
      );
    }
    queue.add("summarise", { text: "of nobody", attribution: captureAttribution() });
    await working;
    expect(seen).toEqual([
      ["of acme", "whoever-started", "acme"],
      ["of globex", "whoever-started", "globex"],
      ["of nobody", "whoever-started", undefined],
    ]);
  });
});

describe("a worker thread", () => {
  it("starts without attribution, and has it whole with a carrier in workerData", async () => {
    const worker = withAttribution(ACME, () => {
      const workerData = { carrier: captureAttribution() };
      return new Worker(new URL("worker.ts", import.meta.url), {
        workerData,
        execArgv: ["--conditions=@spancost/source", "--no-warnings"],
      });
    });
    const [message] = (await once(worker, "message")) as [unknown];
    await worker.terminate();
    expect(message).toEqual({ without: { ...NOBODY, task: undefined, taskId: undefined }, within: ACME });
  });
});

describe("a carrier", () => {
  it("is plain JSON, keeps every field and label, and inherits nothing where it is unpacked", () => {
    const carrier = withAttribution(ACME, captureAttribution);
    expect(carrier).toEqual({
      tenant_id: "acme",
      user_id: "u-17",
      feature: "chat",
      "spancost.task": "import",
      "spancost.task.id": "7",
      "spancost.label.plan": "pro",
    });
    const json = JSON.parse(JSON.stringify(carrier)) as AttributionCarrier;
    expect(runWithCarrier(json, getAttribution)).toEqual(ACME);
    const partly = withAttribution({ tenantId: "acme" }, captureAttribution);
    withAttribution(ACME, () =>
      expect(runWithCarrier(partly, getAttribution)).toEqual({ ...NOBODY, tenantId: "acme" }),
    );
    withAttribution(ACME, () => expect(runWithCarrier(undefined, getAttribution)).toEqual(NOBODY));
  });

  it("is believed only with a valid signature where keys are set, whatever order its members are in", () => {
    let now = NOW_MS;
    configureAttribution({ carriers: { signingKeys: [KEY], lifeSeconds: 100, now: () => now } });
    const carrier = withAttribution({ ...ACME, labels: { plan: "pro", a: "1" } }, captureAttribution);
    const reversed = Object.fromEntries(Object.entries(carrier).toReversed());
    expect([tenantOf(carrier), tenantOf(reversed)]).toEqual(["acme", "acme"]);
    const { "spancost.sig": _signature, ...unsigned } = carrier;
    const forged: Record<string, string>[] = [
      unsigned,
      { ...carrier, tenant_id: "victim" },
      { ...carrier, "spancost.label.plan": "free" },
      { ...carrier, "spancost.label.more": "1" },
      { ...carrier, tenant_id: "acme\nuser_id=u-17", user_id: "" },
      withoutPlan({ ...carrier, "spancost.label.a": "1\nspancost.label.plan=pro" }),
      withoutPlan({ ...carrier, "spancost.label.a": "", "spancost.label.a=1\nspancost.label.plan": "pro" }),
    ];
    const { claim_unsigned } = getOtelCounters();
    expect(forged.map((each) => tenantOf(each))).toEqual(forged.map(() => undefined));
    expect(getOtelCounters().claim_unsigned).toBe(claim_unsigned + 1);
    now += 131_000;
    const before = getOtelCounters().claim_expired;
    expect(tenantOf(carrier)).toBeUndefined();
    expect(getOtelCounters().claim_expired).toBe(before + 1);
    now = NOW_MS;
    configureAttribution({ carriers: { signingKeys: [NEXT_KEY, KEY], now: () => now } });
    expect(tenantOf(carrier)).toBe("acme");
    configureAttribution({ carriers: { signingKeys: [NEXT_KEY], now: () => now } });
    expect(tenantOf(carrier)).toBeUndefined();
  });

  it("has a signature that does not pass in a header, nor the other way round", () => {
    configureAttribution({ carriers: { signingKeys: [KEY] } });
    const carrier = withAttribution({ tenantId: "acme" }, captureAttribution);
    const propagator = new AttributionPropagator({ signingKeys: [KEY] });
    const get = (from: Record<string, string>, name: string) => from[name];
    const baggage = Object.entries(carrier)
      .map((entry) => entry.join("="))
      .join(",");
    const received = propagator.extract(
      context.active(),
      { baggage, traceparent: TRACEPARENT },
      { get, keys: Object.keys },
    );
    expect(getAttribution(received).tenantId).toBeUndefined();
    const header = withAttribution({ tenantId: "acme" }, () => propagator.write(TRACEPARENT)?.baggage ?? "");
    expect(tenantOf(Object.fromEntries(header.split(",").map((member) => member.split("="))))).toBeUndefined();
  });

  it("runs its function exactly once, and never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything(), (hostile) => {
        let runs = 0;
        runWithCarrier(hostile as AttributionCarrier, () => (runs += 1));
        expect(runs).toBe(1);
      }),
    );
    const cursed = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("cursed");
        },
      },
    );
    expect(tenantOf(cursed)).toBeUndefined();
    expect(tenantOf({ tenant_id: "acme", "spancost.label.x": "%zz" })).toBeUndefined();
    expect(() =>
      runWithCarrier({}, () => {
        throw new Error("of the app");
      }),
    ).toThrow("of the app");
  });
});
