import {
  ATTRIBUTES_TYPE,
  ByteColumn,
  encodeText,
  MapColumn,
  type NumberedText,
  writeFewTexts,
} from "@spancost/clickhouse";
import { readUsageOf } from "@spancost/core";
import type { Pricer } from "@spancost/rates";
import { fingerprintCall, fingerprintText } from "../../pipeline/recent-calls.ts";
import { attemptColumn } from "../../pipeline/to-call-row.ts";
import { type CallRate, findCallRate, priceAtRate, RATE_COLUMNS } from "../calls/call-rate.ts";
import { type CallForm, COMMON_COLUMNS, type TextPlace } from "../calls/call-template.ts";
import type { ByteTable } from "../known/byte-table.ts";
import { ColumnSet, writeBlock, writeColumn, type WrittenColumn } from "./column-set.ts";
import type { HourKeys } from "./hour-keys.ts";
import type { TextNumbers } from "../known/known-origin.ts";
import type { KnownText } from "../known/known-text.ts";
import { CallFigures, FIGURE, takeFigures } from "./call-figures.ts";
import { PLACE, type ReadAttributes } from "../calls/read-attributes.ts";
import type { SpanFields } from "../spans/span-fields.ts";

/** What rows are written with. */
export interface CallBlockTools {
  readonly pricer: Pricer;
  readonly numbers: TextNumbers;
  readonly tenants: ByteTable<KnownText>;
  readonly labelNames: readonly string[];
}

const NO_TEXT: NumberedText = { id: 0, encoded: encodeText("") };
const INITIAL_ROWS = 1_024;
const LOW_CARDINALITY = "LowCardinality(String)";
const COUNT = "Nullable(UInt64)";
const MONEY = "Nullable(Decimal(38, 12))";
const UNKNOWN = Number.NaN;
/** Six counts of nine bytes, two costs of seventeen, twenty numbers of texts, flags. */
const BYTES_OF_OTHERS = 150;
/** Names and types of the columns, and their dictionaries. */
const HEADER_BYTES = 8_192;

/**
 * Rows of the ledger under construction, for calls that are read by a template. Texts and ids go from the request into the columns as
 * they stand; what the calls of a template have in common is looked up once a row when the block is finished.
 */
export class CallBlock {
  rows = 0;
  /** Of the call that was added last. @see fingerprintCall */
  fingerprint = 0;
  readonly #tools: CallBlockTools;
  /** Rates of the rows, each once, and by row the place of its own: form and price of a call follow from it. */
  readonly #rates: CallRate[] = [];
  readonly #places = new Map<CallRate, number>();
  #rateOfRow = new Uint32Array(INITIAL_ROWS);
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
  readonly #labels = new MapColumn(new ByteColumn());
  readonly #responses = new ByteColumn();
  readonly #isLowerBound = new ByteColumn();
  readonly #figures = new CallFigures();
  readonly #amounts = { list: 0, cost: 0 };
  readonly #columns: ColumnSet;
  #marked = 0;
  #lastPlace = 0;
  #tenantFingerprint = 0;

