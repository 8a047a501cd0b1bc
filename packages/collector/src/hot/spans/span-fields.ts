import type { KnownText } from "../known/known-text.ts";

/** Where the fields of one span stand, and what follows from its times. Offsets of what is absent are 0, sizes too. */
export class SpanFields {
  at = 0;
  end = 0;
  traceAt = 0;
  traceSize = 0;
  spanAt = 0;
  spanSize = 0;
  parentAt = 0;
  parentSize = 0;
  stateAt = 0;
  stateSize = 0;
  name: KnownText | undefined;
  kind = 0;
  startAt = 0;
  startHigh = 0;
  startLow = 0;
  endAt = 0;
  durationHigh = 0;
  durationLow = 0;
  /** Start of the hour in which the span started, in seconds since 1970. */
  hourUnix = 0;
  /** The minute in which it started, since 1970. */
  minute = 0;
  statusCode = 0;
  messageAt = 0;
  messageSize = 0;

  reset(at: number, end: number): void {
    this.at = at;
    this.end = end;
    this.traceAt = this.traceSize = 0;
    this.spanAt = this.spanSize = 0;
    this.parentAt = this.parentSize = 0;
    this.stateAt = this.stateSize = 0;
    this.name = undefined;
    this.kind = 0;
    this.startAt = this.startHigh = this.startLow = 0;
    this.endAt = this.durationHigh = this.durationLow = 0;
    this.hourUnix = this.minute = 0;
    this.statusCode = 0;
    this.messageAt = this.messageSize = 0;
  }

  /** Works out the duration; a span that was never ended, or ends before it starts, has none. */
  measure(view: DataView): void {
    if (this.endAt === 0) return;
    const [high, low] = [view.getUint32(this.endAt + 4, true), view.getUint32(this.endAt, true)];
    if (high < this.startHigh || (high === this.startHigh && low <= this.startLow)) return;
    this.durationLow = (low - this.startLow) >>> 0;
    this.durationHigh = high - this.startHigh - (low < this.startLow ? 1 : 0);
  }
}
