import { setTimeout as sleep } from "node:timers/promises";
import { damage, encodeSpans, pickWire } from "./bodies.ts";
import { SCRATCH_TRACE } from "./create-traffic.ts";
import type { Random } from "./random.ts";
import { type Answer, Connection } from "./send.ts";
import type { ServerUrls } from "./server-messages.ts";
import type { Tally } from "./tally.ts";
import { type SentSpan, toSentSpan } from "./traffic.ts";

const SENDERS = 5;
const MAX_BATCH = 120;
const POLL_MS = 10;
const REFUSED_PAUSE_MS = 40;
/** Acknowledged spans that may come again, of this round and of earlier ones. */
const REMEMBERED = 3_000;
const SHARES = { again: 0.12, withOld: 0.15, damaged: 0.06, withBad: 0.08 } as const;

/** Several senders that do what exporters do: send, and send again what got no 200; and some things that they should not do. */
export class Exporter {
  /** Where the server is; `null` while it is away. */
  target: ServerUrls | null = null;
  /** Milliseconds that a sender pauses between requests, at the most. */
  maxPauseMs = 60;
  phantoms: readonly SentSpan[] = [];
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #remembered: SentSpan[] = [];
  #queue: SentSpan[] = [];
  #inFlight = 0;
  #isClosed = false;
  readonly #running: Promise<unknown>;

  constructor(random: Random, tally: Tally) {
    this.#random = random;
    this.#tally = tally;
    this.#running = Promise.all(Array.from({ length: SENDERS }, () => this.#run()));
  }

  add(spans: readonly SentSpan[]): void {
    this.#queue.push(...spans);
  }

  get waiting(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** Whether everything was acknowledged before the time was over, or there was no hope any more. */
  async drain(timeoutMs: number, isHopeless: () => boolean): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.waiting > 0 && performance.now() < deadline && !isHopeless()) await sleep(POLL_MS);
    return this.waiting === 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const connection = new Connection();
    while (!this.#isClosed) {
      const { target } = this;
      if (target === null || this.#queue.length === 0) {
        await sleep(POLL_MS);
        continue;
      }
      if (this.#random.chance(SHARES.damaged)) await this.#sendDamaged(connection, target);
      const batch = this.#take();
      this.#inFlight += batch.length;
      try {
        await this.#sendBatch(connection, target, batch);
      } finally {
        this.#inFlight -= batch.length;
      }
      await sleep(this.#random.int(0, this.maxPauseMs));
    }
    connection.close();
  }

  /** Any spans that wait: what is sent again seldom goes in the same company. */
  #take(): SentSpan[] {
    const size = this.#random.int(1, MAX_BATCH);
    return this.#queue.splice(this.#random.int(0, Math.max(this.#queue.length - size, 0)), size);
  }

  async #sendBatch(connection: Connection, target: ServerUrls, fresh: readonly SentSpan[]): Promise<void> {
    const random = this.#random;
    const old = random.chance(SHARES.withOld) ? this.#recall(random.int(1, 40)) : [];
    const wire = pickWire(random);
    const bad = wire.encoding === "json" && random.chance(SHARES.withBad) ? createBadSpans(random) : [];
    const body = encodeSpans([...fresh, ...old, ...bad], wire);
    const answer = await this.#send(connection, target, body, wire);
    if (answer.outcome !== "acknowledged") {
      this.#queue.push(...fresh);
      if (answer.outcome === "damaged") this.#tally.violate("answer", "a whole body was called damaged");
      if (answer.outcome === "refused") await sleep(REFUSED_PAUSE_MS);
      return;
    }
    if (wire.encoding === "json") this.#checkRejected(answer.body, bad.length);
    this.#acknowledge(fresh, old.length);
    if (!random.chance(SHARES.again)) return;
    // The same bytes once more, as after an answer that was lost.
    const repeated = await this.#send(connection, target, body, wire);
    if (repeated.outcome === "acknowledged") this.#tally.count("spans redelivered", fresh.length + old.length);
  }

  async #sendDamaged(connection: Connection, target: ServerUrls): Promise<void> {
    const wire = pickWire(this.#random);
    // A frame of gRPC says how long it is; what is cut off inside of it is only the message.
    const body = damage(encodeSpans(this.phantoms, wire), this.#random);
    const { outcome } = await this.#send(connection, target, body, wire);
    if (outcome === "acknowledged")
      this.#tally.violate("answer", `a damaged body was acknowledged (${JSON.stringify(wire)})`);
    if (outcome === "damaged") this.#tally.count("requests damaged");
  }

  async #send(
    ...[connection, target, body, wire]: [Connection, ServerUrls, Buffer, ReturnType<typeof pickWire>]
  ): Promise<Answer> {
    const started = performance.now();
    const answer = await connection.send(target, body, wire);
    this.#tally.count(`answers ${answer.outcome}`);
    this.#tally.count(`requests ${wire.protocol} ${wire.encoding}${wire.gzip ? " gzip" : ""}`);
    if (answer.outcome === "acknowledged") this.#tally.time("acknowledgement", performance.now() - started);
    if (answer.outcome === "wrong") this.#tally.violate("answer", answer.detail);
    return answer;
  }

  #acknowledge(fresh: readonly SentSpan[], redelivered: number): void {
    for (const sent of fresh) {
      sent.acknowledged = true;
      // What comes after an erasure is new data.
      if (sent.span.traceId.startsWith(SCRATCH_TRACE)) continue;
      const at = this.#random.int(0, REMEMBERED - 1);
      if (this.#remembered.length < REMEMBERED) this.#remembered.push(sent);
      else this.#remembered[at] = sent;
    }
    this.#tally.count("spans acknowledged", fresh.length);
    this.#tally.count("spans redelivered", redelivered);
  }

  #recall(count: number): SentSpan[] {
    if (this.#remembered.length === 0) return [];
    const all = Array.from({ length: count }, () => this.#remembered[this.#random.int(0, this.#remembered.length - 1)]);
    return all.filter((sent) => sent !== undefined);
  }

  #checkRejected(body: Buffer, expected: number): void {
    const answer = JSON.parse(body.toString("utf8")) as { partialSuccess?: { rejectedSpans?: string | number } };
    const rejected = Number(answer.partialSuccess?.rejectedSpans ?? 0);
    if (rejected !== expected) this.#tally.violate("answer", `${rejected} spans were rejected, not ${expected}`);
    this.#tally.count("spans rejected", rejected);
  }
}

/** Spans that can never be stored: the rest of their body must be. */
function createBadSpans(random: Random): SentSpan[] {
  const draft = {
    scope: "app",
    traceId: `bad0${random.hex(14)}`,
    spanId: random.hex(8),
    durationMs: 1,
    attributes: {},
  };
  const farAhead = Date.now() + 4 * 86_400_000;
  return [
    { ...draft, traceId: "00".repeat(16), startUnixMs: Date.now() },
    { ...draft, spanId: "00".repeat(8), startUnixMs: Date.now() },
    { ...draft, startUnixMs: 1_000 },
    { ...draft, startUnixMs: farAhead },
  ]
    .slice(0, random.int(1, 4))
    .map(toSentSpan);
}
