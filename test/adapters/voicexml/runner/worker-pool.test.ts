import { expect, test } from "vitest";
import type { DialogStart } from "../../../../adapters/voicexml/dialog/dialog.ts";
import type { Effect, Input } from "../../../../adapters/voicexml/dialog/effects.ts";
import {
  createWorkerPool,
  type DialogHandle,
  JOURNAL_INPUTS_MAX,
  type WorkerPool,
} from "../../../../adapters/voicexml/worker-pool.ts";
import { createTestClock } from "./fake-call.ts";

const ASK_TWICE = `<vxml version="2.1"><form>
  <var name="draws" expr="Math.random() + ' ' + new Date().getTime()"/>
  <field name="a" type="digits?length=1"/><field name="b" type="digits?length=1"/>
  <filled><exit expr="a + b + ' ' + draws"/></filled></form></vxml>`;

function start(text: string): DialogStart {
  return {
    document: { kind: "inline", text, url: "reveille:inline/x" },
    session: {},
    defaults: null,
    hearsSpeech: false,
    limits: {},
  };
}

/** Opens a dialog; answers its effects as they come, and the next list of them on demand. */
function open(pool: WorkerPool, text: string, seed: number) {
  const lists: (readonly Effect[])[] = [];
  const fate: { lost: string | null } = { lost: null };
  let wake = Promise.withResolvers<void>();
  const handle: DialogHandle = pool.open(start(text), seed, at({ type: "start" }), {
    onEffects: (effects) => {
      lists.push(effects);
      wake.resolve();
    },
    onLost: (event) => {
      fate.lost = event;
      wake.resolve();
    },
  });
  return {
    handle,
    async next(): Promise<readonly Effect[]> {
      while (lists.length === 0 && fate.lost === null) await wake.promise;
      wake = Promise.withResolvers<void>();
      return lists.shift() ?? [];
    },
    lost: (): string | null => fate.lost,
  };
}

function at<T extends object>(input: T): T & { readonly now: number; readonly wall: number } {
  return { ...input, now: 5, wall: 1_700_000_000_000 };
}

const key = (digit: "3" | "4"): Input => at({ type: "digit", digit });

/** The evaluation after the first is the fatal one: here the handler's, of what is not heard as an answer. */
const HANDLES = `<vxml version="2.1"><var name="n" expr="0"/><form><field name="a" type="digits?length=1">
  <nomatch><assign name="n" expr="n + 1"/></nomatch><catch event="error.semantic"><prompt>mended</prompt><reprompt/></catch>
  </field><block><exit expr="a"/></block></form></vxml>`;

test("a script that stops its thread is answered with error.semantic, and the call goes on", async () => {
  const program = new URL("stuck-worker.ts", import.meta.url);
  const pool = createWorkerPool({ workers: 1, clock: createTestClock(), program });
  await pool.start();
  const rogue = open(pool, HANDLES, 8);
  await rogue.next();
  rogue.handle.send(at({ type: "words", words: "get stuck", confidence: 1 }));
  const after = await rogue.next();
  expect(rogue.lost()).toBeNull();
  expect(JSON.stringify(after)).toContain("mended");
  expect(pool.kills()).toBe(1);
  await pool.stop();
});

test("a dialog that gets its thread stuck twice is ended, and its neighbour goes on as if nothing had happened", async () => {
  const program = new URL("stuck-worker.ts", import.meta.url);
  const pool = createWorkerPool({ workers: 1, clock: createTestClock(), program });
  await pool.start();
  const calm = open(pool, ASK_TWICE, 7);
  const rogue = open(pool, ASK_TWICE, 8);
  await calm.next();
  await rogue.next();
  calm.handle.send(key("3"));
  await calm.next();
  rogue.handle.send(at({ type: "words", words: "get stuck", confidence: 1 }));
  await rogue.next();
  expect(rogue.lost()).toBeNull();
  rogue.handle.send(at({ type: "words", words: "get stuck", confidence: 1 }));
  while (rogue.lost() === null) await rogue.next();
  expect(rogue.lost()).toBe("error.com.reveille.limit.script");
  expect(pool.kills()).toBe(2);
  calm.handle.send(key("4"));
  const after = await calm.next();
  expect(after.at(-1)).toMatchObject({ type: "ended", end: { kind: "exit" } });
  await pool.stop();

  // The same inputs in a pool that was never disturbed: also random numbers and dates come out the same.
  const quiet = createWorkerPool({ workers: 1, clock: createTestClock() });
  await quiet.start();
  const same = open(quiet, ASK_TWICE, 7);
  await same.next();
  same.handle.send(key("3"));
  await same.next();
  same.handle.send(key("4"));
  expect(await same.next()).toEqual(after);
  await quiet.stop();
});

test("a dialog with more inputs than its journal holds is ended", async () => {
  const pool = createWorkerPool({ workers: 1, clock: createTestClock() });
  await pool.start();
  const busy = open(pool, ASK_TWICE, 1);
  await busy.next();
  for (let sent = 1; sent <= JOURNAL_INPUTS_MAX; sent += 1) busy.handle.send(at({ type: "timer", id: -1 }));
  expect(busy.lost()).toBe("error.com.reveille.limit.inputs");
  await pool.stop();
});

test("a thread that can't even start makes start fail", async () => {
  const program = new URL("no-such-worker.ts", import.meta.url);
  const pool = createWorkerPool({ workers: 1, clock: createTestClock(), program });
  await expect(pool.start()).rejects.toThrow(/no-such-worker/);
  await pool.stop();
});
