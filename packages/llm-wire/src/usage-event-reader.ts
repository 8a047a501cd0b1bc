import type { Usage } from "@spancost/core";
import { readErrorType } from "./error-type.ts";
import { toRecord, toText } from "./json-fields.ts";
import type { SseEvent } from "./sse-splitter.ts";
import { readTopLevelFields } from "./top-level-fields.ts";
import { type StreamReader, type WireOutcome, UNKNOWN_OUTCOME } from "./wire-format.ts";

const END_OF_STREAM = "[DONE]";

/**
 * Reads a stream whose pieces carry sound, pictures or text, and whose last event of each part carries the usage.
 * @param lastEvents types of the events that have it
 * @param readUsage `usage` of the event, `null` before there was one; `count`: how many such events there were
 */
export function createUsageEventReader(
  lastEvents: readonly string[],
  readUsage: (usage: unknown, count: number) => Usage,
): StreamReader {
  const telling = [...lastEvents, "error", END_OF_STREAM];
  let outcome: WireOutcome = { ...UNKNOWN_OUTCOME, usage: readUsage(null, 0) };
  let count = 0;
  let finished = false;
  return {
    mayTell: (text) => telling.some((word) => text.includes(word)),
    readEvent({ event, data }: SseEvent): void {
      if (data.startsWith(END_OF_STREAM)) finished = true;
      const type = event === "" ? toText(readTopLevelFields(data, ["type"]).type) : event;
      if (type === "error") outcome = { ...outcome, errorType: readErrorType(readError(data)) };
      if (type === null || !lastEvents.includes(type)) return;
      count += 1;
      outcome = { ...outcome, usage: readUsage(readTopLevelFields(data, ["usage"]).usage ?? null, count) };
    },
    get finished() {
      return finished;
    },
    outcome: () => outcome,
  };
}

function readError(data: string): unknown {
  const fields = readTopLevelFields(data, ["error", "code", "message"]);
  return fields.error === undefined ? toRecord(fields) : fields.error;
}
