import { ATTRIBUTES_TYPE, ByteColumn, encodeText, LowCardinalityColumn, MapColumn } from "@spancost/clickhouse";
import { type Figures, readUsageOf } from "@spancost/core";
import type { Pricer } from "@spancost/rates";
import { attemptColumn } from "../pipeline/to-call-row.ts";
import { type CallRate, findCallRate, MINUTE_MS, priceAtRate } from "./call-rate.ts";
import type { CallTemplate, CommonTexts, TextPlace } from "./call-template.ts";
import type { ByteTable } from "./byte-table.ts";
import type { HourKeys } from "./hour-keys.ts";
import type { TextNumbers } from "./known-origin.ts";
import type { KnownText } from "./known-text.ts";
import { ATTRIBUTE, type RequestScan, SPAN } from "./scan-request.ts";
import { VALUE } from "./value-types.ts";
import { writeValue } from "./value-writer.ts";

/** What rows are written with. */
export interface CallBlockTools {
  readonly pricer: Pricer;
  readonly numbers: TextNumbers;
  readonly tenants: ByteTable<KnownText>;
  readonly labelNames: readonly string[];
}

type SameForm = Extract<CallTemplate, { kind: "call" }>;
type Columns = readonly (readonly [name: string, type: string, write: (out: ByteColumn) => void])[];

const INITIAL_ROWS = 1_024;
const LOW_CARDINALITY = "LowCardinality(String)";
const COUNT = "Nullable(UInt64)";
const MONEY = "Nullable(Decimal(38, 12))";
const SECONDS = "Nullable(Decimal(18, 9))";
const UNKNOWN = Number.NaN;
const COUNTS = ["input", "cacheRead", "cacheWrite5m", "cacheWrite1h", "output", "reasoning"] as const;
const NANOS_PER_MS = 1_000_000;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * Rows of the ledger under construction, for calls that are read by a template. Texts and ids go from the request into the columns as
 * they stand; what the calls of a template have in common is looked up once a row when the block is finished.
 */
export class CallBlock {
  rows = 0;
  readonly hours: HourKeys;
  readonly #tools: CallBlockTools;
  readonly #templates: SameForm[] = [];
  readonly #rates: CallRate[] = [];
  readonly #tenants = new ByteColumn();
  readonly #hours = new ByteColumn();
  readonly #traceIds = new ByteColumn();
  readonly #spanIds = new ByteColumn();
  readonly #parentIds = new ByteColumn();
  readonly #startTimes = new ByteColumn();
  readonly #durations = new ByteColumn();
  readonly #users = new ByteColumn();
  readonly #features = new ByteColumn();
  readonly #tasks = new ByteColumn();
  readonly #taskIds = new ByteColumn();
  readonly #sessions = new ByteColumn();
  readonly #labels = new MapColumn();
  readonly #responses = new ByteColumn();
  readonly #isLowerBound = new ByteColumn();
  readonly #listCosts = new ByteColumn();
  readonly #costs = new ByteColumn();
  /** A row of `COUNTS` a call; NaN is NULL. */
  #counts = new Float64Array(COUNTS.length * INITIAL_ROWS);
  readonly #amounts = { list: 0, cost: 0 };

  constructor(tools: CallBlockTools, hours: HourKeys) {
    this.#tools = tools;
    this.hours = hours;
  }

