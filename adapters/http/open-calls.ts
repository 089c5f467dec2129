import type { FastifyInstance } from "fastify";
import { json } from "./answer.ts";
import { openapiDocument } from "./openapi.ts";
import { describeProblem, problem } from "./problem.ts";
import { send } from "./send.ts";

/** Calls for everybody: no account, no secret. While calls are held, Requests are taken all the same. */
export function addOpenCalls(app: FastifyInstance, areCallsHeld: () => boolean): void {
  app.get("/healthz", (_request, reply) =>
    send(reply, json(200, { status: "ok", ...(areCallsHeld() ? { calls: "held" } : {}) })),
  );
  app.get("/openapi.json", (_request, reply) => send(reply, json(200, openapiDocument())));
  app.get<{ Params: { code: string } }>("/problems/:code", (request, reply) => {
    const described = describeProblem(request.params.code);
    return send(
      reply,
      described === null ? problem("not-found", { detail: "no such problem code" }) : json(200, described),
    );
  });
}
