import catalogFile from "./data/catalog.json" with { type: "json" };
import type { CatalogFile, ModelEntry, RateEntry, SourceEntry } from "./catalog-format.ts";

/** One provider's price list, indexed by every name of its models. */
export interface ProviderCatalog {
  readonly id: string;
  readonly tierFactors: Readonly<Record<string, string>>;
  readonly models: readonly ModelEntry[];
  /** The model that a name stands for exactly. */
  findModel(name: string): ModelEntry | undefined;
}

/** Price lists by provider id. */
export interface Catalog {
  readonly sources: readonly SourceEntry[];
  readonly providers: ReadonlyMap<string, ProviderCatalog>;
}

/** Reads a catalogue file; a provider is indexed, and a model's prices are parsed, when they are first asked for. */
export function readCatalog(file: CatalogFile): Catalog {
  const providers = file.providers.map(
    ({ id, tierFactors, models }) => [id, createProviderCatalog(id, tierFactors, models)] as const,
  );
  return { sources: file.sources, providers: new Map(providers) };
}

function createProviderCatalog(
  id: string,
  tierFactors: Readonly<Record<string, string>>,
  lines: readonly string[],
): ProviderCatalog {
  let models: readonly ModelEntry[] | undefined;
  let byName: Map<string, ModelEntry> | undefined;
  return {
    id,
    tierFactors,
    get models() {
      models ??= lines.map(readModelLine);
      return models;
    },
    findModel(name) {
      byName ??= indexNames(this.models);
      return byName.get(name);
    },
  };
}

function indexNames(models: readonly ModelEntry[]): Map<string, ModelEntry> {
  return new Map(models.flatMap((model) => [model.id, ...(model.aliases ?? [])].map((name) => [name, model] as const)));
}

function readModelLine(line: string): ModelEntry {
  const start = line.indexOf(" [");
  const [id = "", ...aliases] = line.slice(0, start).split(" ");
  let rates: readonly RateEntry[] | undefined;
  return {
    id,
    aliases,
    get rates() {
      rates ??= parseRates(line.slice(start + 1));
      return rates;
    },
  };
}

/** The build checked the text against the format. */
function parseRates(text: string): readonly RateEntry[] {
  return JSON.parse(text);
}

let defaultCatalog: Catalog | undefined;

/** The catalogue that ships with this package. */
export function getDefaultCatalog(): Catalog {
  defaultCatalog ??= readCatalog(catalogFile);
  return defaultCatalog;
}
