import { expect, onTestFinished, test } from "vitest";
import { SMTP_LIMITS } from "../../../adapters/smtp/limits.ts";
import { createMailParser, type MailParser } from "../../../adapters/smtp/mail-parser.ts";
import { createFakeOperatorLog } from "../../support/fake-operator-log.ts";
import { mail } from "./smtp-house.ts";

/** A thread that does what the mail says: "hang", "exit", "throw", "eat" all memory, or answer. */
const OBEDIENT = `
import { parentPort } from "node:worker_threads";
parentPort.on("message", ({ number, mail }) => {
  const order = Buffer.from(mail).toString();
  if (order === "hang") for (;;);
  if (order === "exit") process.exit(0);
  if (order === "throw") throw new Error("told to");
  if (order === "eat") for (const eaten = []; ; ) eaten.push(new Array(100000).fill({ of: eaten.length }));
  parentPort.postMessage({ type: "parsed", number, mail: { text: order, attachments: [] } });
});
parentPort.postMessage({ type: "ready" });
`;

function parserOf(script: string, change: Partial<typeof SMTP_LIMITS> = {}) {
  const log = createFakeOperatorLog();
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const parser = createMailParser({ ...SMTP_LIMITS, parseTimeoutMs: 500, ...change }, log, url);
  onTestFinished(() => parser.stop());
  return { parser, log };
}

function parse(parser: MailParser, order: string) {
  return parser.parse(Buffer.from(order));
}

test.each([
  "hang",
  "exit",
  "throw",
  "eat",
])("a mail that makes the thread %s costs only itself", async (order) => {
  const { parser, log } = parserOf(OBEDIENT, { parserHeapMb: 24 });
  const answers = await Promise.all([parse(parser, "one"), parse(parser, order), parse(parser, "two")]);
  expect(answers).toMatchObject([
    { ok: true, mail: { text: "one" } },
    { ok: false, reason: "too-complex" },
    { ok: true, mail: { text: "two" } },
  ]);
  expect(log.lines.map((line) => line.what)).toEqual(["smtp: the mail parser was replaced"]);
});

test("a line of mails beyond its limit is refused at once", async () => {
  const { parser } = parserOf(OBEDIENT, { parseWaitingMax: 2 });
  const answers = await Promise.all(["1", "2", "3"].map((order) => parse(parser, order)));
  expect(answers.map((answer) => (answer.ok ? "parsed" : answer.reason))).toEqual([
    "parsed",
    "parsed",
    "overloaded",
  ]);
});

test("a thread that cannot come up is not tried in a loop", async () => {
  const { parser, log } = parserOf('throw new Error("no such module");');
  expect(await parse(parser, "1")).toMatchObject({ ok: false, reason: "overloaded" });
  expect(await parse(parser, "2")).toMatchObject({ ok: false, reason: "overloaded" });
  expect(log.lines.length).toBeLessThanOrEqual(2);
});

test("whoever waits when the parser stops is told so", async () => {
  const { parser } = parserOf(OBEDIENT);
  const waiting = [parse(parser, "hang"), parse(parser, "1")];
  await parser.stop();
  expect(await Promise.all(waiting)).toMatchObject([{ reason: "stopped" }, { reason: "stopped" }]);
  expect(await parse(parser, "2")).toMatchObject({ reason: "stopped" });
});

test("the real thread hands an application/json part over as its bytes", async () => {
  const parser = createMailParser({ ...SMTP_LIMITS, parseTimeoutMs: 20_000 }, createFakeOperatorLog());
  onTestFinished(() => parser.stop());
  const parsing = await parser.parse(Buffer.from(mail({ request: '{ "exact" : 1 }' })));
  const found = parsing.ok ? parsing.mail.attachments : [];
  expect(found.map((part) => [part.contentType, Buffer.from(part.bytes).toString()])).toEqual([
    ["application/json", '{ "exact" : 1 }'],
  ]);
});
