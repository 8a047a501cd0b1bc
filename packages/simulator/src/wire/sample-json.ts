import { isJsonObject, type JsonObject, readObject } from "../json-reading.ts";
import type { Draw } from "../token-draw.ts";

/** Deepest nesting that is filled in: a schema may contain itself. */
const MAX_DEPTH = 12;

/** A value that fits a JSON Schema, or Gemini's dialect of it, as far as structured output uses them. */
export function sampleJson(schema: unknown, draw: Draw): unknown {
  const root = isJsonObject(schema) ? schema : {};
  return sample({ root, draw, path: "", depth: 0 }, root);
}

interface Place {
  readonly root: JsonObject;
  readonly draw: Draw;
  readonly path: string;
  readonly depth: number;
}

function sample(place: Place, given: unknown): unknown {
  const schema = isJsonObject(given) ? given : {};
  if (place.depth > MAX_DEPTH) return null;
  const inner = { ...place, depth: place.depth + 1 };
  const reference = schema["$ref"];
  if (typeof reference === "string") return sample(inner, resolve(place.root, reference));
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0];
  const option = [schema["anyOf"], schema["oneOf"], schema["allOf"]].find(Array.isArray);
  if (option !== undefined) return sample(inner, option[0]);
  return (SAMPLES[readType(schema)] ?? SAMPLES["string"])?.(inner, schema);
}

function readType(schema: JsonObject): string {
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  if (typeof type === "string") return type.toLowerCase();
  return "properties" in schema ? "object" : "string";
}

const SAMPLES: Readonly<Record<string, (place: Place, schema: JsonObject) => unknown>> = {
  object: (place, schema) =>
    Object.fromEntries(
      Object.entries(readObject(schema, "properties")).map(([name, value]) => [
        name,
        sample({ ...place, path: `${place.path}.${name}` }, value),
      ]),
    ),
  array: (place, schema) =>
    Array.from({ length: Math.max(1, toNumber(schema["minItems"], 1)) }, (_, index) =>
      sample({ ...place, path: `${place.path}.${index}` }, schema["items"]),
    ),
  string: ({ draw, path }) => `é ${draw.hex(`text${path}`, 6)}`,
  integer: ({ draw, path }, schema) => toNumber(schema["minimum"], 0) + draw.integer(`integer${path}`, 0, 9),
  number: ({ draw, path }, schema) => toNumber(schema["minimum"], 0) + draw.integer(`number${path}`, 1, 9) / 2,
  boolean: ({ draw, path }) => draw.chance(`boolean${path}`, 50),
  null: () => null,
};

function toNumber(value: unknown, otherwise: number): number {
  return typeof value === "number" ? value : otherwise;
}

/** Follows `#/$defs/name`. */
function resolve(root: JsonObject, reference: string): unknown {
  const names = reference.split("/").slice(1);
  return names.reduce<JsonObject>(readObject, root);
}
