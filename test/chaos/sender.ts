/**
 * The Sender of a run: posts at a steady rate, whatever the answers, and asks again under the same key until it
 * has its 202, as a Sender should. Some Requests go to Customers of whom there are few, some are taken back.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Dice } from "../simulation/dice.ts";
import type { TruthFile } from "./truth-file.ts";

export const API_KEY = "rvl_chaos_sixteen-or-more-characters";
export const ACCOUNT = "chaos";

/** How often a refused or unanswered post is repeated; and when one counts as unanswered. */
const AGAIN_MS = 250;
const ANSWER_MS_MAX = 10_000;
/**
 * Customers who are asked for again and again, for each Request a second, and the share of Requests that is for them.
 * One has a single line and is on it for seconds at a time: fewer could not be called as often as they are asked for.
 */
const REGULARS_PER_RATE = 1.2;
const REGULAR_SHARE = 0.2;
const CANCEL_SHARE = 0.05;

/** Waits without speaking: speech would be the load, and the dispatch is what is tried here. */
const TALK =
  '<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt><break time="500ms"/></prompt></block></form></vxml>';

export type Asked = {
  readonly key: string;
  readonly number: string;
  /** The id that was acknowledged; null: not yet. */
  id: string | null;
  acknowledgedAt: number | null;
};

export type Load = {
  readonly asked: readonly Asked[];
  /** Ids under one key that were not the same: one message became two Requests. */
  readonly doubled: readonly string[];
  /** Answers other than 202, by status; 0 is none at all. */
  readonly refusals: ReadonlyMap<number, number>;
  /** Resolves with the time of the next 202 for a post that began after now. */
  nextAcknowledged(): Promise<number>;
  /** Stops asking for new things; resolves when everything that was asked for is acknowledged, or gives up. */
  finish(patienceMs: number): Promise<void>;
};

export type LoadOptions = {
  /** "127.0.0.1:port" */
  readonly gateway: string;
  readonly perSecond: number;
  /** Lost calls are repeated after half a minute where the Sender asks for that: only long runs have the time. */
  readonly repeatLost: boolean;
  readonly dice: Dice;
  readonly truth: TruthFile;
};

/** A valid number of its own for each index below 6,000,000. */
function numberOf(index: number): string {
  return `+1212${220 + (index % 600)}${String(Math.floor(index / 600) % 10_000).padStart(4, "0")}`;
}

/** Time for a lost call to be repeated, and none for a busy line: a run must come to rest. */
function inAMinute(): string {
  return new Date(Date.now() + 75_000).toISOString();
}

export function startLoad(options: LoadOptions): Load {
  const { gateway, dice, truth } = options;
  const asked: Asked[] = [];
  const doubled: string[] = [];
  const refusals = new Map<number, number>();
  const open = new Set<Promise<void>>();
  const watchers: { since: number; resolve: (at: number) => void }[] = [];
  const over = new AbortController();
  let asking = true;

  const regulars = Math.max(1, Math.round(REGULARS_PER_RATE * options.perSecond));
  const url = `http://${gateway}/v1/requests`;
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };

  async function postOnce(one: Asked, body: string): Promise<boolean> {
    const began = Date.now();
    let status = 0;
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: { ...headers, "idempotency-key": `"${one.key}"` },
        body,
        signal: AbortSignal.timeout(ANSWER_MS_MAX),
      });
      status = response.status;
      const answer = (await response.json()) as { readonly id?: string };
      if (status === 202 && answer.id !== undefined) {
        await acknowledged(one, answer.id, began);
        return true;
      }
    } catch {
      // Nobody listens, or the gateway died before its answer: asked again.
    }
    refusals.set(status, (refusals.get(status) ?? 0) + 1);
    return false;
  }

  async function acknowledged(one: Asked, id: string, began: number): Promise<void> {
    const at = Date.now();
    await truth.add({ key: one.key, id, number: one.number });
    if (one.id !== null && one.id !== id) doubled.push(`${one.key}: ${one.id} and ${id}`);
    one.id = id;
    one.acknowledgedAt = at;
    for (const watcher of watchers.splice(0)) {
      if (watcher.since <= began) watcher.resolve(at);
      else watchers.push(watcher);
    }
  }

  async function ask(one: Asked, body: string, cancelAfterMs: number | null): Promise<void> {
    while (!(await postOnce(one, body))) {
      if (over.signal.aborted) return;
      await pause(AGAIN_MS);
    }
    if (cancelAfterMs === null || one.id === null) return;
    await pause(cancelAfterMs);
    // Whether it comes in time or not, there is one end.
    await fetch(`${url}/${one.id}`, { method: "DELETE", headers, signal: AbortSignal.timeout(ANSWER_MS_MAX) })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
  }

  function next(index: number): void {
    const isRegular = dice.happens(REGULAR_SHARE);
    const number = numberOf(isRegular ? 5_900_000 + Math.floor(dice.draw() * regulars) : index);
    const repeats = options.repeatLost && dice.happens(0.1);
    const body = JSON.stringify({
      to: number,
      document: { inline: TALK },
      ringTimeoutSeconds: 1,
      maxSessionSeconds: 5,
      ...(repeats ? { onLost: "retry", maxAttempts: 2, notAfter: inAMinute() } : {}),
    });
    const one: Asked = { key: `chaos-${index}`, number, id: null, acknowledgedAt: null };
    asked.push(one);
    const asks = ask(one, body, dice.happens(CANCEL_SHARE) ? dice.between(0, 2_000) : null);
    open.add(asks);
    void asks.finally(() => open.delete(asks));
  }

  const everyMs = 1_000 / options.perSecond;
  const began = performance.now();
  const beat = setInterval(() => {
    if (!asking) return;
    // By the clock, not by the beat: a late timer must not lower the rate.
    while (asked.length * everyMs <= performance.now() - began) next(asked.length);
  }, everyMs);

  return {
    asked,
    doubled,
    refusals,
    nextAcknowledged: () =>
      new Promise((resolve) => {
        watchers.push({ since: Date.now(), resolve });
      }),
    async finish(patienceMs) {
      asking = false;
      clearInterval(beat);
      const impatience = setTimeout(() => over.abort(), patienceMs);
      await Promise.all(open);
      clearTimeout(impatience);
    },
  };
}
