import { encodeText, type NumberedText } from "@spancost/clickhouse";
import {
  type AttributionKeys,
  type CallShape,
  type Figures,
  findAttribution,
  findCallShape,
  LLM_COST_KIND,
  MAX_ATTRIBUTION_LENGTH,
  readAttribution,
  type Source,
} from "@spancost/core";
import type { OtlpSpan } from "../../otlp/trace-data.ts";
import { LABEL_PREFIX, originColumns } from "../../pipeline/span-columns.ts";
import { errorTypeColumn, toFacts } from "../../pipeline/to-call-row.ts";
import type { CallRate } from "./call-rate.ts";
import type { TextNumbers } from "../known/known-origin.ts";

/** A text of a call: what stands at a place among the attributes that are read, or the same text for all calls of the template. */
export interface TextPlace {
  /** -1 for a text that is the same. */
  readonly place: number;
  readonly text: string;
  readonly encoded: Uint8Array;
}

/** Columns that every call of a template has in common. */
export const COMMON_COLUMNS = [
  "service",
  "environment",
  "provider_reported",
  "provider_account",
  "model_requested",
  "model_reported",
  "operation",
  "service_tier",
  "inference_region",
  "error_type",
  "cost_kind",
  "dialect",
  "scope_name",
  "scope_version",
] as const;

/** The texts of a call that differ from row to row, by column. */
interface CallTexts {
  readonly tenantId: TextPlace;
  readonly userId: TextPlace;
  readonly feature: TextPlace;
  readonly task: TextPlace;
  readonly taskId: TextPlace;
  readonly sessionId: TextPlace;
  readonly responseId: TextPlace;
}

/** How calls of one form become rows of the ledger. */
export interface CallForm {
  readonly kind: "call";
  readonly shape: CallShape;
  /** In the order of `COMMON_COLUMNS`. */
  readonly common: readonly NumberedText[];
  readonly texts: CallTexts;
  /** Places of the labels asked for, in their order; -1 where there is none. */
  readonly labels: readonly number[];
  /** Places of the figures; -1 where there is none. */
  readonly figures: { readonly [name in keyof TokenFigures]: number };
  /** What the last call cost: most calls of a request start in the same minute. */
  lastRate: CallRate | undefined;
}

/** What spans of one form are. `none`: no calls. `whole`: each must be read as a whole. */
export type CallTemplate = CallForm | { readonly kind: "none" | "whole" };

/** The figures of a text call. */
type TokenFigures = Pick<
  Figures,
  | "input"
  | "output"
  | "uncachedInput"
  | "textOutput"
  | "cacheRead"
  | "cacheWrite"
  | "cacheWrite5m"
  | "cacheWrite1h"
  | "reasoning"
>;

/** What templates depend on besides spans. */
export interface TemplateContext {
  readonly attributionKeys: AttributionKeys;
  readonly labels: readonly string[];
  /** Numbers of the texts that calls have in common. */
  readonly numbers: TextNumbers;
}

const NONE: CallTemplate = { kind: "none" };
const WHOLE: CallTemplate = { kind: "whole" };

/** Makes the template of a span's form; `places` are the names of the attributes that are read, in the span's order. */
export function createCallTemplate(span: OtlpSpan, places: readonly string[], context: TemplateContext): CallTemplate {
  const facts = toFacts(span);
  const shape = findCallShape(facts);
  if (shape === null || shape.reading.role !== "call") return NONE;
  const figures = findTokenFigures(shape, places);
  if (figures === null || shape.dependsOnFigures) return WHOLE;
  const labels = context.labels.map((name) => findLabel(name, span, places));
  const areTexts = labels.every((place) => place === -1 || typeof span.attributes[places[place] ?? ""] === "string");
  if (!areTexts) return WHOLE;
  return {
    kind: "call",
    shape,
    common: findCommon(span, shape, context.numbers),
    texts: findTexts(span, shape, places, context),
    labels,
    figures,
    lastRate: undefined,
  };
}

/** As `readLabels` finds it: our own attribute, else the one of this name; one without a value is none. */
function findLabel(name: string, { attributes }: OtlpSpan, places: readonly string[]): number {
  const key = [LABEL_PREFIX + name, name].find((each) => (attributes[each] ?? null) !== null);
  return key === undefined ? -1 : places.indexOf(key);
}

/** Where the tokens stand; `null` for a call that is not billed by tokens of text alone. */
function findTokenFigures({ figureSources }: CallShape, places: readonly string[]) {
  const {
    input,
    output,
    uncachedInput,
    textOutput,
    cacheRead,
    cacheWrite,
    cacheWrite5m,
    cacheWrite1h,
    reasoning,
    ...others
  } = figureSources;
  if (Object.values(others).some((source) => source !== null)) return null;
  const placeOf = (source: Source | null) => (source === null ? -1 : findPlace(source, places));
  const figures = {
    input: placeOf(input),
    output: placeOf(output),
    uncachedInput: placeOf(uncachedInput),
    textOutput: placeOf(textOutput),
    cacheRead: placeOf(cacheRead),
    cacheWrite: placeOf(cacheWrite),
    cacheWrite5m: placeOf(cacheWrite5m),
    cacheWrite1h: placeOf(cacheWrite1h),
    reasoning: placeOf(reasoning),
  };
  return Object.values(figures).includes(NOWHERE) ? null : figures;
}

const NOWHERE = -2;

/** The place of an attribute; `NOWHERE` for a source that is none of those at hand. */
function findPlace(source: Source, places: readonly string[]): number {
  return typeof source === "string" && places.includes(source) ? places.indexOf(source) : NOWHERE;
}

function findTexts(
  span: OtlpSpan,
  { reading, identities }: CallShape,
  places: readonly string[],
  { attributionKeys }: TemplateContext,
): CallTexts {
  const said = readAttribution(span, attributionKeys);
  const sources = findAttribution(span, attributionKeys);
  const place = (source: Source | null, text: string): TextPlace => ({
    place: typeof source === "string" ? places.indexOf(source) : -1,
    text,
    encoded: encodeText(text),
  });
  return {
    tenantId: place(sources.tenantId, said.tenantId),
    userId: place(sources.userId, said.userId),
    feature: place(sources.feature, said.feature),
    task: place(sources.task, said.task),
    taskId: place(sources.taskId, said.taskId),
    sessionId: place(identities.sessionId, reading.sessionId),
    responseId: place(identities.responseId, reading.responseId),
  };
}

function findCommon(span: OtlpSpan, { reading }: CallShape, numbers: TextNumbers): NumberedText[] {
  const { service, environment } = originColumns(span);
  const texts: { readonly [column in (typeof COMMON_COLUMNS)[number]]: string } = {
    service,
    environment,
    provider_reported: reading.provider,
    provider_account: reading.providerAccount,
    model_requested: reading.modelRequested,
    model_reported: reading.modelReported,
    operation: reading.operation,
    service_tier: reading.serviceTier,
    inference_region: reading.inferenceRegion,
    error_type: errorTypeColumn(reading),
    cost_kind: LLM_COST_KIND,
    dialect: reading.dialect,
    scope_name: span.origin.scopeName,
    scope_version: span.origin.scopeVersion,
  };
  return COMMON_COLUMNS.map((column) => numbers.numberOf(texts[column]));
}

/** Longer texts are cut, which is left to the slow way. */
export const MAX_PLAIN_BYTES: number = MAX_ATTRIBUTION_LENGTH;
