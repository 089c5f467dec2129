import { afterAll, beforeAll, expect, test } from "vitest";
import { createDialogRunner } from "../../../../adapters/voicexml/runner.ts";
import type {
  DialogOrder,
  DialogResult,
  DialogRunner,
  DialogStep,
} from "../../../../domain/ports/dialog-runner.ts";
import type { Fetcher } from "../../../../domain/ports/fetcher.ts";
import {
  SpeechFailedError,
  type SpeechSynthesizer,
  SpeechUnsupportedError,
} from "../../../../domain/ports/speech.ts";
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

const base = {
  speech: fakeSpeech,
  chance: { draw: () => 0.5, ulid: () => "", bytes: (count: number) => new Uint8Array(count) },
  workers: 1,
  defaults: null,
  limits: {},
  userAgent: "reveille/test",
  transfer: null,
} as const;

function makeRunner(fetcher: Fetcher): DialogRunner {
  return createDialogRunner({ ...base, fetcher, clock: createTestClock() });
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

test("a leg that breaks ends the dialog in order", async () => {
  const leg = createFakeLeg();
  const broken: FakeLeg = {
    ...leg,
    play: () => {
      throw new Error("no such leg");
    },
  };
  const { result } = await call(DIGITS, () => undefined, broken);
  expect(result).toMatchObject({ result: "error", event: "error.com.reveille.internal" });
});

test("what the caller recorded is submitted as a file", async () => {
  const { result } = await call(
    `<form><record name="note" finalsilence="100ms"><prompt>Speak.</prompt>
     <filled><submit next="https://example.test/thanks" method="post" enctype="multipart/form-data" namelist="note"/></filled></record></form>`,
    (step, leg) => {
      if (step.type === "prompt" && step.text === "Speak.") speakSoon(leg);
    },
  );
  expect(result).toMatchObject({ result: "ok", exit: '"saved"' });
  const body = Buffer.from(web.requests.at(-1)?.body?.bytes ?? new Uint8Array()).toString("latin1");
  expect(body).toContain('name="note"; filename="recording.wav"\r\nContent-Type: audio/x-wav\r\n\r\nRIFF');
});

const FRAMES_MAX = 50_000;

/** Frames come all the time on a line; the recorder takes them once it listens. */
function speakSoon(leg: FakeLeg): void {
  let frames = 0;
  const next = (): void => {
    frames += 1;
    leg.frame(new Int16Array(160).fill(frames % 100 < 50 ? 4_000 : 0));
    if (frames < FRAMES_MAX) setImmediate(next);
  };
  setImmediate(next);
}

test("a session that was hung up and goes on for ever is ended by its limit of final processing", async () => {
  const clock = createTestClock();
  const asked = Promise.withResolvers<void>();
  const silent: Fetcher = {
    fetch: () => {
      asked.resolve();
      return new Promise(() => undefined);
    },
    close: () => Promise.resolve(),
  };
  const slow = createDialogRunner({ ...base, fetcher: silent, clock });
  await slow.start();
  const leg = createFakeLeg();
  const document = vxml(
    `<catch event="connection.disconnect.hangup"><submit next="https://example.test/never"/></catch>${DIGITS}`,
  );
  const running = slow.run(
    order(document),
    leg,
    (step) => {
      if (step.type === "prompt") leg.hangUp();
    },
    new AbortController().signal,
  );
  await asked.promise;
  // The final-processing timer is the oldest one that is due.
  clock.fireAll();
  expect(await running).toMatchObject({ result: "hangup" });
  await slow.stop();
});

/** A voice that can't say what holds `word`; it throws `error` there. */
function failingAt(word: string, error: Error): SpeechSynthesizer {
  return {
    ...fakeSpeech,
    async *synthesize(request, signal) {
      for (const run of request.runs) if (run.kind === "text" && run.text.includes(word)) throw error;
      yield* fakeSpeech.synthesize(request, signal);
    },
  };
}

async function callWith(speech: SpeechSynthesizer, body: string): Promise<DialogResult> {
  // Few turns, so that a voice that never works is given up soon.
  const limits = { idleTurnsMax: 50 };
  const own = createDialogRunner({ ...base, limits, speech, fetcher: web, clock: createTestClock() });
  await own.start();
  const result = await own.run(
    order(vxml(body)),
    createFakeLeg(),
    () => undefined,
    new AbortController().signal,
  );
  await own.stop();
  return result;
}

const ASKS = `<catch event="error"><exit expr="_event"/></catch><form><field name="f" type="digits"><prompt>broken question</prompt></field></form>`;

test("a voice that breaks is error.noresource in the document, never silence", async () => {
  const result = await callWith(failingAt("broken", new SpeechFailedError("out of order")), ASKS);
  expect(result.exit).toBe('"error.noresource"');
});

test("a language that nobody here speaks is error.unsupported.language in the document", async () => {
  const result = await callWith(failingAt("broken", new SpeechUnsupportedError("no such language")), ASKS);
  expect(result.exit).toBe('"error.unsupported.language"');
});

test("a voice that breaks in the last words leaves its name in the result, and the exit value stands", async () => {
  const result = await callWith(
    failingAt("broken", new SpeechFailedError("out of order")),
    `<form><block>broken good-bye<exit expr="7"/></block></form>`,
  );
  expect(result).toMatchObject({ result: "error", exit: "7", event: "error.noresource" });
});

test("a voice that is always broken ends the dialog at a limit", async () => {
  const result = await callWith(
    failingAt("", new SpeechFailedError("out of order")),
    `<catch event="error.noresource"><reprompt/></catch><form><field name="f" type="digits"><prompt>ask</prompt></field></form>`,
  );
  expect(result.result).toBe("error");
});