  constructor(tools: CallBlockTools) {
    this.#tools = tools;
    this.#columns = new ColumnSet([
      this.#tenants,
      this.#hours,
      this.#traceIds,
      this.#spanIds,
      this.#parentIds,
      this.#startTimes,
      this.#durations,
      this.#users,
      this.#features,
      this.#tasks,
      this.#taskIds,
      this.#sessions,
      this.#labels,
      this.#responses,
      this.#isLowerBound,
    ]);
  }

  /** Adds a call; `false`, and nothing is added, for one that must be read as a whole. */
  add(view: DataView, span: SpanFields, template: CallForm, read: ReadAttributes, hours: HourKeys): boolean {
    const rate = this.#rateOf(template, span.minute);
    if (!rate.isSteady) return false;
    const reading = readUsageOf(template.shape, takeFigures(view, template, read));
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
    const { texts } = template;
    if (!this.#addTenant(view, texts.tenantId, read, hours, span.hourUnix)) return false;
    this.#hours.uint32(span.hourUnix);
    this.#traceIds.eightBytes(view, span.traceAt);
    this.#traceIds.eightBytes(view, span.traceAt + 8);
    this.#spanIds.eightBytes(view, span.spanAt);
    if (span.parentSize === 8) this.#parentIds.eightBytes(view, span.parentAt);
    else this.#parentIds.uint64(0);
    this.#startTimes.eightBytes(view, span.startAt);
    this.#durations.uint32(span.durationLow);
    this.#durations.uint32(span.durationHigh);
    addText(this.#users, view, texts.userId, read);
    addText(this.#features, view, texts.feature, read);
    addText(this.#tasks, view, texts.task, read);
    addText(this.#taskIds, view, texts.taskId, read);
    addText(this.#sessions, view, texts.sessionId, read);
    addText(this.#responses, view, texts.responseId, read);
    this.#addLabels(view, template, read);
    if (this.rows === this.#rateOfRow.length) this.#growRates();
    const isPriced = rate.rate !== null;
    this.#figures.add(usage, isPriced ? this.#amounts.list : UNKNOWN, isPriced ? this.#amounts.cost : UNKNOWN);
    this.#isLowerBound.uint8(reading.usageIsLowerBound ? 1 : 0);
    this.fingerprint = fingerprintCall({
      tenant: this.#tenantFingerprint,
      startNano: span.startLow,
      durationNano: span.durationLow,
      inputTokens: usage.input ?? UNKNOWN,
      outputTokens: usage.output ?? UNKNOWN,
      costPicoUsd: isPriced ? this.#amounts.cost : UNKNOWN,
    });
    this.#rateOfRow[this.rows] = this.#placeOf(rate);
    this.rows += 1;
    return true;
  }

  /** Remembers how much there is. */
  mark(): void {
    this.#columns.mark();
    this.#marked = this.rows;
  }

  /** Takes back what came after the mark. */
  rollBack(): void {
    this.#columns.rollBack();
    this.rows = this.#figures.rows = this.#marked;
  }

  /** Writes the block and empties this one. */
  finish(out: ByteColumn): void {
    const sizeBytes = this.#columns.sizeBytes + this.rows * BYTES_OF_OTHERS + HEADER_BYTES;
    writeBlock(out, this.#written(), this.rows, sizeBytes);
    this.clear();
  }

  /** Memory that the block holds. */
  get capacityBytes(): number {
    return this.#columns.capacityBytes;
  }

  /** Empties the block and keeps its memory. */
  clear(): void {
    this.#columns.clear();
    this.#places.clear();
    this.rows = this.#figures.rows = this.#rates.length = 0;
  }

  #growRates(): void {
    const grown = new Uint32Array(this.#rateOfRow.length * 2);
    grown.set(this.#rateOfRow);
    this.#rateOfRow = grown;
  }

  #placeOf(rate: CallRate): number {
    if (this.#rates[this.#lastPlace] === rate) return this.#lastPlace;
    let place = this.#places.get(rate);
    if (place === undefined) this.#places.set(rate, (place = this.#rates.push(rate) - 1));
    this.#lastPlace = place;
    return place;
  }

  #rateOf(template: CallForm, minute: number): CallRate {
    const last = template.lastRate;
    if (last !== undefined && last.minute === minute) return last;
    return (template.lastRate = findCallRate(template, minute, this.#tools.pricer, this.#tools.numbers));
  }

  #addTenant(
    view: DataView,
    tenant: TextPlace,
    { places }: ReadAttributes,
    hours: HourKeys,
    hourUnix: number,
  ): boolean {
    if (tenant.place === -1) {
      this.#tenants.raw(tenant.encoded);
      hours.addText(tenant.text, hourUnix);
      this.#tenantFingerprint = fingerprintText(tenant.text);
      return true;
    }
    const row = tenant.place * PLACE.width;
    const [at, size] = [places[row + PLACE.at] ?? 0, places[row + PLACE.size] ?? 0];
    const known = this.#tools.tenants.find(view, at, size);
    if (known === undefined) return false;
    this.#tenants.textFrom(view, at, size);
    this.#tenantFingerprint = known.fingerprint;
    hours.add(known, hourUnix);
    return true;
  }

  /** Labels of a template are texts; others make their spans be read as a whole. */
  #addLabels(view: DataView, { labels }: CallForm, { places }: ReadAttributes): void {
    for (let index = 0; index < labels.length; index += 1) {
      const row = (labels[index] ?? -1) * PLACE.width;
      if (row < 0) continue;
      this.#labels.key(this.#tools.numbers.numberOf(this.#tools.labelNames[index] ?? ""));
      this.#labels.values.textFrom(view, places[row + PLACE.at] ?? 0, places[row + PLACE.size] ?? 0);
    }
    this.#labels.endRow();
  }

  /**
   * In the order of the ledger's columns. Those that are not here the database fills in: what the call says of its attribution, which is the
   * same, version 0, and NULL for what no call has that is read by a form.
   */
  #written(): readonly WrittenColumn[] {
    const few = (name: string, read: (rate: CallRate) => NumberedText | undefined): WrittenColumn => [
      name,
      LOW_CARDINALITY,
      (out) =>
        writeFewTexts(
          out,
          this.#rates.map((rate) => read(rate) ?? NO_TEXT),
          this.#rateOfRow,
          this.rows,
        ),
    ];
    const common = (name: (typeof COMMON_COLUMNS)[number]) => {
      const place = COMMON_COLUMNS.indexOf(name);
      return few(name, ({ form }) => form.common[place]);
    };
    const rated = (name: (typeof RATE_COLUMNS)[number]) => {
      const place = RATE_COLUMNS.indexOf(name);
      return few(name, ({ texts }) => texts[place]);
    };
    const count = (name: string, index: number) =>
      [name, COUNT, (out: ByteColumn) => this.#figures.write(out, index, 8)] as const;
    const flag = (name: string, read: (form: CallForm) => boolean): WrittenColumn => [
      name,
      "Bool",
      (out) => {
        const flags = this.#rates.map(({ form }) => (read(form) ? 1 : 0));
        for (let row = 0; row < this.rows; row += 1) out.uint8(flags[this.#rateOfRow[row] ?? 0] ?? 0);
      },
    ];
    const attempts = (out: ByteColumn) => {
      const known = this.#rates.map(({ form }) => attemptColumn(form.shape.reading));
      for (let row = 0; row < this.rows; row += 1) out.uint32(known[this.#rateOfRow[row] ?? 0] ?? 0);
    };
    return [
      ["tenant_id", "String", writeColumn(this.#tenants)],
      ["hour", "DateTime('UTC')", writeColumn(this.#hours)],
      ["trace_id", "FixedString(16)", writeColumn(this.#traceIds)],
      ["span_id", "FixedString(8)", writeColumn(this.#spanIds)],
      ["parent_span_id", "FixedString(8)", writeColumn(this.#parentIds)],
      ["started_at", "DateTime64(9, 'UTC')", writeColumn(this.#startTimes)],
      ["duration_ns", "UInt64", writeColumn(this.#durations)],
      ["user_id", "String", writeColumn(this.#users)],
      ["feature", "String", writeColumn(this.#features)],
      ["task", "String", writeColumn(this.#tasks)],
      ["task_id", "String", writeColumn(this.#taskIds)],
      ["session_id", "String", writeColumn(this.#sessions)],
      common("service"),
      common("environment"),
      ["labels", ATTRIBUTES_TYPE, writeColumn(this.#labels)],
      rated("provider"),
      rated("model"),
      common("provider_reported"),
      common("provider_account"),
      common("model_requested"),
      common("model_reported"),
      common("operation"),
      common("service_tier"),
      common("inference_region"),
      ["attempt", "UInt32", attempts],
      flag("streamed", ({ shape }) => shape.reading.streamed),
      flag("is_error", ({ shape }) => shape.reading.isError),
      common("error_type"),
      ["response_id", "String", writeColumn(this.#responses)],
      count("input_tokens", FIGURE.input),
      count("cache_read_tokens", FIGURE.cacheRead),
      count("cache_write_5m_tokens", FIGURE.cacheWrite5m),
      count("cache_write_1h_tokens", FIGURE.cacheWrite1h),
      count("output_tokens", FIGURE.output),
      count("reasoning_tokens", FIGURE.reasoning),
      ["usage_is_lower_bound", "Bool", writeColumn(this.#isLowerBound)],
      ["list_cost", MONEY, (out) => this.#figures.write(out, FIGURE.listCost, 16)],
      ["cost", MONEY, (out) => this.#figures.write(out, FIGURE.cost, 16)],
      rated("cost_status"),
      rated("cost_reason"),
      common("cost_kind"),
      rated("rate_version"),
      common("dialect"),
      common("scope_name"),
      common("scope_version"),
    ];
  }
}

function addText(column: ByteColumn, view: DataView, text: TextPlace, { places }: ReadAttributes): void {
  if (text.place === -1) {
    column.raw(text.encoded);
    return;
  }
  const row = text.place * PLACE.width;
  column.textFrom(view, places[row + PLACE.at] ?? 0, places[row + PLACE.size] ?? 0);
}
