/**
 * The Sender's application: a small web server that hands out the dialog, takes the guest's answer, and says
 * good-bye accordingly. Everything a hotel needs to write to use Reveille.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export type Application = {
  /** Base URL, e.g. "http://127.0.0.1:40123". */
  readonly url: string;
  /** Answers received so far, oldest first. */
  readonly answers: readonly string[];
  close(): Promise<void>;
};

const BODY_BYTES_MAX = 4_096;

function page(text: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en-US">
  <form><block><prompt>${text}</prompt><exit expr="'${text === SNOOZE ? "snooze" : "up"}'"/></block></form>
</vxml>`;
}

const SNOOZE = "Sleep well. We will call you again in an hour.";
const UP = "Good. Breakfast is served until ten. Have a nice day.";

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > BODY_BYTES_MAX) throw new Error("body too long");
  }
  return body;
}

/** Serves `/wake-up.vxml` and takes `POST /answer` on 127.0.0.1. Port 0 takes a free one. */
export async function startApplication(port = 0): Promise<Application> {
  const answers: string[] = [];
  const document = readFileSync(new URL("wake-up.vxml", import.meta.url));
  const take = (choice: string): string => {
    answers.push(choice);
    return page(choice === "snooze" ? SNOOZE : UP);
  };
  const server = createServer((request, response) => {
    const answerWith = (status: number, body: string | Buffer): void => {
      response.writeHead(status, { "content-type": "application/voicexml+xml" }).end(body);
    };
    if (request.method === "GET" && request.url === "/wake-up.vxml") return answerWith(200, document);
    if (request.method !== "POST" || request.url !== "/answer") return answerWith(404, "");
    readBody(request)
      .then((body) => answerWith(200, take(new URLSearchParams(body).get("choice") ?? "")))
      .catch(() => answerWith(413, ""));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
