/**
 * Who reads. A token stands for the house or for one Sender; only its hash is kept. Browsers can't send a bearer
 * token by themselves, so a password of Basic authentication is taken for one too, whatever the user name.
 *
 * Without tokens everyone who reaches the loopback address reads as the house. Then the Host header must be
 * loopback as well, or any web page could reach in by a name of its own that points here (DNS rebinding).
 */
import { createHash } from "node:crypto";
import type { Reader } from "../../domain/ports/reports.ts";

export type ReportAccess =
  | { readonly kind: "open" }
  /** By SHA-256 of the token, in hexadecimal: a table of hashes needs no comparison in constant time. */
  | { readonly kind: "tokens"; readonly readers: ReadonlyMap<string, Reader> };

export type Asked = { readonly host: string | undefined; readonly authorization: string | undefined };

/** Null: not known, ask for credentials. */
export function readerOf(access: ReportAccess, { host, authorization }: Asked): Reader | null {
  if (access.kind === "open") return isLoopback(host) ? { kind: "receiver" } : null;
  const token = tokenOf(authorization ?? "");
  return token === null ? null : (access.readers.get(tokenHash(token)) ?? null);
}

export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function tokenOf(authorization: string): string | null {
  const bearer = /^Bearer\s+([\w.~+/=-]+)$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = /^Basic\s+([\w+/=-]+)$/i.exec(authorization)?.[1];
  if (basic === undefined) return null;
  const text = Buffer.from(basic, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? null : text.slice(colon + 1);
}

function isLoopback(host: string | undefined): boolean {
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i.test(host ?? "");
}
