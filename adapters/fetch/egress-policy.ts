/**
 * Where other people's URLs may lead (the guard against server-side request forgery). A URL is judged before
 * anything is sent, each address that its host answers with before a connection is made, and the address of the
 * connection once more when it is up. A redirect is a new URL.
 */
import { isIP } from "node:net";
import type { SenderId } from "../../domain/kernel/identifiers.ts";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

export type EgressOptions = {
  /** Development only: this machine, on any port and without TLS. Whoever sets it warns the operator. */
  readonly allowLoopback: boolean;
  /** "http:" URLs; else https only. */
  readonly allowPlainHttp?: boolean;
  /** Ports of URLs. */
  readonly allowedPorts?: readonly number[];
  /** Hosts that a Sender's URLs may name; null: any. */
  readonly hostsOf?: (sender: SenderId) => readonly string[] | null;
  /** Replaces the judgement of addresses; for tests, which have no public ones. */
  readonly mayReach?: (address: string) => boolean;
};

const ALLOWED_PORTS: readonly number[] = [443, 80, 8443];
const URL_LENGTH_MAX = 8_192;

/** Refused by the egress policy; no byte was sent. Trying again can't help. */
export class EgressBlockedError extends Error {
  readonly retryable = false;
  override readonly name = "EgressBlockedError";
}

export interface EgressPolicy {
  /** The URL as it may be asked for, without user name, password and fragment. Null when it is none at all. */
  urlOf(text: string, base: URL | null): URL | null;
  /** Throws `EgressBlockedError` with the reason. */
  requireAllowed(url: URL, sender: SenderId | null): void;
  mayReach(address: string): boolean;
  isOwnMachine(host: string): boolean;
}

export function createEgressPolicy(options: EgressOptions): EgressPolicy {
  const { allowLoopback, allowPlainHttp = false, allowedPorts = ALLOWED_PORTS } = options;
  const publicOnly = options.mayReach ?? isPublicAddress;

  function mayReach(address: string): boolean {
    return publicOnly(address) || (allowLoopback && isLoopbackAddress(address));
  }

  function isOwnMachine(host: string): boolean {
    return allowLoopback && (host === "localhost" || isLoopbackAddress(host));
  }

  function requireAllowed(url: URL, sender: SenderId | null): void {
    const host = bareHost(url);
    if (url.protocol !== "https:" && url.protocol !== "http:") {
      throw new EgressBlockedError(`egress: "${url.protocol}" URLs are not fetched; use https`);
    }
    const hosts = sender === null ? null : (options.hostsOf?.(sender) ?? null);
    if (hosts !== null && !hosts.includes(host)) {
      throw new EgressBlockedError(`egress: the host ${host} is not on the Sender's list`);
    }
    if (isOwnMachine(host)) return;
    if (url.protocol === "http:" && !allowPlainHttp) {
      throw new EgressBlockedError("egress: plain http is not allowed; use https");
    }
    if (!allowedPorts.includes(portOf(url))) {
      throw new EgressBlockedError(`egress: port ${portOf(url)} is not one of ${allowedPorts.join(", ")}`);
    }
    if (isIP(host) !== 0 && !mayReach(host)) throw notPublic(host);
  }

  return { urlOf: parseUrl, requireAllowed, mayReach, isOwnMachine };
}

export function notPublic(host: string): EgressBlockedError {
  return new EgressBlockedError(`egress: ${host} is not, or not only, a public address`);
}

/** The host of a URL without the brackets of an IPv6 address and without a trailing dot. */
function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

function parseUrl(text: string, base: URL | null): URL | null {
  if (text.length > URL_LENGTH_MAX) return null;
  const url = URL.parse(text, base?.href);
  if (url === null) return null;
  url.username = "";
  url.password = "";
  url.hash = "";
  return url;
}
