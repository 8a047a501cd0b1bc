import { EventEmitter, once } from "node:events";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { describe, expect, it } from "vitest";
import {
  attributeIterable,
  bindAttribution,
  bindEmitter,
  bindStream,
  clearAttribution,
  getAttribution,
  getOtelCounters,
  setAttribution,
  withAttribution,
} from "../../src/index.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const tenant = (): string | undefined => getAttribution().tenantId;
/** Runs as the request of a tenant. */
const as = <T>(tenantId: string, fn: () => T): T => withAttribution({ tenantId }, fn);
/** How each test is run: as Node does it, and with the helper. */
const keep = <T>(value: T): T => value;

describe("an event emitter that requests share", () => {
  /** acme listens, globex emits. */
  function listen(bind: <E extends EventEmitter>(emitter: E) => E): string | undefined {
    const emitter = bind(new EventEmitter());
    let seen: string | undefined;
    as("acme", () => emitter.on("answer", () => (seen = tenant())));
    as("globex", () => emitter.emit("answer"));
    return seen;
  }

  it("calls a listener as whoever emits; with bindEmitter as who listens", () => {
    expect(listen(keep)).toBe("globex");
    expect(listen(bindEmitter)).toBe("acme");
  });

  it("stays an emitter: order, once, off, listeners, arguments, this and errors", async () => {
    const emitter = bindEmitter(bindEmitter(new EventEmitter()));
    const calls: unknown[] = [];
    const first = (...args: unknown[]): void => void calls.push(["first", ...args]);
    const second = (): void => void calls.push("second");
    function third(this: unknown): void {
      calls.push(this === emitter);
    }
    emitter.on("x", second).prependListener("x", first).once("x", first).addListener("x", third);
    emitter.prependOnceListener("x", second);
    expect(emitter.listeners("x")).toEqual([second, first, second, first, third]);
    emitter.emit("x", 1, 2);
    expect(calls).toEqual(["second", ["first", 1, 2], "second", ["first", 1, 2], true]);
    expect(emitter.listenerCount("x")).toBe(3);
    emitter.off("x", first).removeListener("x", second).off("x", third).once("y", first).off("y", first);
    expect(emitter.eventNames()).toEqual([]);
    const waiting = once(emitter, "z");
    emitter.emit("z", 7);
    expect(await waiting).toEqual([7]);
    expect(emitter.eventNames()).toEqual([]);
    emitter.once("error", () => {
      throw new Error("of the app");
    });
    expect(() => emitter.emit("error")).toThrow("of the app");
    expect(() => emitter.emit("error", new Error("unhandled"))).toThrow("unhandled");
    expect(() => emitter.on("x", undefined as never)).toThrow(TypeError);
  });
});

describe("a stream that another request feeds", () => {
  async function readData(bind: <S extends EventEmitter>(stream: S) => S): Promise<string | undefined> {
    const stream = bind(new PassThrough({ readableHighWaterMark: 1 }));
    let seen: string | undefined;
    as("acme", () => stream.on("data", () => (seen = tenant())));
    await as("globex", () => setTimeout(1));
    as("globex", () => stream.write("x"));
    await setTimeout(1);
    return seen;
  }

  it("calls 'data' listeners as whoever writes; with bindStream as who listens", async () => {
    expect(await readData(keep)).toBe("globex");
    expect(await readData(bindStream)).toBe("acme");
  });

  async function transform(bind: <S extends EventEmitter>(stream: S) => S): Promise<readonly (string | undefined)[]> {
    const source = new PassThrough();
    const seen: (string | undefined)[] = [];
    const done = as("acme", () => {
      const stage = bind(
        new Transform({
          transform(chunk, _encoding, callback) {
            seen.push(tenant());
            callback(null, chunk);
          },
          flush(callback) {
            seen.push(tenant());
            callback();
          },
        }),
      );
      return pipeline(source, stage, new PassThrough().resume());
    });
    await setTimeout(1);
    as("globex", () => void source.write("x"));
    await setTimeout(1);
    as("globex", () => void source.end("y"));
    await done;
    return seen;
  }

  it("runs a stage of a pipeline as whoever feeds it; with bindStream as who built it", async () => {
    expect(await transform(keep)).toContain("globex");
    expect(await transform(bindStream)).toEqual(["acme", "acme", "acme"]);
  });
});

describe("an async generator that another request consumes", () => {
  async function* produce(): AsyncGenerator<string | undefined> {
    yield tenant();
    await setTimeout(1);
    yield tenant();
  }

  async function consume(
    bind: <T>(iterable: AsyncIterable<T>) => AsyncIterable<T>,
  ): Promise<readonly (string | undefined)[]> {
    const values = as("acme", () => bind(produce()));
    return as("globex", async () => {
      const seen: (string | undefined)[] = [];
      for await (const value of values) seen.push(value, tenant());
      return seen;
    });
  }

  it("runs its body as whoever asks for the next value; with attributeIterable as who made it", async () => {
    expect(await consume(keep)).toEqual(["globex", "globex", "globex", "globex"]);
    expect(await consume(attributeIterable)).toEqual(["acme", "globex", "acme", "globex"]);
  });

  it("stays an iterable: early return, thrown errors, iterators without return, more than one pass", async () => {
    const events: unknown[] = [];
    async function* watched(): AsyncGenerator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        events.push(tenant());
      }
    }
    const early = as("acme", () => attributeIterable(watched()));
    for await (const value of early) {
      events.push(value);
      break;
    }
    expect(events).toEqual([1, "acme"]);
    const failing = as("acme", () => attributeIterable(watched()))[Symbol.asyncIterator]();
    await failing.next();
    await expect(failing.throw?.(new Error("of the consumer"))).rejects.toThrow("of the consumer");
    let left = 2;
    const bare = { next: async () => ({ done: (left -= 1) < 0, value: left }) };
    const wrapped = attributeIterable({ [Symbol.asyncIterator]: () => bare });
    expect("return" in wrapped[Symbol.asyncIterator]()).toBe(false);
    const seen: unknown[] = [];
    for await (const value of attributeIterable({
      [Symbol.asyncIterator]: () => Readable.from([1, 2])[Symbol.asyncIterator](),
    }))
      seen.push(value);
    expect(seen).toEqual([1, 2]);
  });
});

