import {
  type Baggage,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
} from "@opentelemetry/api";
import { decodeValue, encodeValue, parseBaggage, TOKEN } from "./baggage-text.ts";

/** The header that W3C Baggage travels in. */
export const BAGGAGE_HEADER = "baggage";

/** Reads and writes the app's own baggage, so that no OpenTelemetry SDK is needed; limits are the caller's. */
export const plainBaggagePropagator: TextMapPropagator = {
  inject<Carrier>(context: Context, carrier: Carrier, setter: TextMapSetter<Carrier>): void {
    const text = propagation.getBaggage(context)?.getAllEntries().flatMap(writeEntry).join(",") ?? "";
    if (text !== "") setter.set(carrier, BAGGAGE_HEADER, text);
  },
  extract<Carrier>(context: Context, carrier: Carrier, getter: TextMapGetter<Carrier>): Context {
    const header = readBaggageHeader(carrier, getter);
    return header === undefined ? context : propagation.setBaggage(context, parseEntries(header));
  },
  fields: () => [BAGGAGE_HEADER],
};

/** Reads a header that may have come several times. */
export function readBaggageHeader<Carrier>(carrier: Carrier, getter: TextMapGetter<Carrier>): string | undefined {
  const given: unknown = getter.get(carrier, BAGGAGE_HEADER);
  const parts = (Array.isArray(given) ? given : [given]).filter((part) => typeof part === "string");
  return parts.length === 0 ? undefined : parts.join(",");
}

function writeEntry([key, entry]: ReturnType<Baggage["getAllEntries"]>[number]): string[] {
  if (!TOKEN.test(key)) return [];
  const properties = entry.metadata?.toString() ?? "";
  return [`${key}=${encodeValue(entry.value)}${properties === "" ? "" : `;${properties}`}`];
}

function parseEntries(header: string): Baggage {
  let baggage = propagation.createBaggage();
  for (const { key, rawValue, properties } of parseBaggage(header)) {
    const value = decodeValue(rawValue);
    if (value === undefined) continue;
    const metadata = properties === undefined ? {} : { metadata: baggageEntryMetadataFromString(properties) };
    baggage = baggage.setEntry(key, { value, ...metadata });
  }
  return baggage;
}
