import { afterAll, beforeAll, expect, test } from "vitest";
import { createDialogRunner } from "../../../../adapters/voicexml/runner.ts";
import type {
  DialogOrder,
  DialogResult,
  DialogRunner,
  DialogStep,
} from "../../../../domain/ports/dialog-runner.ts";
import type { Fetcher } from "../../../../domain/ports/fetcher.ts";
import { createFakeLeg, createFakeWeb, createTestClock, type FakeLeg, fakeSpeech } from "./fake-call.ts";

const web = createFakeWeb({
  "https://example.test/thanks": {
    body: `<vxml version="2.1"><form><block>Thanks.<exit expr="'saved'"/></block></form></vxml>`,
  },
});

let runner: DialogRunner;
beforeAll(async () => {
  runner = makeRunner(web);
  await runner.start();
});
afterAll(() => runner.stop());

function makeRunner(fetcher: Fetcher): DialogRunner {
  return createDialogRunner({
    speech: fakeSpeech,
    fetcher,
    clock: createTestClock(),
    chance: { draw: () => 0.5, ulid: () => "", bytes: (count) => new Uint8Array(count) },
    workers: 1,
    defaults: null,
    limits: {},
    userAgent: "reveille/test",
    transfer: null,
  });
}

function order(text: string): DialogOrder {
  return {
    document: { kind: "inline", text },
    request: null,
    sender: null,
    attempt: 1,
    userData: '{"name":"Ada"}',
    connection: { localUri: "sip:us@127.0.0.1", remoteUri: "tel:+12125550123", originator: "local" },
  };
}

function vxml(body: string): string {
  return `<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">${body}</vxml>`;
}

/** Runs `body`; `onStep` may act as the caller. */
async function call(
  body: string,
  act: (step: DialogStep, leg: FakeLeg) => void = () => undefined,
  leg = createFakeLeg(),
): Promise<{ readonly result: DialogResult; readonly steps: readonly DialogStep[] }> {
  const steps: DialogStep[] = [];
  const result = await runner.run(
    order(vxml(body)),
    leg,
    (step) => {
      steps.push(step);
      act(step, leg);
    },
    new AbortController().signal,
  );
  return { result, steps };
}

const DIGITS = `<form><field name="pin" type="digits?length=4"><prompt>Your pin, <value expr="session.reveille.userData.name"/>?</prompt>
  <filled><submit next="https://example.test/thanks" namelist="pin"/></filled></field></form>`;

test("a call asks for a pin, hears it through barge-in, submits it and exits with the server's answer", async () => {
  const { result, steps } = await call(DIGITS, (step, leg) => {
    if (step.type === "prompt") leg.press(["1", "2", "3", "4"]);
  });
  expect(result).toMatchObject({ result: "ok", exit: '"saved"', event: null, inputs: 1 });
  expect(steps.map((step) => step.type)).toEqual(["started", "prompt", "input", "submitted", "prompt"]);
  expect(steps.find((step) => step.type === "prompt")).toMatchObject({ text: "Your pin, Ada?" });
  expect(steps.find((step) => step.type === "input")).toMatchObject({
    field: "pin",
    mode: "dtmf",
    value: "1234",
  });
  expect(web.requests.at(-1)?.url).toBe("https://example.test/thanks?pin=1234");
});

test("a caller who hangs up during a prompt is heard as a hang-up, and the handler may still submit", async () => {
  const { result, steps } = await call(
    `<catch event="connection.disconnect.hangup"><submit next="https://example.test/thanks"/></catch>${DIGITS}`,
    (step, leg) => {
      if (step.type === "prompt") leg.hangUp();
    },
    createFakeLeg({ hold: true }),
  );
  expect(result).toMatchObject({ result: "hangup", exit: '"saved"' });
  expect(steps.some((step) => step.type === "submitted")).toBe(true);
});

test("a document that nobody can find ends the dialog with the name of the error", async () => {
  const { result } = await call(`<form><block><goto next="https://example.test/none"/></block></form>`);
  expect(result).toMatchObject({ result: "error", event: "error.badfetch.http.404" });
});

test("a document that is not well-formed ends the dialog at once", async () => {
  const { result } = await call("<form>");
  expect(result).toMatchObject({ result: "error", event: "error.badfetch" });
});

test("an endless loop of gotos is ended by its limit", async () => {
  const { result } = await call(`<form id="a"><block><goto next="#a"/></block></form>`);
  expect(result).toMatchObject({ result: "error", event: "error.com.reveille.limit.transitions" });
});

test("aborting ends a waiting dialog as a hang-up would", async () => {
  const leg = createFakeLeg();
  const end = new AbortController();
  const running = runner.run(
    order(vxml(DIGITS)),
    leg,
    (step) => {
      if (step.type === "prompt") end.abort();
    },
    end.signal,
  );
  expect(await running).toMatchObject({ result: "hangup" });
});
