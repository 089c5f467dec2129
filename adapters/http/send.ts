import type { FastifyReply } from "fastify";
import type { HttpAnswer } from "./answer.ts";

/** Writes an answer. Nothing of ours may be kept by a cache, or be taken for another type than it says. */
export function send(reply: FastifyReply, answer: HttpAnswer): FastifyReply {
  return (
    reply
      .code(answer.status)
      .headers({ "cache-control": "no-store", "x-content-type-options": "nosniff", ...answer.headers })
      // As bytes: to a string the library would add a charset, which JSON has none of (RFC 8259 section 11).
      .send(answer.status === 204 ? undefined : Buffer.from(answer.body))
  );
}
