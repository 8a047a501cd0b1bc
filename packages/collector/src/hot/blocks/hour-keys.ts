import type { HourKey } from "@spancost/clickhouse";
import type { KnownText } from "../known/known-text.ts";

const INITIAL_TENANTS = 256;

/** The tenants' hours that got rows. */
export class HourKeys {
  readonly #keys: HourKey[] = [];
  readonly #known = new Set<string>();
  /** The last hour of a tenant, by the tenant's number, in seconds since 1970: mostly the next one is the same. */
  #lastHours = new Uint32Array(INITIAL_TENANTS);

  /** For a tenant whose text is known by its number. */
  add({ id, text }: KnownText, hourUnix: number): void {
    if (this.#lastHours[id] === hourUnix) return;
    if (id >= this.#lastHours.length) this.#grow(id);
    this.#lastHours[id] = hourUnix;
    this.addText(text, hourUnix);
  }

  addText(tenantId: string, hourUnix: number): void {
    const place = `${hourUnix} ${tenantId}`;
    if (this.#known.has(place)) return;
    this.#known.add(place);
    this.#keys.push({ tenantId, hourUnix });
  }

  list(): readonly HourKey[] {
    return this.#keys;
  }

  #grow(id: number): void {
    const grown = new Uint32Array(2 * id);
    grown.set(this.#lastHours);
    this.#lastHours = grown;
  }
}
