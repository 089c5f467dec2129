import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { createSmtpGateway, type SmtpGatewayOptions } from "../../../adapters/smtp/gateway.ts";
import { instant } from "../../../domain/kernel/time.ts";
import { createFakeGatekeeper, type FakeGatekeeper, PASSWORD } from "../../support/fake-gatekeeper.ts";
import { createFakeIntake, type FakeIntake } from "../../support/fake-intake.ts";
import { createFakeOperatorLog, type FakeOperatorLog } from "../../support/fake-operator-log.ts";

export const NOW = instant(Date.UTC(2026, 10, 20, 9));
export const DATE = new Date(NOW).toUTCString();

export type SmtpHouse = {
  readonly port: number;
  readonly intake: FakeIntake;
  readonly gatekeeper: FakeGatekeeper;
  readonly log: FakeOperatorLog;
};

/** A mail gateway for wake.example on a free port of this machine with fakes behind it; gone when the test is. */
export async function startSmtpHouse(change: Partial<SmtpGatewayOptions> = {}): Promise<SmtpHouse> {
  const ports = {
    intake: createFakeIntake(),
    gatekeeper: createFakeGatekeeper(),
    log: createFakeOperatorLog(),
  };
  const gateway = createSmtpGateway({
    ...ports,
    zones: { isZone: (name) => name === "Europe/Paris" },
    clock: { now: () => NOW },
    listen: { host: "127.0.0.1", port: 0 },
    domain: "wake.example",
    allowInsecureAuth: true,
    ...change,
    limits: { closeTimeoutMs: 100, ...change.limits },
  });
  const { port } = await gateway.start();
  onTestFinished(() => gateway.stop());
  return { ...ports, port };
}

export type Dialogue = {
  /** The reply to a line, all its lines joined by LF. */
  say(line: string): Promise<string>;
  /** The next reply, to something said before; "" when the server has hung up. */
  reply(): Promise<string>;
  write(bytes: string | Buffer): void;
  hangUp(): void;
  readonly socket: Socket;
};

/** A conversation by hand, from the greeting on. */
export async function dial(port: number): Promise<Dialogue> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("utf8");
  onTestFinished(() => void socket.destroy());
  let heard = "";
  let closed = false;
  let wake: (() => void) | null = null;
  socket.on("data", (text: string) => {
    heard += text;
    wake?.();
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    closed = true;
    wake?.();
  });

  async function reply(): Promise<string> {
    for (;;) {
      const found = /^(?:[0-9]{3}-.*\r\n)*[0-9]{3}(?: .*)?\r\n/.exec(heard)?.[0];
      if (found !== undefined) {
        heard = heard.slice(found.length);
        return found.trimEnd().replaceAll("\r\n", "\n");
      }
      if (closed) return "";
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
  }

  await reply();
  return {
    socket,
    reply,
    say(line) {
      socket.write(`${line}\r\n`);
      return reply();
    },
    write: (bytes) => void socket.write(bytes),
    hangUp: () => void socket.destroy(),
  };
}

/** Up to the invitation to send the mail. */
export async function open(port: number, login = true): Promise<Dialogue> {
  const talk = await dial(port);
  await talk.say("EHLO client.example");
  if (login) await talk.say(`AUTH PLAIN ${btoa(`\0acme\0${PASSWORD}`)}`);
  await talk.say("MAIL FROM:<ops@acme.example>");
  await talk.say("RCPT TO:<outbound@wake.example>");
  await talk.say("DATA");
  return talk;
}

/** Delivers one mail; the answer to its end. */
export async function deliver(port: number, message: string, login = true): Promise<string> {
  const talk = await open(port, login);
  const answer = await talk.say(`${message.replaceAll(/\r?\n/g, "\r\n").replaceAll(/^\./gm, "..")}\r\n.`);
  talk.hangUp();
  return answer;
}

export type MailParts = {
  readonly headers?: Readonly<Record<string, string>>;
  /** As the application/json part; null: none. */
  readonly request?: string | null;
  readonly text?: string;
  readonly files?: readonly { readonly name: string; readonly type: string; readonly content: string }[];
};

export const WAKE_UP = JSON.stringify({
  to: "+12125550123",
  document: { url: "https://hotel.example/wake-up.vxml" },
});

const BOUNDARY = "=_part";

/** A mail as a program would write it. A header of "" is left out. */
export function mail({
  headers = {},
  request = WAKE_UP,
  text = "For people.",
  files = [],
}: MailParts = {}): string {
  const all: Record<string, string> = {
    From: "Acme <ops@acme.example>",
    To: "outbound@wake.example",
    Subject: "Wake up",
    Date: DATE,
    "Message-ID": "<m-1@acme.example>",
    "MIME-Version": "1.0",
    "Content-Type": `multipart/mixed; boundary="${BOUNDARY}"`,
    ...headers,
  };
  const head = Object.entries(all).filter(([, value]) => value !== "");
  const parts = [
    `Content-Type: text/plain; charset=utf-8\n\n${text}`,
    ...(request === null ? [] : [encoded("application/json", request)]),
    ...files.map(({ name, type, content }) => encoded(`${type}; name="${name}"`, content)),
  ];
  const body = parts.map((part) => `--${BOUNDARY}\n${part}\n`).join("");
  return `${head.map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n${body}--${BOUNDARY}--\n`;
}

function encoded(type: string, content: string): string {
  const lines = Buffer.from(content)
    .toString("base64")
    .replaceAll(/(.{76})/g, "$1\n");
  return `Content-Type: ${type}\nContent-Transfer-Encoding: base64\n\n${lines}`;
}