  /** Adds a call; `false`, and nothing is added, for one that must be read as a whole. */
  add(
    scan: RequestScan,
    span: number,
    template: SameForm,
    places: Int32Array,
    hourUnix: number,
    durationLow: number,
    durationHigh: number,
  ): boolean {
    const { view } = scan.reader;
    const startAt = scan.spans[span + SPAN.startAt] ?? 0;
    const startMs = (view.getUint32(startAt + 4, true) * TWO_TO_32 + view.getUint32(startAt, true)) / NANOS_PER_MS;
    const rate = this.#rateOf(template, Math.floor(startMs / MINUTE_MS));
    const reading = readUsageOf(template.shape, takeFigures(scan, template, places));
    const { usage } = reading;
    if (reading.usageIssue !== null || !reading.usageKnown) return false;
    if (rate.rate !== null) {
      const counts = {
        input: usage.input ?? 0,
        cacheRead: usage.cacheRead ?? 0,
        cacheWrite5m: usage.cacheWrite5m ?? 0,
        cacheWrite1h: usage.cacheWrite1h ?? 0,
        output: usage.output ?? 0,
        reasoning: usage.reasoning ?? 0,
      };
      if (!priceAtRate(rate.rate, counts, this.#amounts)) return false;
    }
    if (!this.#addTenant(scan, template.texts.tenantId, places, hourUnix)) return false;
    this.#hours.uint32(hourUnix);
    const { spans } = scan;
    const traceAt = spans[span + SPAN.traceAt] ?? 0;
    this.#traceIds.eightBytes(view, traceAt);
    this.#traceIds.eightBytes(view, traceAt + 8);
    this.#spanIds.eightBytes(view, spans[span + SPAN.spanAt] ?? 0);
    if (spans[span + SPAN.parentSize] === 8) this.#parentIds.eightBytes(view, spans[span + SPAN.parentAt] ?? 0);
    else this.#parentIds.uint64(0);
    this.#startTimes.eightBytes(view, startAt);
    this.#durations.uint32(durationLow);
    this.#durations.uint32(durationHigh);
    const { texts } = template;
    addText(this.#users, scan, texts.userId, places);
    addText(this.#features, scan, texts.feature, places);
    addText(this.#tasks, scan, texts.task, places);
    addText(this.#taskIds, scan, texts.taskId, places);
    addText(this.#sessions, scan, texts.sessionId, places);
    addText(this.#responses, scan, texts.responseId, places);
    this.#addLabels(scan, template, places);
    const row = this.rows * COUNTS.length;
    if (row === this.#counts.length) this.#growCounts();
    const all = this.#counts;
    all[row] = usage.input ?? UNKNOWN;
    all[row + 1] = usage.cacheRead ?? UNKNOWN;
    all[row + 2] = usage.cacheWrite5m ?? UNKNOWN;
    all[row + 3] = usage.cacheWrite1h ?? UNKNOWN;
    all[row + 4] = usage.output ?? UNKNOWN;
    all[row + 5] = usage.reasoning ?? UNKNOWN;
    this.#isLowerBound.uint8(reading.usageIsLowerBound ? 1 : 0);
    addMoney(this.#listCosts, rate.rate === null ? 0 : this.#amounts.list);
    addMoney(this.#costs, rate.rate === null ? 0 : this.#amounts.cost);
    this.#templates.push(template);
    this.#rates.push(rate);
    this.rows += 1;
    return true;
  }

  /** Writes the block. It must not be used afterwards. */
  finish(): Uint8Array {
    const out = new ByteColumn();
    const columns = this.#columns();
    out.varUint(columns.length);
    out.varUint(this.rows);
    for (const [name, type, write] of columns) {
      out.raw(encodeText(name));
      out.raw(encodeText(type));
      write(out);
    }
    return out.take();
  }

  /** The last rate of each template: spans of one request mostly start in the same minute. */
  readonly #lastRates = new Map<SameForm, CallRate>();

  #rateOf(template: SameForm, minute: number): CallRate {
    let rate = this.#lastRates.get(template);
    if (rate?.minute !== minute) {
      rate = findCallRate(template.shape, minute, this.#tools.pricer, this.#tools.numbers);
      this.#lastRates.set(template, rate);
    }
    return rate;
  }

  #addTenant(scan: RequestScan, tenant: TextPlace, places: Int32Array, hourUnix: number): boolean {
    if (tenant.place === -1) {
      this.#tenants.raw(tenant.encoded);
      this.hours.addText(tenant.text, hourUnix);
      return true;
    }
    const row = places[tenant.place] ?? 0;
    const at = scan.attributes[row + ATTRIBUTE.at] ?? 0;
    const known = this.#tools.tenants.find(scan.reader.view, at, scan.attributes[row + ATTRIBUTE.size] ?? 0);
    if (known === undefined) return false;
    this.#tenants.raw(known.encoded);
    this.hours.add(known, hourUnix);
    return true;
  }

  #addLabels(scan: RequestScan, { labels }: SameForm, places: Int32Array): void {
    const { attributes, reader, composed } = scan;
    for (let index = 0; index < labels.length; index += 1) {
      const row = places[labels[index] ?? -1];
      if (row === undefined) continue;
      this.#labels.key(this.#tools.numbers.numberOf(this.#tools.labelNames[index] ?? ""));
      const type = attributes[row + ATTRIBUTE.type] ?? VALUE.none;
      const at = attributes[row + ATTRIBUTE.at] ?? 0;
      writeValue(this.#labels.values, reader, composed, type, at, attributes[row + ATTRIBUTE.size] ?? 0);
    }
    this.#labels.endRow();
  }

  #growCounts(): void {
    const grown = new Float64Array(this.#counts.length * 2);
    grown.set(this.#counts);
    this.#counts = grown;
  }

  /** In the order of the ledger's columns. */
  #columns(): Columns {
    const bytes = (column: ByteColumn) => (out: ByteColumn) => out.raw(column.take());
    const common = (name: keyof CommonTexts) =>
      [name, LOW_CARDINALITY, (out: ByteColumn) => this.#writeTexts(out, (row) => this.#templates[row]?.common[name])] as const;
    const rated = (name: Exclude<keyof CallRate, "minute" | "rate">) =>
      [name, LOW_CARDINALITY, (out: ByteColumn) => this.#writeTexts(out, (row) => this.#rates[row]?.[name])] as const;
    const count = (name: string, index: number) =>
      [name, COUNT, (out: ByteColumn) => this.#writeCounts(out, index)] as const;
    const nothing = (name: string, type: string) => [name, type, (out: ByteColumn) => writeNulls(out, this.rows)] as const;
    const flag = (name: string, read: (template: SameForm) => boolean) =>
      [name, "Bool", (out: ByteColumn) => this.#templates.forEach((each) => out.uint8(read(each) ? 1 : 0))] as const;
    return [
      ["tenant_id", "String", bytes(this.#tenants)],
      ["hour", "DateTime('UTC')", bytes(this.#hours)],
      ["trace_id", "FixedString(16)", bytes(this.#traceIds)],
      ["span_id", "FixedString(8)", bytes(this.#spanIds)],
      ["parent_span_id", "FixedString(8)", bytes(this.#parentIds)],
      ["started_at", "DateTime64(9, 'UTC')", bytes(this.#startTimes)],
      ["duration_ns", "UInt64", bytes(this.#durations)],
      ["user_id", "String", bytes(this.#users)],
      ["feature", "String", bytes(this.#features)],
      ["task", "String", bytes(this.#tasks)],
      ["task_id", "String", bytes(this.#taskIds)],
      ["session_id", "String", bytes(this.#sessions)],
      common("service"),
      common("environment"),
      ["labels", ATTRIBUTES_TYPE, (out) => (this.#labels.writePrefix(out), this.#labels.write(out))],
      rated("provider"),
      rated("model"),
      common("provider_reported"),
      common("provider_account"),
      common("model_requested"),
      common("model_reported"),
      common("operation"),
      common("service_tier"),
      common("inference_region"),
      ["attempt", "UInt32", (out) => this.#templates.forEach(({ shape }) => out.uint32(attemptColumn(shape.reading)))],
      flag("streamed", ({ shape }) => shape.reading.streamed),
      flag("is_error", ({ shape }) => shape.reading.isError),
      common("error_type"),
      ["response_id", "String", bytes(this.#responses)],
      count("input_tokens", 0),
      count("cache_read_tokens", 1),
      count("cache_write_5m_tokens", 2),
      count("cache_write_1h_tokens", 3),
      count("output_tokens", 4),
      count("reasoning_tokens", 5),
      nothing("audio_input_tokens", COUNT),
      nothing("audio_output_tokens", COUNT),
      nothing("image_input_tokens", COUNT),
      nothing("image_output_tokens", COUNT),
      nothing("images", COUNT),
      nothing("audio_seconds", SECONDS),
      nothing("video_seconds", SECONDS),
      nothing("characters", COUNT),
      nothing("web_search_requests", COUNT),
      ["usage_is_lower_bound", "Bool", bytes(this.#isLowerBound)],
      ["list_cost", MONEY, (out) => this.#writeMoney(out, this.#listCosts)],
      ["cost", MONEY, (out) => this.#writeMoney(out, this.#costs)],
      rated("cost_status"),
      rated("cost_reason"),
      common("cost_kind"),
      rated("rate_version"),
      common("dialect"),
      common("scope_name"),
      common("scope_version"),
      ["own_tenant_id", "String", bytes(this.#tenants)],
      ["own_user_id", "String", bytes(this.#users)],
      ["own_feature", "String", bytes(this.#features)],
      ["own_task", "String", bytes(this.#tasks)],
      ["own_task_id", "String", bytes(this.#taskIds)],
      // Ingest writes version 0, so that a redelivery undoes nothing that maintenance did.
      ["version", "UInt64", (out) => writeZeros(out, 8 * this.rows)],
    ];
  }

  #writeTexts(out: ByteColumn, read: (row: number) => CommonTexts[keyof CommonTexts] | undefined): void {
    const column = new LowCardinalityColumn();
    for (let row = 0; row < this.rows; row += 1) {
      const text = read(row);
      if (text !== undefined) column.push(text);
    }
    column.writePrefix(out);
    column.write(out);
  }

  #writeCounts(out: ByteColumn, index: number): void {
    const { rows } = this;
    const counts = this.#counts;
    for (let row = 0; row < rows; row += 1) out.uint8(Number.isNaN(counts[row * COUNTS.length + index]) ? 1 : 0);
    for (let row = 0; row < rows; row += 1) out.uint64(counts[row * COUNTS.length + index] || 0);
  }

  #writeMoney(out: ByteColumn, amounts: ByteColumn): void {
    for (const { rate } of this.#rates) out.uint8(rate === null ? 1 : 0);
    out.raw(amounts.take());
  }
}

function takeFigures(scan: RequestScan, { figures }: SameForm, places: Int32Array): Figures {
  return {
    input: readFigure(scan, places, figures.input),
    output: readFigure(scan, places, figures.output),
    uncachedInput: readFigure(scan, places, figures.uncachedInput),
    textOutput: readFigure(scan, places, figures.textOutput),
    cacheRead: readFigure(scan, places, figures.cacheRead),
    cacheWrite: readFigure(scan, places, figures.cacheWrite),
    cacheWrite5m: readFigure(scan, places, figures.cacheWrite5m),
    cacheWrite1h: readFigure(scan, places, figures.cacheWrite1h),
    reasoning: readFigure(scan, places, figures.reasoning),
    audioIn: null,
    audioOut: null,
    imageIn: null,
    imageOut: null,
    images: null,
    audioSeconds: null,
    videoSeconds: null,
    characters: null,
    webSearchRequests: null,
  };
}

function readFigure(scan: RequestScan, places: Int32Array, place: number): number | null {
  if (place === -1) return null;
  const row = places[place] ?? 0;
  const { attributes, reader } = scan;
  const at = attributes[row + ATTRIBUTE.at] ?? 0;
  if (attributes[row + ATTRIBUTE.type] === VALUE.double) return reader.view.getFloat64(at, true);
  let value = 0;
  let unit = 1;
  const end = at + (attributes[row + ATTRIBUTE.size] ?? 0);
  for (let index = at; index < end; index += 1, unit *= 0x80) value += (reader.view.getUint8(index) & 0x7f) * unit;
  return value;
}

function addText(column: ByteColumn, scan: RequestScan, text: TextPlace, places: Int32Array): void {
  if (text.place === -1) {
    column.raw(text.encoded);
    return;
  }
  const row = places[text.place] ?? 0;
  column.textFrom(
    scan.reader.view,
    scan.attributes[row + ATTRIBUTE.at] ?? 0,
    scan.attributes[row + ATTRIBUTE.size] ?? 0,
  );
}

/** A whole number of 1e-12 USD as a 128-bit integer. */
function addMoney(column: ByteColumn, picoUsd: number): void {
  column.uint64(picoUsd);
  column.uint64(0);
}

function writeNulls(out: ByteColumn, rows: number): void {
  out.reserve(rows);
  out.bytes.fill(1, out.length, out.length + rows);
  out.length += rows;
  writeZeros(out, 8 * rows);
}

function writeZeros(out: ByteColumn, sizeBytes: number): void {
  out.reserve(sizeBytes);
  out.bytes.fill(0, out.length, out.length + sizeBytes);
  out.length += sizeBytes;
}
