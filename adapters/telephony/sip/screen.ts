/**
 * What the core does not check, in the order in which RFC 3261 8.2 inspects a request. Pure: it looks at one
 * parsed request and says what to do with it.
 */

import { sdpPart } from "../sdp/sdp-part.ts";
import { allowHeader } from "./allow-header.ts";
import { allowedMethods, type CoreRequest } from "./sip-core.ts";

const BODY_CHARACTERS_MAX = 8_192;

export type Screened =
  | { readonly do: "pass" }
  | { readonly do: "drop"; readonly why: string }
  | { readonly do: "refuse"; readonly status: number; readonly headers: readonly string[] };

const PASS: Screened = { do: "pass" };
/** Methods that may come without a dialog. */
const OUTSIDE: readonly string[] = ["INVITE", "OPTIONS", "CANCEL", "ACK"];
const INFO_BODIES: readonly string[] = ["application/dtmf-relay", "application/dtmf", "application/sdp"];

/** `known`: the request repeats, cancels or acknowledges one that the core already has. */
export function screenRequest(
  message: CoreRequest,
  state: { readonly known: boolean; readonly draining: boolean; readonly retryAfterSeconds: number },
): Screened {
  if (message.method === "ACK") return PASS;
  if (state.known) return PASS;
  const refusal =
    refuseMethod(message) ?? refuseTarget(message) ?? refuseExtensions(message) ?? refuseBody(message);
  if (refusal !== null) return refusal;
  return state.draining && isNew(message) ? refuse(503, [`Retry-After: ${state.retryAfterSeconds}`]) : PASS;
}

function refuse(status: number, headers: readonly string[] = []): Screened {
  return { do: "refuse", status, headers };
}

function isNew(message: CoreRequest): boolean {
  return message.toTag === "" && (message.method === "INVITE" || message.method === "OPTIONS");
}

function refuseMethod(message: CoreRequest): Screened | null {
  const { method, toTag } = message;
  if (!allowedMethods.includes(method)) return refuse(405, [allowHeader()]);
  if (toTag === "" && !OUTSIDE.includes(method))
    return method === "BYE" ? refuse(481) : refuse(405, [allowHeader()]);
  return null;
}

function refuseTarget(message: CoreRequest): Screened | null {
  const scheme = message.ruri?.scheme ?? "";
  if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel") return refuse(416);
  const forwards = message.headers["Max-Forwards"]?.[0]?.parsed;
  const isLastHop = typeof forwards === "object" && "hops" in forwards && forwards.hops === 0;
  // RFC 3261 11.2 wants OPTIONS with Max-Forwards 0 answered: that is how a route is traced.
  if (isLastHop && message.method !== "OPTIONS") return refuse(483);
  return null;
}

function refuseExtensions(message: CoreRequest): Screened | null {
  if (message.method === "CANCEL") return null;
  const required = message
    .getHeaders("require")
    .flatMap((line) => line.split(","))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
  return required.length > 0 ? refuse(420, [`Unsupported: ${required.join(", ")}`]) : null;
}

function refuseBody(message: CoreRequest): Screened | null {
  if (message.method === "INVITE") {
    const contact = message.headers["Contact"]?.[0]?.parsed;
    // The core throws on it in a dialog.
    if (typeof contact === "object" && "everything" in contact) return refuse(400);
    if (!acceptsSdp(message)) return refuse(406);
  }
  if (message.body === "") return null;
  if (message.body.length > BODY_CHARACTERS_MAX) return refuse(513);
  const type = message.getHeader("content-type");
  if (type === undefined) return refuse(400);
  const encoding = message.getHeader("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") return refuse(415, ["Accept-Encoding: identity"]);
  return refuseContent(message, type);
}

function refuseContent(message: CoreRequest, type: string): Screened | null {
  const parsed = message.headers["Content-Type"]?.[0]?.parsed;
  if (message.method === "INVITE" && sdpPart(type, message.body) === null) {
    return refuse(415, ["Accept: application/sdp, multipart/mixed"]);
  }
  if (message.method === "INFO" && !(typeof parsed === "string" && INFO_BODIES.includes(parsed))) {
    return refuse(415, ["Accept: application/dtmf-relay"]);
  }
  return null;
}

/** RFC 3261 20.1: no Accept means application/sdp. */
function acceptsSdp(message: CoreRequest): boolean {
  const accepted = message.getHeaders("accept").flatMap((line) => line.split(","));
  if (accepted.length === 0) return true;
  return accepted.some((range) =>
    ["application/sdp", "application/*", "*/*"].includes((range.split(";", 1)[0] ?? "").trim().toLowerCase()),
  );
}