describe("a pool that keeps callbacks", () => {
  /** Runs what waits in one timer, started by whoever came first: as batching clients do. */
  class Batch {
    #waiting: (() => void)[] = [];
    add(callback: () => void): void {
      this.#waiting.push(callback);
      if (this.#waiting.length === 1) void setTimeout(1).then(() => this.#waiting.splice(0).forEach((run) => run()));
    }
  }

  async function runBatch(bind: (fn: () => void) => () => void): Promise<readonly (string | undefined)[]> {
    const batch = new Batch();
    const seen: (string | undefined)[] = [];
    for (const id of ["acme", "globex"]) as(id, () => batch.add(bind(() => void seen.push(tenant()))));
    await setTimeout(5);
    return seen;
  }

  it("runs all of them as whoever came first; with bindAttribution each as its own", async () => {
    expect(await runBatch(keep)).toEqual(["acme", "acme"]);
    expect(await runBatch(bindAttribution)).toEqual(["acme", "globex"]);
  });

  it("gets the function's arguments, this, result and errors", () => {
    const bound = as("acme", () =>
      bindAttribution(function add(this: { base: number }, more: number): string {
        if (more < 0) throw new Error("of the app");
        return `${tenant()} ${this.base + more}`;
      }),
    );
    expect(bound.call({ base: 1 }, 2)).toBe("acme 3");
    expect(() => bound.call({ base: 1 }, -1)).toThrow("of the app");
    expect(tenant()).toBeUndefined();
  });
});

describe("authentication inside an awaited function", () => {
  /** What a handler sees after it awaited an authentication that attributes the request. */
  async function handle(authenticate: () => Promise<void>): Promise<string | undefined> {
    return withAttribution({}, async () => {
      await authenticate();
      await setTimeout(1);
      return tenant();
    });
  }

  it("is lost with a scope of its own, and holds with setAttribution", async () => {
    expect(
      await handle(async () => withAttribution({ tenantId: "acme" }, () => setTimeout(1)).then(() => undefined)),
    ).toBeUndefined();
    expect(
      await handle(async () => {
        await setTimeout(1);
        setAttribution({ tenantId: "acme" });
      }),
    ).toBe("acme");
  });

  it("changes the innermost scope only, for all that runs in it, and single fields of it", async () => {
    await withAttribution({ tenantId: "acme", userId: "ann", feature: "chat" }, async () => {
      const sibling = (async () => {
        await setTimeout(2);
        return tenant();
      })();
      withAttribution({ feature: "summary" }, () => {
        setAttribution({ tenantId: "inner", labels: { plan: "pro" } });
        expect(getAttribution()).toMatchObject({
          tenantId: "inner",
          userId: "ann",
          feature: "summary",
          labels: { plan: "pro" },
        });
      });
      expect(getAttribution()).toMatchObject({ tenantId: "acme", feature: "chat", labels: {} });
      setAttribution({ tenantId: "globex" });
      expect(await sibling).toBe("globex");
      clearAttribution(["userId"]);
      expect(getAttribution()).toMatchObject({ tenantId: "globex", userId: undefined, feature: "chat" });
      withAttribution({}, () => {
        clearAttribution();
        expect(getAttribution()).toEqual({
          tenantId: undefined,
          userId: undefined,
          feature: undefined,
          task: undefined,
          taskId: undefined,
          labels: {},
        });
      });
      expect(tenant()).toBe("globex");
    });
  });

  it("is reported outside every scope, does nothing there, and never mixes 1,000 requests", async () => {
    const before = getOtelCounters().no_scope;
    setAttribution({ tenantId: "acme" });
    clearAttribution();
    expect(getOtelCounters().no_scope).toBe(before + 2);
    expect(tenant()).toBeUndefined();
    const requests = Array.from({ length: 1_000 }, (_, index) => index);
    const seen = await Promise.all(
      requests.map((index) =>
        withAttribution({}, async () => {
          await setTimeout(index % 7);
          setAttribution({ tenantId: index });
          await setTimeout((index * 7_919) % 11);
          return tenant();
        }),
      ),
    );
    expect(seen).toEqual(requests.map(String));
  });

  it("says that baggage which a scope mirrored stays behind", () => {
    const before = getOtelCounters().stale_baggage;
    withAttribution({ tenantId: "acme" }, () => setAttribution({ tenantId: "globex" }), { baggage: true });
    expect(getOtelCounters().stale_baggage).toBe(before + 1);
  });
});
