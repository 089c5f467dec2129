/** Connections to addresses that the egress policy allows, and to no others. */
import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction, type Socket } from "node:net";
import { rootCertificates, type TLSSocket } from "node:tls";
import { callbackify } from "node:util";
import { Agent, buildConnector } from "undici";
import { EgressBlockedError, type EgressPolicy, notPublic } from "./egress-policy.ts";

/** Every address of a name; empty or throwing when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export type ConnectSettings = {
  readonly trustedCertificates: readonly string[];
  readonly connectMsMax: number;
  readonly headersMsMax: number;
  /** Silence between two pieces of a body. */
  readonly silenceMsMax: number;
  readonly responseBytesMax: number;
};

const RESOLVE_MS_MAX = 2_000;
const RESOLVE_TRIES_MAX = 2;
/** Per origin; further requests wait for one of them. */
const CONNECTIONS_MAX = 16;
const KEEP_ALIVE_MS = 4_000;

export function createGuardedAgent(policy: EgressPolicy, resolve: Resolve, settings: ConnectSettings): Agent {
  const { trustedCertificates: own } = settings;
  const trust = own.length === 0 ? {} : { ca: [...rootCertificates, ...own] };
  const dial = buildConnector({
    lookup: checkedLookup(policy, resolve),
    timeout: settings.connectMsMax,
    ...trust,
  });
  return new Agent({
    headersTimeout: settings.headersMsMax,
    bodyTimeout: settings.silenceMsMax,
    maxResponseSize: settings.responseBytesMax,
    connections: CONNECTIONS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connect(options, done) {
      const host = options.hostname.replace(/^\[|\]$/g, "");
      // The socket layer looks up no literal, so that a check in the look-up alone would miss it.
      if (isIP(host) !== 0 && !policy.mayReach(host)) {
        done(notPublic(host), null);
        return;
      }
      dial(options, (...[error, socket]) => {
        if (error !== null) done(error, null);
        else admit(socket, host, policy, done);
      });
    },
  });
}

/** The last look: at the address that the connection really has. */
function admit(
  socket: Socket | TLSSocket,
  host: string,
  policy: EgressPolicy,
  done: buildConnector.Callback,
): void {
  if (policy.mayReach(socket.remoteAddress ?? "")) {
    done(null, socket);
    return;
  }
  socket.destroy();
  done(notPublic(host), null);
}

/** One answer is judged as a whole and then connected to: there is no second look-up that could say otherwise. */
function checkedLookup(policy: EgressPolicy, resolve: Resolve): LookupFunction {
  const ask = callbackify(addressesOf);
  return (host, options, done) => {
    ask(host, policy, resolve, (error: NodeJS.ErrnoException | null, addresses) => {
      const found = (addresses ?? []).map((address) => ({ address, family: isIP(address) }));
      const [first] = found;
      if (first === undefined) done(error ?? new Error(`egress: ${host} has no address`), "");
      else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };
}

async function addressesOf(host: string, policy: EgressPolicy, resolve: Resolve): Promise<readonly string[]> {
  const name = host.replace(/\.$/, "").toLowerCase();
  if (policy.isOwnMachine(name)) return ["127.0.0.1", "::1"];
  if (name === "localhost" || name.endsWith(".localhost")) throw notPublic(name);
  const addresses = await resolve(name);
  if (!addresses.every((address) => policy.mayReach(address))) throw notPublic(name);
  return addresses;
}

/**
 * Asks the name servers by itself: the system's look-up would share four threads with the files' syncs, read
 * /etc/hosts, and try names within the operator's own domain. `servers` are the system's unless given.
 */
export function createResolve(
  asking: { readonly servers?: readonly string[]; readonly timeoutMs?: number } = {},
): Resolve {
  return async (host) => {
    const resolver = new Resolver({ timeout: asking.timeoutMs ?? RESOLVE_MS_MAX, tries: RESOLVE_TRIES_MAX });
    if (asking.servers !== undefined) resolver.setServers(asking.servers);
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const found = [v4, v6].flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
    if (found.length === 0 && v4.status === "rejected") {
      throw new Error(`egress: ${host} has no address`, { cause: v4.reason });
    }
    return found;
  };
}

/** The policy's no within whatever the HTTP library made of it; null for other errors. */
export function blockedBy(error: unknown): EgressBlockedError | null {
  if (error instanceof EgressBlockedError) return error;
  if (error instanceof AggregateError)
    return error.errors.map(blockedBy).find((found) => found !== null) ?? null;
  return error instanceof Error && error.cause !== undefined ? blockedBy(error.cause) : null;
}
