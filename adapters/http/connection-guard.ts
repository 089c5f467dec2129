/**
 * What happens before there is a request: floods of connections, and bytes that are no HTTP. The server library
 * never sees these, so the problem details are written to the socket by hand.
 */
import { type Server, STATUS_CODES } from "node:http";
import { Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import { countedAddress, isWithin } from "../../domain/security/cidr.ts";
import type { HttpLimits } from "./limits.ts";
import { type ProblemCode, problem } from "./problem.ts";

type ClientError = Error & { readonly code?: string | undefined };

/** Answers what the HTTP parser refused, then closes. */
export function refuseConnection(error: ClientError, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (socket.writable) socket.write(rawProblem(codeOf(error), DETAILS.get(error.code ?? "") ?? NOT_HTTP));
  socket.destroy();
}

const NOT_HTTP = "what arrived is not a valid HTTP/1.1 message";

const DETAILS: ReadonlyMap<string, string> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", "the message did not arrive in full within the time allowed"],
  ["HPE_HEADER_OVERFLOW", "the header may have 16 KB"],
]);

function codeOf(error: ClientError): ProblemCode {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return "timeout";
  return error.code === "HPE_HEADER_OVERFLOW" ? "headers-too-large" : "malformed-request";
}

function rawProblem(code: ProblemCode, detail: string): string {
  const { status, headers, body } = problem(code, { detail, headers: { connection: "close" } });
  const lines = Object.entries({ ...headers, "content-length": String(Buffer.byteLength(body)) });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

/** Bounds the connections of the whole server, and of each address that is no trusted proxy. */
export function capConnections(server: Server, limits: HttpLimits, trustedProxies: readonly string[]): void {
  const encrypted = server instanceof TlsServer;
  server.maxConnections = limits.connectionsMax;
  const held = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    if (isWithin(address, trustedProxies)) return;
    const key = countedAddress(address);
    const count = (held.get(key) ?? 0) + 1;
    held.set(key, count);
    socket.on("close", () => {
      const left = (held.get(key) ?? 1) - 1;
      if (left > 0) held.set(key, left);
      else held.delete(key);
    });
    if (count <= limits.connectionsPerAddressMax) return;
    // Before the handshake a TLS client could not read our words.
    if (encrypted) socket.destroy();
    else
      socket.end(rawProblem("too-many-connections", "close some of the connections that this address holds"));
  });
}
