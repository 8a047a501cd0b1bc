import type { HourKey } from "@spancost/clickhouse";
import type { KnownText } from "./known-text.ts";

const SECONDS_PER_HOUR = 3_600;
/** Hours since 1970 are below it until the year 2089. */
const HOURS = 0x10_0000;

/** The tenants' hours that got rows. */
export class HourKeys {
  readonly #keys: HourKey[] = [];
  readonly #known = new Set<number>();
  readonly #others = new Set<string>();
  #last = -1;

  /** For a tenant whose text is known by its number. */
  add(tenant: KnownText, hourUnix: number): void {
    const place = tenant.id * HOURS + hourUnix / SECONDS_PER_HOUR;
    if (place === this.#last) return;
    this.#last = place;
    if (this.#known.has(place)) return;
    this.#known.add(place);
    this.addText(tenant.text, hourUnix);
  }

  addText(tenantId: string, hourUnix: number): void {
    const place = `${hourUnix} ${tenantId}`;
    if (this.#others.has(place)) return;
    this.#others.add(place);
    this.#keys.push({ tenantId, hourUnix });
  }

  list(): readonly HourKey[] {
    return this.#keys;
  }
}
