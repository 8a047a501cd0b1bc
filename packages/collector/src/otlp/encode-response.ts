/** How a request was encoded; its answer is encoded alike. */
export type OtlpEncoding = "protobuf" | "json";

const CONTENT_TYPES = { protobuf: "application/x-protobuf", json: "application/json" } as const;

/** An answer's body and content type. */
export interface EncodedResponse {
  readonly contentType: string;
  readonly body: Buffer;
}

/** An `ExportTraceServiceResponse`; empty when nothing was rejected and there is nothing to say. */
export function encodeExportResponse(
  encoding: OtlpEncoding,
  rejectedSpans: number,
  errorMessage: string,
): EncodedResponse {
  const contentType = CONTENT_TYPES[encoding];
  const full = rejectedSpans === 0 && errorMessage === "";
  if (encoding === "json") {
    const partialSuccess = { rejectedSpans: String(rejectedSpans), errorMessage };
    return { contentType, body: Buffer.from(JSON.stringify(full ? {} : { partialSuccess })) };
  }
  const partial = Buffer.concat([varintField(1, rejectedSpans), textField(2, errorMessage)]);
  return { contentType, body: full ? Buffer.alloc(0) : bytesField(1, partial) };
}

/** A `google.rpc.Status`, as OTLP wants errors to be told. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): EncodedResponse {
  const contentType = CONTENT_TYPES[encoding];
  if (encoding === "json") return { contentType, body: Buffer.from(JSON.stringify({ code, message })) };
  return { contentType, body: Buffer.concat([varintField(1, code), textField(2, message)]) };
}

/** A protobuf `google.rpc.Status` whose details are a `google.rpc.RetryInfo`: without it a gRPC sender may not send again. */
export function encodeRetryStatus(code: number, message: string, retryAfterSeconds: number): Buffer {
  const retryInfo = bytesField(1, varintField(1, retryAfterSeconds));
  const detail = Buffer.concat([textField(1, "type.googleapis.com/google.rpc.RetryInfo"), bytesField(2, retryInfo)]);
  return Buffer.concat([encodeStatus("protobuf", code, message).body, bytesField(3, detail)]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number << 3), varint(value)]);
}

function textField(number: number, text: string): Buffer {
  return bytesField(number, Buffer.from(text, "utf8"));
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
