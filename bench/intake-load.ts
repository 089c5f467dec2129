/**
 * The Senders of the intake bench, in a process of their own: keep-alive connections that post one Request after
 * the other. Sockets and bytes by hand, because a client library would cost more than the gateway under test.
 *
 * Open loop: a Request is due at its instant whatever became of the earlier ones, and its time runs from then: a
 * gateway that stands still is charged with everything that waited for it.
 */
import { connect, type Socket } from "node:net";
import { API_KEY, benchNumber } from "./bench-house.ts";

export type LoadOrder = {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Null: closed loop, every connection posts again as soon as it is answered. */
  readonly perSecond: number | null;
  /** Of the first number: runs over the same house must not repeat each other's. */
  readonly firstIndex: number;
};

/** `latenciesMs` of what was answered with 202 in time. */
export type LoadReport = {
  readonly latenciesMs: readonly number[];
  readonly refused: number;
  readonly elapsedMs: number;
};

const CONNECTIONS_MAX = 200;
/** Requests that may be due and not yet sent: beyond it the load is not a load but a flood. */
const DUE_MAX = 10_000;
const SECONDS_MAX = 30;
/** How long the last answers may take. */
const LATE_SECONDS = 5;

type Line = { readonly socket: Socket; dueMs: number; text: string };

function postOf(index: number, host: string): string {
  const body = JSON.stringify({
    to: benchNumber(index),
    document: { url: "http://127.0.0.1:9/wake-up.vxml" },
    userData: "room 12",
  });
  return `POST /v1/requests HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${API_KEY}\r\nidempotency-key: "bench-${index}"\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Status of the answer at the beginning of `text`, once it is whole; null before. */
export function wholeAnswer(text: string): number | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? "0";
  return text.length >= headEnd + 4 + Number(length) ? Number(text.slice(9, 12)) : null;
}

export async function runLoad(order: LoadOrder): Promise<LoadReport> {
  const { host, port, perSecond } = order;
  const connections = Math.min(CONNECTIONS_MAX, order.connections);
  const seconds = Math.min(SECONDS_MAX, order.seconds);
  const latenciesMs: number[] = [];
  const idle: Line[] = [];
  const due: number[] = [];
  const over = Promise.withResolvers<void>();
  let index = order.firstIndex;
  let refused = 0;
  let made = 0;
  let startMs = 0;

  function post(line: Line, dueMs: number): void {
    line.dueMs = dueMs;
    line.text = "";
    line.socket.write(postOf(index, host));
    index += 1;
  }

  function answered(line: Line, status: number): void {
    const nowMs = performance.now();
    if (status === 202) latenciesMs.push(nowMs - line.dueMs);
    else refused += 1;
    if (perSecond !== null) next(line);
    else if (nowMs - startMs < seconds * 1_000) post(line, nowMs);
    else rest(line);
  }

  function next(line: Line): void {
    const dueMs = due.shift();
    if (dueMs === undefined) rest(line);
    else post(line, dueMs);
  }

  function rest(line: Line): void {
    idle.push(line);
    const lastMade = perSecond === null || made >= perSecond * seconds;
    if (idle.length === connections && lastMade) over.resolve();
  }

  /** Makes due what its instant has come for. */
  function tick(rate: number): void {
    const wanted = Math.min(rate * seconds, Math.floor(((performance.now() - startMs) / 1_000) * rate) + 1);
    for (; made < wanted; made += 1) {
      if (due.length >= DUE_MAX) over.reject(new Error(`bench: ${DUE_MAX} Requests wait for a connection`));
      due.push(startMs + (made * 1_000) / rate);
      // The one that has rested longest: the gateway closes a connection that rests for seconds.
      const line = idle.shift();
      if (line !== undefined) next(line);
    }
    if (made < rate * seconds) setTimeout(() => tick(rate), 1);
  }

  const lines = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(port, host);
      const line: Line = { socket, dueMs: 0, text: "" };
      socket.setNoDelay(true);
      socket.setEncoding("latin1");
      socket.on("error", (cause) => over.reject(new Error("bench: a connection broke", { cause })));
      socket.on("close", () => over.reject(new Error("bench: the gateway closed a connection")));
      socket.on("data", (text: string) => {
        line.text += text;
        const status = wholeAnswer(line.text);
        if (status !== null) answered(line, status);
      });
      await new Promise<void>((resolve) => {
        socket.once("connect", () => resolve());
      });
      return line;
    }),
  );
  startMs = performance.now();
  const late = setTimeout(
    () => over.reject(new Error("bench: answers are missing")),
    (seconds + LATE_SECONDS) * 1_000,
  );
  if (perSecond === null) {
    for (const line of lines) post(line, startMs);
  } else {
    idle.push(...lines);
    tick(perSecond);
  }
  try {
    await over.promise;
    return { latenciesMs, refused, elapsedMs: performance.now() - startMs };
  } finally {
    clearTimeout(late);
    for (const { socket } of lines) socket.destroy();
  }
}

if (process.send !== undefined && import.meta.main) {
  process.on("message", (order) => {
    void answer(order as LoadOrder);
  });
  process.on("disconnect", () => process.exit(0));
}

async function answer(order: LoadOrder): Promise<void> {
  process.send?.(await runLoad(order));
}
