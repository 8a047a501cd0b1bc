import { ADMIN_TOKEN, type ServerProcess } from "./server-process.ts";

/** Asks for a change of stored calls; `false` when it did not happen, for whatever reason. */
export async function applyChange(
  { urls }: ServerProcess,
  what: "reprice" | "erase",
  body: { readonly model: string } | { readonly tenant: string },
): Promise<boolean> {
  try {
    const response = await fetch(`${urls.api}/api/v1/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ ...body, apply: true }),
    });
    await response.text();
    return response.ok;
  } catch {
    return false;
  }
}

/** A figure of the metrics page. */
export async function readMetric({ urls }: ServerProcess, name: string): Promise<number> {
  const response = await fetch(`${urls.api}/metrics`);
  const line = (await response.text()).split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? Number.NaN);
}
