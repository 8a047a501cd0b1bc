const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Length of the line end at a place: 2 for a carriage return with its line feed, 0 where there is none. */
export function lineEndLength(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code === LINE_FEED) return 1;
  if (code !== CARRIAGE_RETURN) return 0;
  return text.charCodeAt(at + 1) === LINE_FEED ? 2 : 1;
}

/** The place after the last blank line that ends an event, looking no further back than `from`; -1 when there is none. */
export function findLastEventEnd(text: string, from: number): number {
  const feeds = text.lastIndexOf("\n\n");
  let start = feeds;
  if (text.includes("\r")) start = Math.max(start, text.lastIndexOf("\n\r"), text.lastIndexOf("\r\r"));
  if (start < from) return -1;
  return start + 1 + lineEndLength(text, start + 1);
}

/** The place after the first blank line that ends an event; the text's length when there is none. */
export function findFirstEventEnd(text: string): number {
  const match = /\n\n|\n\r\n?|\r\r\n?/.exec(text);
  return match === null ? text.length : match.index + match[0].length;
}
