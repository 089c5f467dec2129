/**
 * The mail door of the house (C01, C02, C18–C21): SMTP by itself, or LMTP behind a mail server with real queues.
 * It parses, asks the gatekeeper, hands over, and says 250 when the log has it; it decides nothing. The defaults
 * of the server library are unsafe in public, so every setting that matters is named here.
 */
import {
  SMTPServer,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from "smtp-server";
import type { SenderId } from "../../domain/kernel/identifiers.ts";
import type { Clock } from "../../domain/ports/clock.ts";
import type { Authenticated, Gatekeeper } from "../../domain/ports/gatekeeper.ts";
import type { Intake } from "../../domain/ports/intake.ts";
import type { OperatorLog } from "../../domain/ports/operator-log.ts";
import type { ZoneClock } from "../../domain/ports/zone-clock.ts";
import { SMTP_LIMITS, type SmtpLimits } from "./limits.ts";
import { createMailParser, type MailParser } from "./mail-parser.ts";
import { asError, later, replyText, type SmtpReply } from "./reply.ts";
import { type MailPorts, refusedAtGate, takeMail } from "./take-mail.ts";

export type SmtpGatewayOptions = {
  readonly intake: Intake;
  readonly gatekeeper: Gatekeeper;
  readonly zones: Pick<ZoneClock, "isZone">;
  readonly clock: Pick<Clock, "now">;
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Requests are taken at outbound@<domain>. */
  readonly domain: string;
  /** PEM. Without it there is no STARTTLS, and no AUTH either unless `allowInsecureAuth`. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** For development on one machine only: passwords cross the wire in clear. */
  readonly allowInsecureAuth?: boolean;
  /** Speak LMTP (RFC 2033) to the mail server in front. */
  readonly lmtp?: boolean;
  /** Mail servers in front that may tell the true client's address by XCLIENT. */
  readonly trustXClient?: readonly string[];
  readonly limits?: Partial<SmtpLimits>;
  readonly log: OperatorLog;
};

export interface SmtpGateway {
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
}

/** What is known of a connection beside the library's session; gone with it. */
type Visit = { loggedIn: Authenticated | null; transaction: number; recipients: number };

type LoggedIn = { readonly user: SenderId };

export function createSmtpGateway(options: SmtpGatewayOptions): SmtpGateway {
  const limits = { ...SMTP_LIMITS, ...options.limits };
  let running: { readonly server: SMTPServer; readonly parser: MailParser } | null = null;
  return {
    async start() {
      const parser = createMailParser(limits, options.log);
      const server = new SMTPServer({
        ...settings(options, limits),
        ...conversation(options, limits, parser),
      });
      // Connections that break are everyday life; the library would throw without a listener.
      server.on("error", (error) => options.log.info("smtp: a connection broke", { error: error.message }));
      running = { server, parser };
      return { port: await listening(server, options.listen) };
    },
    async stop() {
      if (running === null) return;
      const { server, parser } = running;
      running = null;
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(resolve);
      await promise;
      await parser.stop();
    },
  };
}

function listening(server: SMTPServer, { host, port }: SmtpGatewayOptions["listen"]): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.server.once("error", reject);
  server.listen(port, host, () => {
    server.server.off("error", reject);
    const address = server.server.address();
    resolve(typeof address === "object" && address !== null ? address.port : port);
  });
  return promise;
}

function settings(options: SmtpGatewayOptions, limits: SmtpLimits): SMTPServerOptions {
  const { tls, allowInsecureAuth = false, trustXClient = [] } = options;
  return {
    name: options.domain,
    banner: "Reveille",
    lmtp: options.lmtp ?? false,
    size: limits.messageBytesMax,
    rejectOversized: true,
    maxRecipients: limits.recipientsMax,
    maxCommandLength: limits.commandBytesMax,
    maxClients: limits.clientsMax,
    socketTimeout: limits.idleTimeoutMs,
    closeTimeout: limits.closeTimeoutMs,
    hideDSN: false,
    hideENHANCEDSTATUSCODES: false,
    disableReverseLookup: true,
    authMethods: ["PLAIN", "LOGIN"],
    // Digests need no login; strangers are turned away after DATA, by name of the reason.
    authOptional: true,
    allowInsecureAuth,
    // Never `true`: then anybody could claim any address.
    useXClient: trustXClient.length === 0 ? false : [...trustXClient],
    logger: false,
    // The library brings a certificate whose key everybody has: no STARTTLS rather than that.
    ...(tls === undefined
      ? { disabledCommands: allowInsecureAuth ? ["STARTTLS"] : ["STARTTLS", "AUTH"] }
      : { ...tls, minVersion: "TLSv1.2" as const }),
  };
}

