/**
 * The HTTP door of the house (D02–D07). It parses, asks the gatekeeper, hands over, and answers when the log has
 * it; it decides nothing. Fastify's own JSON reading, coercion and validation are switched off: it takes
 * duplicate names, turns 5 into "5" and drops what it does not know.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type FastifyInstance, fastify } from "fastify";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import { capConnections, refuseConnection } from "./connection-guard.ts";
import { createEventStreams } from "./event-streams.ts";
import { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
import { addOpenCalls } from "./open-calls.ts";
import { problem } from "./problem.ts";
import { refuseWhatNobodyHandles } from "./refusals.ts";
import { addRequestCalls, type CallPorts } from "./request-calls.ts";
import { send } from "./send.ts";

export type HttpGatewayOptions = CallPorts & {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Addresses or CIDR blocks whose X-Forwarded-For and -Proto are believed; empty: nobody's. */
  readonly trustProxy: readonly string[];
  /** PEM. Without it the gateway speaks plain HTTP and takes secrets from loopback or trusted https proxies only. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly limits?: Partial<HttpLimits>;
  /** Nobody is called until an operator has decided; told on the health page. */
  readonly areCallsHeld?: () => boolean;
  readonly log: OperatorLog;
};

export interface HttpGateway {
  start(): Promise<{ readonly port: number }>;
  /** Ends event streams, lets calls under way finish within `closeTimeoutMs`, closes. */
  stop(): Promise<void>;
}

export function createHttpGateway(options: HttpGatewayOptions): HttpGateway {
  const limits = { ...HTTP_LIMITS, ...options.limits };
  const streams = createEventStreams(options.queries, limits, options.log);
  const app = createApp(options, limits);
  refuseWhatNobodyHandles(app, options.log);
  addOpenCalls(app, options.areCallsHeld ?? (() => false));
  addRequestCalls(app, options, streams);
  return {
    async start() {
      await app.listen({ host: options.listen.host, port: options.listen.port });
      const address = app.server.address();
      return { port: typeof address === "object" && address !== null ? address.port : options.listen.port };
    },
    async stop() {
      streams.stop();
      const cutOff = setTimeout(() => app.server.closeAllConnections(), limits.closeTimeoutMs);
      await app.close();
      clearTimeout(cutOff);
    },
  };
}

function createApp(options: HttpGatewayOptions, limits: HttpLimits): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    exposeHeadRoutes: false,
    forceCloseConnections: "idle",
    serverFactory: (handler) => createListener(handler, options, limits),
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => {
      // A path that is longer than any of ours is only a path that there is not.
      const answer = error.code === "FST_ERR_MAX_PARAM_LENGTH" ? NOT_HERE : UNREADABLE_PATH;
      send(reply, answer);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  return app;
}

const NOT_HERE = problem("not-found", { detail: "see /openapi.json for the paths there are" });
const UNREADABLE_PATH = problem("malformed-request", {
  detail: "the path cannot be read; check its percent signs",
});

/** A listener of our own: the library gives no way to set how often Node looks for clients that drip. */
function createListener(handler: RequestListener, options: HttpGatewayOptions, limits: HttpLimits): Server {
  const settings = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
    // Node would refuse a missing Host with an empty 400; ours has a body.
    requireHostHeader: false,
  };
  const server =
    options.tls === undefined
      ? createServer(settings, handler)
      : createTlsServer({ ...settings, ...options.tls, minVersion: "TLSv1.2" }, handler);
  capConnections(server, limits, options.trustProxy);
  server.on("checkExpectation", (_request, response) => {
    const answer = problem("expectation-unknown", { detail: "only 100-continue is known" });
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  return server;
}
