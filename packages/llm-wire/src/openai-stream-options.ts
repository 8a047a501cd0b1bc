import { type TopLevelMember, listTopLevelMembers } from "./top-level-fields.ts";

const WISH = '"include_usage":true';

/**
 * Adds `stream_options.include_usage` to the text of a request that wants a stream and does not ask for usage. The text is not
 * written anew: numbers, order, spaces and unknown fields stay as the caller wrote them.
 * @returns `null` when the caller asked already, wants no stream, or wrote something odd
 * @see https://platform.openai.com/docs/api-reference/chat/create `stream_options`, read 2026-11-20
 */
export function addUsageWish(body: string): string | null {
  const members = listTopLevelMembers(body);
  if (members === null || members.some(({ key }) => key.includes("\\"))) return null;
  const [stream, ...otherStreams] = members.filter(({ key }) => key === "stream");
  const [options, ...otherOptions] = members.filter(({ key }) => key === "stream_options");
  if (stream === undefined || otherStreams.length > 0 || otherOptions.length > 0) return null;
  if (readValue(body, stream) !== "true") return null;
  if (options === undefined) return insert(body, stream.valueEnd, `,"stream_options":{${WISH}}`);
  return readValue(body, options) === "null"
    ? replace(body, options.valueStart, options.valueEnd, `{${WISH}}`)
    : addToOptions(body, options);
}

function addToOptions(body: string, { valueStart, valueEnd }: TopLevelMember): string | null {
  const text = body.slice(valueStart, valueEnd);
  const members = listTopLevelMembers(text);
  if (members === null || members.some(({ key }) => key.includes("\\"))) return null;
  const [wish, ...others] = members.filter(({ key }) => key === "include_usage");
  if (others.length > 0) return null;
  if (wish === undefined) return insert(body, valueStart + 1, members.length === 0 ? WISH : `${WISH},`);
  if (readValue(text, wish) !== "false") return null;
  return replace(body, valueStart + wish.valueStart, valueStart + wish.valueEnd, "true");
}

function readValue(text: string, { valueStart, valueEnd }: TopLevelMember): string {
  return text.slice(valueStart, valueEnd);
}

function insert(text: string, at: number, addition: string): string {
  return replace(text, at, at, addition);
}

function replace(text: string, from: number, to: number, replacement: string): string {
  return text.slice(0, from) + replacement + text.slice(to);
}
