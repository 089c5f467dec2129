/** The answers to what no call handles: wrong paths and methods, unfit headers, and errors on either side. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { HttpAnswer } from "./answer.ts";
import { problem } from "./problem.ts";
import { send } from "./send.ts";
import { unavailable } from "./submit.ts";

export function refuseWhatNobodyHandles(app: FastifyInstance, log: OperatorLog): void {
  app.addHook("onRequest", async (request, reply) => {
    const refusal = refuseHeader(request);
    if (refusal !== null) return send(reply, refusal);
    return undefined;
  });
  app.setNotFoundHandler((request, reply) => send(reply, nowhere(app, request)));
  app.setErrorHandler((error, _request, reply) => {
    const answer = answerToError(error);
    if (answer.status >= 500) log.error("http: a call failed", { status: answer.status, error });
    return send(reply, answer);
  });
}

function refuseHeader(request: FastifyRequest): HttpAnswer | null {
  const { host, "content-encoding": encoding, "content-type": type } = request.headers;
  // RFC 9112 section 3.2: an HTTP/1.1 request without Host is answered with 400.
  if (host === undefined && request.raw.httpVersion === "1.1") {
    return problem("malformed-request", { detail: "the Host header is missing" });
  }
  if (encoding !== undefined && encoding !== "identity") {
    return problem("media-type", { detail: "compressed bodies are not taken; send it as it is" });
  }
  const charset = /;\s*charset="?([^";]*)"?/i.exec(type ?? "")?.[1];
  if (charset === undefined || charset.toLowerCase() === "utf-8") return null;
  return problem("media-type", { detail: "JSON is UTF-8 (RFC 8259); another charset was named" });
}

function nowhere(app: FastifyInstance, request: FastifyRequest): HttpAnswer {
  const url = request.url.split("?")[0] ?? "/";
  const methods = (["GET", "POST", "DELETE"] as const).filter((method) =>
    app.findRoute({ method, url: template(url) }),
  );
  if (methods.length === 0)
    return problem("not-found", { detail: "see /openapi.json for the paths there are" });
  const allow = methods.join(", ");
  return problem("method-not-allowed", { detail: `this path takes ${allow}`, headers: { allow } });
}

/** The route that a path belongs to, as it was declared. */
function template(url: string): string {
  return url
    .replace(/^\/v1\/requests\/[^/]+/, "/v1/requests/:id")
    .replace(/^\/problems\/[^/]+$/, "/problems/:code");
}

const RETRY_AFTER_SECONDS = 5;

function answerToError(error: unknown): HttpAnswer {
  const { code, statusCode, retryable } = factsOf(error);
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return problem("body-too-large", { detail: "a Request may have 256 KB" });
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return problem("media-type", { detail: "send Content-Type: application/json" });
  }
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return problem("malformed-request", { detail: "the message contradicts itself, e.g. in its length" });
  }
  // The log says of its own errors whether trying again can help.
  if (retryable === true) return unavailable(RETRY_AFTER_SECONDS);
  return problem("internal", {
    detail: "it was logged; if it happens again, tell the operator when it happened",
  });
}

function factsOf(error: unknown): { code?: unknown; statusCode?: unknown; retryable?: unknown } {
  return typeof error === "object" && error !== null ? error : {};
}
