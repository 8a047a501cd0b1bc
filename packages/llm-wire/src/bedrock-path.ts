/** A call as the Bedrock runtime's paths name it: `/model/us.anthropic.claude-opus-4-8-v1%3A0/converse`. */
export interface BedrockPath {
  /** Decoded: an id, an id with a region's prefix, or the ARN of a profile, a router or a provisioned model. */
  readonly model: string;
  readonly method: string;
}

/** ARNs hold slashes, which some clients leave as they are. */
const PATH = /\/model\/(.+)\/([a-z-]+)$/;

/** Reads model and method from a path of the Bedrock runtime, or `null`. */
export function parseBedrockPath(pathname: string): BedrockPath | null {
  const [, model, method] = PATH.exec(pathname) ?? [];
  return model === undefined || method === undefined ? null : { model: decode(model), method };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
