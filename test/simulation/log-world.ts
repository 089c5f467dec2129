/** The way to the log, the same for every process: travel, lost answers, and proof that something is durable. */
import { instant } from "../../domain/kernel/time.ts";
import type { Durable } from "../../domain/ports/durable.ts";
import { LogUnavailableError, type TopicName } from "../../domain/ports/event-log.ts";
import type { Dice } from "./dice.ts";
import { type Incarnation, START } from "./incarnation.ts";
import type { SimStore } from "./sim-store.ts";
import type { Timeline } from "./timeline.ts";

/** How the way to the log behaves; probabilities per append, commit or delivery. */
export type LogFaults = {
  readonly appendFails: number;
  readonly ackLost: number;
  readonly repeated: number;
  readonly torn: number;
  readonly deliveryMsMax: number;
};

export type LogWorld = {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly store: SimStore;
  /** Of the moment: outages and the quiet end change it. */
  readonly faults: () => LogFaults;
  readonly isDown: (topic: TopicName) => boolean;
  /** Offers whose grant a torn transaction swallowed: nobody can tell what became of them but by silence. */
  readonly tornGrants: Set<string>;
  /** A planted bug: owners whose epoch has passed may commit. */
  readonly unfenced: boolean;
  /** A planted bug: owners keep their memory after a failed commit. */
  readonly repairs: boolean;
};

/** What a writer waits before it takes silence for a failure. */
const ANSWER_LOST_MS = 50;
export const REFUSED_MS = 5;
/** From a decision to its place in the log. */
export const TRAVEL_MS_MAX = 15;

export function canWrite(world: LogWorld, life: Incarnation, topic: TopicName): boolean {
  return !world.isDown(topic) && life.muteUntil <= world.timeline.now();
}

export function canRead(world: LogWorld, life: Incarnation, topic: TopicName): boolean {
  return !world.isDown(topic) && life.deafUntil <= world.timeline.now();
}

export function proof(timeline: Timeline): Durable {
  return { at: instant(START + timeline.now()) } as Durable;
}

/** Runs `arrive` where the log is; its answer finds the caller only while that lives. */
export function travel(world: LogWorld, arrive: () => void): void {
  const { timeline, dice, store } = world;
  const power = store.powerCuts();
  timeline.at(dice.between(1, TRAVEL_MS_MAX), null, () => {
    // What was on its way when the power failed never arrives.
    if (store.powerCuts() === power) arrive();
  });
}

/** Answers a writer, sometimes not: the record is stored and the writer believes it is not. */
export function acknowledge(
  world: LogWorld,
  life: Incarnation,
  write: number,
  answer: { readonly yes: () => void; readonly no: (error: Error) => void },
): void {
  const { timeline, dice, store } = world;
  const durableIn = store.durableInMs(write);
  if (dice.happens(world.faults().ackLost)) {
    const lost = new LogUnavailableError("the answer was lost");
    timeline.at(durableIn + ANSWER_LOST_MS, life, () => answer.no(lost));
  } else {
    timeline.at(durableIn + dice.between(0, REFUSED_MS), life, answer.yes);
  }
}
