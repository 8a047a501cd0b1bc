import type { Draw } from "../token-draw.ts";

/** Words with letters of one, two, three and four bytes, so that a chunk border can fall inside a letter. */
const WORDS = [
  "Sure,",
  "the",
  "invoice",
  "of",
  "March",
  "was",
  "paid",
  "–",
  "café",
  "naïve",
  "資料",
  "🙂",
  "next",
  "steps",
  "follow",
];

/** The pieces of a made-up reply, in order; a stream sends one a chunk. */
export function writeReplyPieces(draw: Draw): readonly string[] {
  const count = draw.integer("words", 3, 12);
  return Array.from({ length: count }, (_, index) => {
    const word = WORDS[draw.integer(`word ${index}`, 0, WORDS.length - 1)] ?? "";
    return index === 0 ? word : ` ${word}`;
  });
}
