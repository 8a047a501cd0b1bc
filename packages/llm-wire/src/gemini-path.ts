/** A call as Google's paths name it: `/v1beta/models/gemini-2.5-flash:generateContent`. */
export interface GeminiPath {
  readonly model: string;
  readonly method: string;
}

/** Reads model and method from a path of Google's APIs, or `null`. */
export function parseGeminiPath(pathname: string): GeminiPath | null {
  const colon = pathname.lastIndexOf(":");
  const slash = pathname.lastIndexOf("/", colon);
  if (colon === -1 || slash === -1 || colon === slash + 1) return null;
  return { model: pathname.slice(slash + 1, colon), method: pathname.slice(colon + 1) };
}
