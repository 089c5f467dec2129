/** What a run is asked for, and what it comes to. */
import type { Violation } from "../simulation/violation.ts";
import { lostRequests } from "./check-house.ts";
import type { HouseEvidence } from "./evidence.ts";
import type { Death, Fleet } from "./fleet.ts";
import type { BrokersAtRisk, ScriptedStrike } from "./nemesis.ts";
import { figuresOf, type RoleFigures, type Strike } from "./recoveries.ts";
import type { Load } from "./sender.ts";
import type { TcpProxy } from "./tcp-proxy.ts";

export type ChaosOptions = {
  readonly log: "embedded" | "kafka";
  readonly seconds: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly everyMs: number;
  readonly servers: number;
  readonly dispatchers: number;
  /** Reports are projected, killed, and compared with a rebuild. */
  readonly reporting: boolean;
  /** Settings of every role, for Kafka. */
  readonly settings: Readonly<Record<string, string>>;
  readonly brokers: BrokersAtRisk | null;
  readonly network: Pick<TcpProxy, "set"> | null;
  /** Instead of strikes as they come. */
  readonly script: readonly ScriptedStrike[] | null;
  /** What the roles said stays, in a folder that is told. */
  readonly keep: boolean;
  readonly say: (line: string) => void;
};

export type ChaosResult = {
  readonly log: ChaosOptions["log"];
  readonly seed: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly asked: number;
  readonly acknowledged: number;
  /** Acknowledged and without an end. */
  readonly lost: number;
  /** Two calls at once, a call of one offer twice, or two Requests from one message. */
  readonly doubled: number;
  /** INVITEs that the far end saw. */
  readonly calls: number;
  readonly callsLost: number;
  readonly events: number;
  /** From the end of the faults until every Request was over. */
  readonly restMs: number;
  readonly roles: readonly RoleFigures[];
  readonly strikes: readonly Strike[];
  readonly deaths: readonly Death[];
  readonly refusals: Readonly<Record<string, number>>;
  readonly reportsEqual: boolean | null;
  readonly violations: readonly Violation[];
};

export type Judged = {
  readonly evidence: HouseEvidence;
  readonly violations: readonly Violation[];
  readonly load: Load;
  readonly nemesis: { readonly strikes: readonly Strike[] };
  readonly fleet: Fleet;
  readonly restMs: number;
  readonly reportsEqual: boolean | null;
};

/** Two calls at once, one offer called twice, or two Requests from one message. */
function isDouble({ invariant, what }: Violation): boolean {
  return (
    invariant === "I3" || invariant === "I13" || (invariant === "I15" && what.includes("more than once"))
  );
}

export function resultOf(options: ChaosOptions, judged: Judged): ChaosResult {
  const { evidence, violations, load, nemesis, fleet, restMs, reportsEqual } = judged;
  const events = evidence.store.all("events");
  return {
    log: options.log,
    seed: options.seed,
    seconds: options.seconds,
    perSecond: options.perSecond,
    asked: load.asked.length,
    acknowledged: evidence.acknowledged.size,
    lost: lostRequests(evidence).length,
    doubled: violations.filter(isDouble).length,
    calls: evidence.calls.length,
    callsLost: events.filter(({ message }) => message?.type === "CallLost").length,
    events: events.length,
    restMs,
    roles: figuresOf(nemesis.strikes),
    strikes: nemesis.strikes,
    deaths: fleet.deaths,
    refusals: Object.fromEntries(load.refusals),
    reportsEqual,
    violations,
  };
}
