/** What to ask for next when a server points elsewhere. */
import { type EgressPolicy } from "./egress-policy.ts";
import { type Exchange, FetchFailedError } from "./exchange.ts";

type Asked = Pick<Exchange, "url" | "method" | "headers" | "bytes">;

/** All that another origin may know of us: neither cookies nor signatures nor anything that we don't know. */
const FOR_STRANGERS: ReadonlySet<string> = new Set([
  "accept",
  "accept-language",
  "content-type",
  "user-agent",
]);

/** RFC 9110 15.4: after 301, 302 and 303 a POST becomes a GET; 307 and 308 repeat it as it was. */
export function redirected(asked: Asked, status: number, target: URL): Asked {
  const repeats = status === 307 || status === 308 || asked.method === "GET";
  const headers = target.origin === asked.url.origin ? asked.headers : only(asked.headers, FOR_STRANGERS);
  if (repeats) return { url: target, method: asked.method, headers, bytes: asked.bytes };
  return { url: target, method: "GET", headers: without(headers, "content-type"), bytes: null };
}

function only(
  headers: Readonly<Record<string, string>>,
  names: ReadonlySet<string>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => names.has(name)));
}

function without(headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));
}

/** The URL that a Location names. Throws `FetchFailedError` for none, and for one that gives up encryption. */
export function targetOf(location: string, from: URL, policy: EgressPolicy): URL {
  const target = policy.urlOf(location, from);
  if (target === null) throw new FetchFailedError("bad-url", "fetch: redirected to what is no URL");
  if (from.protocol === "https:" && target.protocol !== "https:") {
    throw new FetchFailedError("blocked", "egress: redirected from https to less");
  }
  return target;
}
