import type { AcceptExport } from "../accept-export.ts";
import type { OtlpEncoding } from "../otlp/encode-response.ts";
import { decodeJson } from "../otlp/decode-json.ts";
import { decodeProtobuf } from "../otlp/decode-protobuf.ts";
import type { OtlpSpan } from "../otlp/trace-data.ts";
import type { Ingest } from "../pipeline/ingest.ts";

const RETRY_AFTER_SECONDS = 1;

/** `AcceptExport` on the pipeline that inserts before it acknowledges; it goes when the spool comes. */
export function acceptWithIngest(ingest: Ingest): AcceptExport {
  return async ({ body, encoding }) => {
    const result = await ingest.write(decode(body, encoding));
    if (!result.ok) {
      const reason = result.reason === "busy" ? "busy" : "unavailable";
      return { ok: false, reason, retryAfterSeconds: RETRY_AFTER_SECONDS, message: result.message };
    }
    const rejectedSpans = [...result.rejected.values()].reduce((sum, count) => sum + count, 0);
    const reasons = [...result.rejected].map(([issue, count]) => `${issue}: ${count}`).join(", ");
    const message =
      rejectedSpans === 0
        ? ""
        : `${rejectedSpans} spans were rejected (${reasons}). They will not be accepted later either.`;
    return { ok: true, rejectedSpans, message };
  };
}

function decode(body: Uint8Array, encoding: OtlpEncoding): OtlpSpan[] {
  return encoding === "protobuf"
    ? decodeProtobuf(body)
    : decodeJson(Buffer.from(body.buffer, body.byteOffset, body.length).toString("utf8"));
}
