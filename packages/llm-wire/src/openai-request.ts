import { toText } from "./json-fields.ts";

/** Azure names the model by the deployment in the path: `/openai/deployments/NAME/chat/completions`. */
const DEPLOYMENT = /\/deployments\/([^/]+)\//;

/** The model a request names: in its body, or as a deployment in the path. */
export function readRequestModel(pathname: string, model: unknown): string | null {
  return toText(model) ?? decode(DEPLOYMENT.exec(pathname)?.[1] ?? "");
}

function decode(segment: string): string | null {
  try {
    return toText(decodeURIComponent(segment));
  } catch {
    return segment;
  }
}
