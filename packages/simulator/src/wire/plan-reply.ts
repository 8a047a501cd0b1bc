import { type JsonObject, walkObjects } from "../json-reading.ts";
import type { Draw } from "../token-draw.ts";
import { writeReplyPieces } from "./reply-text.ts";
import { sampleJson } from "./sample-json.ts";

/** A tool that a request offers. */
interface OfferedTool {
  readonly name: string;
  readonly schema: unknown;
}

/** What a request asks of the reply, read from its format. */
export interface ReplyWishes {
  readonly tools: readonly OfferedTool[];
  /** The conversation holds what a tool returned, so it is the model's turn to use it. */
  readonly hasToolResult: boolean;
  /** Structured output: the JSON Schema that the text must fit, `undefined` for free text. */
  readonly schema?: unknown;
}

/** What the model says: text, or the call of a tool. Streams send `pieces` one a chunk. */
export interface Reply {
  /** Of the text, or of the JSON of the tool's input. */
  readonly pieces: readonly string[];
  readonly text: string;
  readonly tool: { readonly id: string; readonly name: string; readonly input: unknown } | null;
}

const PIECE_LENGTH = 7;

/** Calls the first tool once a conversation; then, or without tools, answers with text. */
export function planReply(draw: Draw, { tools, hasToolResult, schema }: ReplyWishes): Reply {
  const [tool] = tools;
  if (tool !== undefined && !hasToolResult) {
    const input = sampleJson(tool.schema, draw);
    return { pieces: cut(JSON.stringify(input)), text: "", tool: { id: draw.hex("tool", 24), name: tool.name, input } };
  }
  const pieces = schema === undefined ? writeReplyPieces(draw) : cut(JSON.stringify(sampleJson(schema, draw)));
  return { pieces, text: pieces.join(""), tool: null };
}

/** Whether an object with this member, or with this value in it, stands anywhere in a request. */
export function hasMember(request: JsonObject, name: string, value?: string): boolean {
  for (const object of walkObjects(request)) {
    if (name in object && (value === undefined || object[name] === value)) return true;
  }
  return false;
}

function cut(text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${PIECE_LENGTH}}`, "gsu")) ?? [];
}