function conversation(
  options: SmtpGatewayOptions,
  limits: SmtpLimits,
  parser: MailParser,
): SMTPServerOptions {
  const { gatekeeper, zones, clock, log } = options;
  const ports: MailPorts = {
    intake: options.intake,
    gatekeeper,
    parser,
    limits,
    isZone: (name) => zones.isZone(name),
    now: () => clock.now(),
  };
  const ours = `outbound@${options.domain}`.toLowerCase();
  const visits = new WeakMap<SMTPServerSession, Visit>();

  function visitOf(session: SMTPServerSession): Visit {
    const visit = visits.get(session) ?? { loggedIn: null, transaction: 0, recipients: 0 };
    visits.set(session, visit);
    return visit;
  }

  /** STARTTLS and XCLIENT begin the session anew, perhaps for another client: the library then forgets its user. */
  function loggedInNow(session: SMTPServerSession): Authenticated | null {
    const { loggedIn } = visitOf(session);
    return loggedIn !== null && session.user === loggedIn.sender ? loggedIn : null;
  }

  async function logIn(
    username: string,
    password: string,
    session: SMTPServerSession,
  ): Promise<LoggedIn | SmtpReply> {
    const proof = { mechanism: "password" as const, sender: username, password };
    const answer = await gatekeeper.authenticate(proof, { channel: "email", address: session.remoteAddress });
    if (!answer.ok) return refusedAtGate(answer.reason);
    visitOf(session).loggedIn = answer.who;
    return { user: answer.who.sender };
  }

  async function take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<SmtpReply> {
    const mail = await collect(stream, limits.messageBytesMax);
    // The library answers what is too large by itself (552 5.3.4), after all of it has come.
    if (mail === null) return later("the mail did not arrive whole");
    const { mailFrom } = session.envelope;
    const envelopeFrom = mailFrom === false ? "" : mailFrom.address;
    return takeMail(
      { mail, envelopeFrom, address: session.remoteAddress, loggedIn: loggedInNow(session) },
      ports,
    );
  }

  /** Whatever breaks on our side is temporary to the mail server in front: it keeps the mail. */
  async function orLater<T>(
    work: () => Promise<T>,
    what: string,
    tell: (reply: T | SmtpReply) => void,
  ): Promise<void> {
    let reply: T | SmtpReply;
    try {
      reply = await work();
    } catch (error) {
      log.error(`smtp: ${what} failed`, { error });
      reply = later("something broke on our side; nothing was stored");
    }
    tell(reply);
  }

  return {
    onAuth(auth, session, callback) {
      const { username, password, authzid } = auth;
      const acting = authzid === undefined || authzid === "" || authzid === username;
      if (typeof username !== "string" || typeof password !== "string" || !acting) {
        return callback(asError(refusedAtGate("credentials-wrong")));
      }
      void orLater(
        () => logIn(username, password, session),
        "a login",
        (reply) => {
          if ("user" in reply) callback(null, reply);
          else callback(asError(reply));
        },
      );
    },
    onRcptTo({ address }, session, callback) {
      // The library counts different addresses only: one repeated 5,000 times would be answered 5,000 times.
      const visit = visitOf(session);
      visit.recipients = visit.transaction === session.transaction ? visit.recipients + 1 : 1;
      visit.transaction = session.transaction;
      if (visit.recipients > limits.recipientsMax) return callback(TOO_MANY_RECIPIENTS);
      callback(address.toLowerCase() === ours ? null : NO_SUCH_MAILBOX);
    },
    onData(stream, session, callback) {
      void orLater(
        () => take(stream, session),
        "a mail",
        (reply) => {
          if (reply.code === 250) callback(null, replyText(reply));
          else callback(asError(reply));
        },
      );
    },
  };
}

const TOO_MANY_RECIPIENTS = Object.assign(new Error("too many recipients"), { responseCode: "452 4.5.3" });
const NO_SUCH_MAILBOX = Object.assign(new Error("Requests are taken at outbound@ this domain only"), {
  responseCode: 550,
});

/** The whole mail; null when it was too large, or its sender went away. Reads to the end in any case. */
async function collect(stream: SMTPServerDataStream, bytesMax: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      if (!Buffer.isBuffer(chunk)) continue;
      bytes += chunk.byteLength;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    // The client is gone, and with it whoever could be answered.
    return null;
  }
  return bytes <= bytesMax ? Buffer.concat(chunks) : null;
}
