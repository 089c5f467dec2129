/** The calls of a Sender: ask, look, watch, cancel. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseRequestId, type RequestId } from "../../domain/kernel/identifiers.ts";
import { formatInstant, type Instant, parseInstant } from "../../domain/kernel/time.ts";
import type { Authenticated, Gatekeeper } from "../../domain/ports/gatekeeper.ts";
import type { CancelAnswer, Intake } from "../../domain/ports/intake.ts";
import type { Queries } from "../../domain/ports/queries.ts";
import type { ZoneClock } from "../../domain/ports/zone-clock.ts";
import { type HttpAnswer, json } from "./answer.ts";
import { bodyOf, identify } from "./authentication.ts";
import type { EventStreams } from "./event-streams.ts";
import { problem } from "./problem.ts";
import { send } from "./send.ts";
import { linksOf, submit, unavailable } from "./submit.ts";

export type CallPorts = {
  readonly intake: Intake;
  readonly gatekeeper: Gatekeeper;
  readonly queries: Queries;
  readonly zones: Pick<ZoneClock, "isZone">;
};

export function addRequestCalls(app: FastifyInstance, ports: CallPorts, streams: EventStreams): void {
  const { intake, queries, zones, gatekeeper } = ports;

  app.post("/v1/requests", async (request, reply) => {
    const identified = await identify(request, gatekeeper);
    if (!identified.ok) return send(reply, identified.answer);
    const queryNames = Object.keys(request.query ?? {});
    const { rawHeaders } = request.raw;
    const post = { who: identified.who, body: bodyOf(request), rawHeaders, queryNames };
    return send(reply, await submit(post, intake, zones));
  });

  /** A call about one Request of the Sender's own; everybody else's does not exist. */
  function about(
    call: (
      who: Authenticated,
      id: RequestId,
      request: FastifyRequest,
      reply: FastifyReply,
    ) => Promise<HttpAnswer | null>,
  ) {
    return async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
      const identified = await identify(request, gatekeeper);
      if (!identified.ok) return send(reply, identified.answer);
      const id = parseRequestId(request.params.id);
      const answer = id === null ? NO_SUCH_REQUEST : await call(identified.who, id, request, reply);
      return answer === null ? reply : send(reply, answer);
    };
  }

  app.get(
    "/v1/requests/:id",
    about(async (who, id, request) => {
      const asOf = asOfIn(request.query);
      if (asOf === "malformed")
        return problem("as-of-malformed", { detail: "give asOf once, e.g. ?asOf=2026-11-21T09:00:00Z" });
      const status =
        asOf === null ? await queries.status(who.sender, id) : await queries.statusAsOf(who.sender, id, asOf);
      if (status === null) return NO_SUCH_REQUEST;
      return json(200, {
        ...status,
        id,
        ...(asOf === null ? {} : { asOf: formatInstant(asOf) }),
        links: linksOf(id),
      });
    }),
  );

  app.get(
    "/v1/requests/:id/explain",
    about(async (who, id) => {
      const explanation = await queries.explain(who.sender, id);
      return explanation === null ? NO_SUCH_REQUEST : json(200, explanation);
    }),
  );

  app.get(
    "/v1/requests/:id/events",
    about(async (who, id, request, reply) => {
      if (wantsStream(request)) return openStream(who, id, request, reply);
      const events = await queries.history(who.sender, id);
      return events === null ? NO_SUCH_REQUEST : json(200, { requestId: id, events });
    }),
  );

  async function openStream(
    who: Authenticated,
    request: RequestId,
    asked: FastifyRequest,
    reply: FastifyReply,
  ): Promise<HttpAnswer | null> {
    const afterSeq = parseSeq(asked.headers["last-event-id"]);
    if (afterSeq === null)
      return problem("last-event-id-malformed", { detail: "send the id of the last event seen" });
    const status = await queries.status(who.sender, request);
    if (status === null) return NO_SUCH_REQUEST;
    // A 204 tells a browser's EventSource to stop asking: there will never be more.
    if (status.final && afterSeq >= status.seq) return { status: 204, headers: {}, body: "" };
    if (!streams.hasRoom(who.sender))
      return problem("too-many-streams", { detail: "close one first", headers: { "retry-after": "5" } });
    reply.hijack();
    await streams.serve({ sender: who.sender, request, afterSeq }, reply.raw);
    return null;
  }

  app.delete(
    "/v1/requests/:id",
    about(async (who, id) => cancelled(await intake.cancel(who, id), id)),
  );
}

const NO_SUCH_REQUEST = problem("not-found", { detail: "no Request of yours has this id" });

/** The instant for which a status is asked; null: now. */
function asOfIn(query: unknown): Instant | "malformed" | null {
  const { asOf = null } = (query ?? {}) as { readonly asOf?: unknown };
  if (asOf === null) return null;
  return (typeof asOf === "string" ? parseInstant(asOf) : null) ?? "malformed";
}

function wantsStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? "").toLowerCase().includes("text/event-stream");
}

/** The sequence number in a Last-Event-ID; 0 where there is none, null where it is no number. */
function parseSeq(header: string | string[] | undefined): number | null {
  if (header === undefined || header === "") return 0;
  return typeof header === "string" && /^[0-9]{1,9}$/.test(header) ? Number(header) : null;
}

function cancelled(answer: CancelAnswer, id: RequestId): HttpAnswer {
  if (answer.ok) return json(202, { id, status: "cancelling", links: linksOf(id) });
  switch (answer.reason) {
    case "not-found":
      return NO_SUCH_REQUEST;
    case "too-late":
      return problem("cancel-too-late", {
        detail: "its call has been granted; it ends by itself",
        requestId: id,
      });
    case "over":
      return problem("request-over", { detail: "it has ended; see its status", requestId: id });
    case "unavailable":
      return unavailable(answer.retryAfterSeconds);
    default:
      return answer satisfies never;
  }
}
