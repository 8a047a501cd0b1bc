import { parseJson, toRecord } from "./json-fields.ts";
import { lineEndLength } from "./sse-lines.ts";
import { listTopLevelMembers } from "./top-level-fields.ts";

const USAGE = '"usage"';
const USAGE_FROM_LETTER = 'usage"';
const DATA = "data:";
/** How OpenAI ends a chunk whose usage is null; the obfuscation is letters and digits. */
const LAST_MEMBERS = /\s*(?:,\s*"obfuscation"\s*:\s*"[A-Za-z0-9]*"\s*)?\}[ \t]*(?=[\r\n]|$)/y;
/** Members of a chunk that say nothing which the chunks before it did not say. */
const TELL_NOTHING: ReadonlySet<string> = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "obfuscation",
]);
const NO_CHOICES = /"choices"\s*:\s*\[\s*\]/;

/** A range of bytes to leave out. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** What to leave out of the whole events that a text, one character a byte, begins with; `end`: the place after them. */
export function findUsageCuts(text: string, end: number): readonly Cut[] {
  const cuts: Cut[] = [];
  let at = findUsage(text, 0);
  if (at === -1 || at >= end) return cuts;
  const findLine = text.includes("\r") ? findAnyLine : findLineBetweenFeeds;
  let line: Line = { start: 0, end: -1 };
  while (at !== -1 && at < end) {
    line = findLine(text, at, line);
    const cut = findCut(text, at, { start: line.start, end: Math.min(line.end, end) }, end);
    if (cut !== null && cut !== WHOLE_LINE_STAYS) cuts.push(cut);
    at = findUsage(text, cut === null ? at + USAGE.length : cut === WHOLE_LINE_STAYS ? line.end : cut.to);
  }
  return cuts;
}

/** Says that the line was read as a whole: without it, a line full of `"usage"` would be read anew for each of them. */
const WHOLE_LINE_STAYS = "whole line stays";
type Finding = Cut | typeof WHOLE_LINE_STAYS | null;

/** The next `"usage"` from a place on. A quote is in every chunk dozens of times, so the search starts with the letter. */
function findUsage(text: string, from: number): number {
  let letter = text.indexOf(USAGE_FROM_LETTER, from + 1);
  while (letter !== -1 && text.charAt(letter - 1) !== '"') letter = text.indexOf(USAGE_FROM_LETTER, letter + 1);
  return letter === -1 ? -1 : letter - 1;
}

interface Line {
  readonly start: number;
  readonly end: number;
}

/** The line around a place, from an earlier one on, where lines may end in carriage returns; so each character is looked at once. */
function findAnyLine(text: string, at: number, before: Line): Line {
  let { start, end } = before;
  while (end < at) {
    start = Math.max(0, end + lineEndLength(text, end));
    end = start;
    while (end < text.length && lineEndLength(text, end) === 0) end += 1;
  }
  return { start, end };
}

/** The line around a place, from an earlier one on: searching forwards is many times faster than backwards. */
function findLineBetweenFeeds(text: string, at: number, before: Line): Line {
  let { start, end } = before;
  while (end < at) {
    start = end + 1;
    const feed = text.indexOf("\n", start);
    end = feed === -1 ? text.length : feed;
  }
  return { start, end };
}

/** What to leave out on account of the `"usage"` at a place; `null` when it says nothing. */
function findCut(text: string, at: number, line: Line, end: number): Finding {
  const colon = skipSpaces(text, at + USAGE.length);
  if (text.charAt(colon) !== ":") return null;
  const value = skipSpaces(text, colon + 1);
  const isNull = text.startsWith("null", value);
  if (!isNull && text.charAt(value) !== "{") return null;
  if (!text.startsWith(DATA, line.start)) return null;
  if (!isNull) return cutChunk(text, line, end) ?? WHOLE_LINE_STAYS;
  const isLast = isAlone(text, line, end) && isLikeObject(text, line.start, at) && endsChunk(text, value + 4, line.end);
  return isLast ? toMemberCut(text, at, value + 4) : (cutMember(text, line) ?? WHOLE_LINE_STAYS);
}

/** Whether only the chunk's end comes after a place, or the obfuscation before it. */
function endsChunk(text: string, from: number, lineEnd: number): boolean {
  if (from + 1 === lineEnd) return text.charAt(from) === "}";
  LAST_MEMBERS.lastIndex = from;
  return LAST_MEMBERS.test(text);
}

/** Whether a line of data begins as an object, and what stands at a place begins a member of one. */
function isLikeObject(text: string, lineStart: number, at: number): boolean {
  if (text.charAt(skipSpaces(text, lineStart + DATA.length)) !== "{") return false;
  const before = text.charAt(skipSpacesBack(text, at - 1));
  return before === "," || before === "{";
}

/** Whether a line is an event of its own: between blank lines, or the ends of the text. */
function isAlone(text: string, { start, end }: Line, textEnd: number): boolean {
  const before = text.charAt(start - 1) === "\n" && text.charAt(start - 2) === "\r" ? start - 2 : start - 1;
  if (before > 0 && lineEndLength(text, before - 1) === 0) return false;
  const next = end + lineEndLength(text, end);
  return next >= textEnd || lineEndLength(text, next) > 0;
}

/** Leaves the usage of a chunk out, if it is one of the chunk's own members. */
function cutMember(text: string, line: Line): Cut | null {
  const start = line.start + DATA.length;
  const members = listTopLevelMembers(text.slice(start, line.end));
  const usages = members?.filter(({ key }) => key === "usage") ?? [];
  const [usage] = usages;
  return usage === undefined || usages.length > 1
    ? null
    : toMemberCut(text, start + usage.start, start + usage.valueEnd);
}

/** A member with the comma before it, or, where it is the first, the one after it. */
function toMemberCut(text: string, start: number, end: number): Cut {
  const before = skipSpacesBack(text, start - 1);
  if (text.charAt(before) === ",") return { from: before, to: end };
  const after = skipSpaces(text, end);
  return { from: start, to: text.charAt(after) === "," ? skipSpaces(text, after + 1) : end };
}

/** Leaves a chunk out that has no choices but usage; where it says something else too, only its usage. */
function cutChunk(text: string, line: Line, end: number): Cut | null {
  const data = text.slice(line.start + DATA.length, line.end);
  if (!NO_CHOICES.test(data)) return null;
  const chunk = toRecord(parseJson(data));
  if (!Array.isArray(chunk.choices) || chunk.choices.length > 0) return null;
  if (typeof chunk.usage !== "object" || chunk.usage === null) return null;
  if (Object.entries(chunk).some(([name, value]) => !TELL_NOTHING.has(name) && !isEmpty(value)))
    return cutMember(text, line);
  const next = line.end + lineEndLength(text, line.end);
  const to = isAlone(text, line, end) ? next + lineEndLength(text, next) : next;
  return { from: line.start, to: Math.min(to, end) };
}

function isEmpty(value: unknown): boolean {
  return value === null || (typeof value === "object" && Object.keys(value).length === 0);
}

function skipSpaces(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) === " " || text.charAt(at) === "\t") at += 1;
  return at;
}

function skipSpacesBack(text: string, from: number): number {
  let at = from;
  while (text.charAt(at) === " " || text.charAt(at) === "\t") at -= 1;
  return at;
}
