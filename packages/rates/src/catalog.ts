import catalogFile from "./data/catalog.json" with { type: "json" };
import type { CatalogFile, ModelEntry } from "./catalog-format.ts";

/** One provider's price list, indexed by every name of its models. */
export interface ProviderCatalog {
  readonly id: string;
  readonly byName: ReadonlyMap<string, ModelEntry>;
  readonly models: readonly ModelEntry[];
  readonly tierFactors: Readonly<Record<string, string>>;
}

/** Price lists by provider id. */
export type Catalog = ReadonlyMap<string, ProviderCatalog>;

/** Indexes a catalogue file; prices are parsed when a model is first asked for. */
export function indexCatalog(file: CatalogFile): Catalog {
  return new Map(
    file.providers.map(({ id, models, tierFactors = {} }) => {
      const byName = new Map<string, ModelEntry>();
      for (const model of models) for (const alias of model.aliases ?? []) byName.set(alias, model);
      for (const model of models) byName.set(model.id, model);
      return [id, { id, byName, models, tierFactors }];
    }),
  );
}

let defaultCatalog: Catalog | undefined;

/** The catalogue that ships with this package. */
export function getDefaultCatalog(): Catalog {
  defaultCatalog ??= indexCatalog(catalogFile);
  return defaultCatalog;
}
