import type { RequestFacts } from "./start-call.ts";

/** One attempt of a call: which one it is, and what tells a later one to be its retry. */
export interface Attempt {
  /** 0 for the first. */
  readonly number: number;
  /** `null` when nothing need be remembered: the client itself numbers its attempts. */
  readonly request: RequestIdentity | null;
}

interface RequestIdentity {
  readonly parentSpanId: string;
  readonly url: string;
  readonly body: string;
}

/** Sent with each attempt by the OpenAI, Anthropic and Groq SDKs: 0 for the first. */
const STAINLESS_HEADER = "x-stainless-retry-count";
/** Sent by the AWS SDK: `attempt=1; max=3` for the first. */
const AWS_HEADER = "amz-sdk-request";

/** Longest pause before a retry; SDKs wait seconds, and honour a provider's `retry-after` up to a minute. */
const MAX_PAUSE_MS = 2 * 60 * 1000;
/** Failed attempts that are remembered: a bound, not a need. */
const MAX_REMEMBERED = 256;
/** Text of all requests whose failed attempts are remembered, in UTF-16 units. */
const MAX_REMEMBERED_LENGTH = 4 * 1024 * 1024;
/** Longest body whose failed attempt is remembered, in UTF-16 units: the memory keeps the text alive. */
const MAX_BODY_LENGTH = 256 * 1024;

interface FailedAttempt {
  readonly number: number;
  readonly failedAtMs: number;
}

/** The oldest first. */
const failedAttempts = new Map<string, FailedAttempt>();
let rememberedLength = 0;

/**
 * Says which attempt of its call a request is. Clients that do not number their attempts (`@google/genai`, most frameworks) send
 * the same body to the same URL under the same caller's span again, soon after an attempt failed.
 */
export function countAttempt(facts: RequestFacts, body: string | null, parentSpanId: string): Attempt {
  const numbered = readStainless(facts) ?? readAws(facts);
  if (numbered !== null) return { number: numbered, request: null };
  if (body === null || body.length > MAX_BODY_LENGTH) return { number: 0, request: null };
  const request = { parentSpanId, url: facts.url, body };
  forgetExpired();
  // Nearly always nothing has failed of late, and then a long body need not be hashed.
  if (failedAttempts.size === 0) return { number: 0, request };
  const key = toKey(request);
  const failed = failedAttempts.get(key);
  if (failed === undefined) return { number: 0, request };
  // Whoever comes first is the retry; the next one with the same body is not.
  forget(key);
  return { number: failed.number + 1, request };
}

/** Remembers that an attempt failed, and may be retried. */
export function rememberAttempt({ request, number }: Attempt): void {
  if (request === null) return;
  const key = toKey(request);
  forget(key);
  failedAttempts.set(key, { number, failedAtMs: performance.now() });
  rememberedLength += key.length;
  for (const oldest of failedAttempts.keys()) {
    if (failedAttempts.size <= MAX_REMEMBERED && rememberedLength <= MAX_REMEMBERED_LENGTH) return;
    forget(oldest);
  }
}

function forgetExpired(): void {
  if (failedAttempts.size === 0) return;
  const expiredMs = performance.now() - MAX_PAUSE_MS;
  for (const [key, { failedAtMs }] of failedAttempts) {
    if (failedAtMs >= expiredMs) return;
    forget(key);
  }
}

function forget(key: string): void {
  if (failedAttempts.delete(key)) rememberedLength -= key.length;
}

function readStainless(facts: RequestFacts): number | null {
  const header = facts.readHeader(STAINLESS_HEADER);
  return header !== null && /^\d{1,4}$/.test(header) ? Number(header) : null;
}

function readAws(facts: RequestFacts): number | null {
  const match = /^attempt=(\d{1,4})/.exec(facts.readHeader(AWS_HEADER) ?? "");
  return match === null ? null : Math.max(0, Number(match[1]) - 1);
}

function toKey({ parentSpanId, url, body }: RequestIdentity): string {
  return `${parentSpanId} ${url} ${body}`;
}
