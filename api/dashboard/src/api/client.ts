/** Requests to the API, each with one of four answers: the value, or who is at fault for there being none. */

export type Answer<T> =
  | { readonly kind: "ok"; readonly value: T }
  /** Nobody answered: the API is down, or the network is. */
  | { readonly kind: "unreachable" }
  /** The API is up and lacks something it needs: Kafka. */
  | { readonly kind: "unavailable"; readonly detail: string }
  /** It answered with another error; status 0: not in time. */
  | { readonly kind: "failed"; readonly status: number; readonly detail: string };

export type Fault = Exclude<Answer<never>, { kind: "ok" }>;

const TIMEOUT_S = 10;

/** The address of `path` below the page's own, so that a reverse proxy may serve both below any path. */
export const apiUrl = (path: string): string => new URL(`api/v1/${path}`, document.baseURI).href;

/** Where the JPEG at `address` (model/partition/offset) is. */
export const frameUrl = (address: string): string => apiUrl(`frames/${address}`);

/** GETs JSON, for which an answer may take so many seconds. */
export function getJson<T>(path: string, timeoutS = TIMEOUT_S): Promise<Answer<T>> {
  return get(apiUrl(path), (response) => response.json() as Promise<T>, timeoutS);
}

/** GETs the JPEG at `address`; not through the browser's cache, where sixty pictures a second would wear the disk. */
export function getPicture(address: string): Promise<Answer<Blob>> {
  return get(frameUrl(address), (response) => response.blob());
}

/** Sends a change, with `body` as JSON; the answer's value is null where it has none. */
export function sendJson<T = unknown>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  timeoutS = TIMEOUT_S,
): Promise<Answer<T | null>> {
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: JSON_TYPE };
  return ask(apiUrl(path), { method, ...content }, valueOrNull<T>, timeoutS);
}

async function valueOrNull<T>(response: Response): Promise<T | null> {
  const text = await response.text();
  return text === "" ? null : (JSON.parse(text) as T);
}

/** GETs bytes that nobody vouches for; they are for `decode`, which looks into them first. */
export function getBytes(path: string): Promise<Answer<Uint8Array<ArrayBuffer>>> {
  return get(apiUrl(path), async (response) => new Uint8Array(await response.arrayBuffer()));
}

type Read<T> = (response: Response) => Promise<T>;

const JSON_TYPE = { "content-type": "application/json" } as const;

const get = <T>(url: string, read: Read<T>, timeoutS?: number): Promise<Answer<T>> => ask(url, {}, read, timeoutS);

async function ask<T>(url: string, request: RequestInit, read: Read<T>, timeoutS = TIMEOUT_S): Promise<Answer<T>> {
  try {
    const signal = AbortSignal.timeout(1000 * timeoutS);
    const response = await fetch(url, { cache: "no-store", ...request, signal });
    if (response.ok) return { kind: "ok", value: await read(response) };
    const detail = await problem(response);
    if (response.status === 502 || response.status === 504) return { kind: "unreachable" };
    if (response.status === 503) return { kind: "unavailable", detail };
    return { kind: "failed", status: response.status, detail };
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return { kind: "failed", status: 0, detail: `${url} gave no answer within ${timeoutS} s.` };
    }
    // fetch says no more than that it failed, and a body that breaks off is the same to us.
    return { kind: "unreachable" };
  }
}

/** What the API says of an error: `detail`, or the status line. */
async function problem(response: Response): Promise<string> {
  const fallback = `${response.status} ${response.statusText}`.trim();
  try {
    const body: unknown = await response.json();
    const detail = typeof body === "object" && body !== null && "detail" in body ? body.detail : null;
    return typeof detail === "string" && detail !== "" ? detail : fallback;
  } catch {
    return fallback;
  }
}
