/**
 * An installation of real processes under load, killed on purpose for a while, then left in peace, then judged:
 * everything acknowledged has its one end, nobody was called twice at once, and the projections are the fold of the
 * log. See docs/benchmarks.md, "Killed on purpose".
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createSystemClock } from "../../adapters/system/clock.ts";
import { openHouse } from "../../compose.ts";
import { createRequestBoard } from "../../services/request-board.ts";
import { createDice } from "../simulation/dice.ts";
import type { Violation } from "../simulation/violation.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import type { ChaosOptions, ChaosResult } from "./chaos-result.ts";
import { resultOf } from "./chaos-result.ts";
import { checkHouse } from "./check-house.ts";
import { gatherEvidence } from "./evidence.ts";
import { type FarEnd, startFarEnd } from "./far-end.ts";
import { createFleet, type Death, type Fleet } from "./fleet.ts";
import { type LogWatch, watchLog } from "./log-watch.ts";
import { createNemesis } from "./nemesis.ts";
import { OFFER_REFUSALS_MAX, openAccount, planRoles, type RolePlan } from "./plan-roles.ts";
import { type Fingerprint, readReports, rebuiltReports } from "./report-fingerprint.ts";
import { type Load, startLoad } from "./sender.ts";
import { openTruthFile } from "./truth-file.ts";

/** For the last Request to end once nobody is killed any more: a lost call may be repeated after 30 s. */
const REST_MS_MAX = 120_000;
const LOOK_MS = 100;
/** Nothing new for this long: the last facts have been handled too. */
const QUIET_MS = 2_000;
const LAST_WORDS = 5;

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-chaos-"));
  const dice = createDice(options.seed);
  let fleet: Fleet | null = null;
  const servers = Array.from({ length: options.servers }, (_, index) => `telephony-${index + 1}`);
  const isUp = (server: string): boolean => fleet?.isUp(server) ?? false;
  const farEnd = await startFarEnd(servers, dice, isUp);
  try {
    const plan = await planRoles(options, folder, servers, farEnd);
    fleet = createFleet(plan.roles, folder, (name) => farEnd.lost(name));
    await openAccount(plan.config);
    return await strikeAndJudge(options, { ...plan, folder, fleet, farEnd });
  } finally {
    await fleet?.stop();
    await farEnd.close();
    if (options.keep) options.say(`chaos: kept ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

type House = RolePlan & { readonly folder: string; readonly fleet: Fleet; readonly farEnd: FarEnd };

async function strikeAndJudge(options: ChaosOptions, house: House): Promise<ChaosResult> {
  const { folder, fleet, farEnd, config } = house;
  const clock = createSystemClock();
  const watcher = await openHouse(config, "chaos", createFakeOperatorLog());
  const board = createRequestBoard({ log: watcher.log, clock });
  const truth = await openTruthFile(join(folder, "acknowledged.jsonl"));
  try {
    await fleet.start();
    await board.start();
    const watch = await watchLog(watcher.log);
    const dice = createDice(options.seed ^ 0x5eed);
    const startedAt = Date.now();
    const load = startLoad({
      gateway: house.gateway,
      perSecond: options.perSecond,
      repeatLost: options.seconds >= 120,
      dice: createDice(options.seed ^ 0x10ad),
      truth,
    });
    const { brokers, network, script } = options;
    const nemesis = createNemesis({
      fleet,
      farEnd,
      load,
      watch,
      dice,
      brokers,
      network,
      script,
      reports: house.reports,
      startedAt,
    });
    await nemesis.run(options.seconds * 1_000, options.everyMs, options.seconds >= 170);
    options.say(`chaos: ${nemesis.strikes.length} strikes; now in peace`);
    const quietSince = performance.now();
    await load.finish(REST_MS_MAX);
    const open = await restOf(load, watch, farEnd);
    const restMs = Math.round(performance.now() - quietSince);
    // First those who write, then the reports are complete.
    const stubborn = [...(await fleet.stop("reporting"))];
    const before = options.reporting ? await readReports(house.reports) : null;
    stubborn.push(...(await fleet.stop()));
    const broken = [
      ...nemesis.findings,
      ...stubborn.map((name) => `${name} did not end on SIGTERM`),
      ...fleet.deaths
        .filter(({ signal }) => signal !== "SIGKILL")
        .map((death) => describeDeath(death, folder)),
      ...(open === 0 ? [] : [`I12: ${open} Requests were not over ${REST_MS_MAX} ms after the last fault`]),
    ];
    const evidence = await gatherEvidence({
      log: watcher.log,
      board,
      seen: farEnd.calls,
      asked: load.asked,
      silences: nemesis.silences,
      broken: options.log === "kafka" ? broken.filter((what) => !what.includes("ended by itself")) : broken,
    });
    const judged = { ...evidence, offerRefusalsMax: OFFER_REFUSALS_MAX };
    const violations = [...(await checkHouse(judged, load.doubled))];
    const after = before === null ? null : await rebuiltReports(house, folder);
    const reportsEqual = before === null || after === null ? null : isSame(before, after, violations);
    await watch.stop();
    return resultOf(options, { evidence, violations, load, nemesis, fleet, restMs, reportsEqual });
  } finally {
    await truth.close();
    await board.stop();
    await watcher.close();
  }
}

/** Waits until every acknowledged Request is over and nothing more is written; answers how many are not. */
async function restOf(load: Load, watch: LogWatch, farEnd: FarEnd): Promise<number> {
  const deadline = performance.now() + REST_MS_MAX;
  const open = (): number => load.asked.filter(({ id }) => id !== null && !watch.isOver(id)).length;
  while (open() + farEnd.live() > 0 && performance.now() < deadline) await pause(LOOK_MS);
  for (let seen = -1; seen !== watch.eventsSeen() && performance.now() < deadline; ) {
    seen = watch.eventsSeen();
    await pause(QUIET_MS);
  }
  return open();
}

function describeDeath({ name, code, signal }: Death, folder: string): string {
  const said = readdirSync(folder).includes(`${name}.log`)
    ? readFileSync(join(folder, `${name}.log`), "utf8")
    : "";
  const words = said.trim().split("\n").slice(-LAST_WORDS).join(" | ");
  return `${name} ended by itself (${code ?? signal}): ${words}`;
}

function isSame(before: Fingerprint, after: Fingerprint, violations: Violation[]): boolean {
  const differences = Object.keys(before).filter((view) => before[view] !== after[view]);
  for (const view of differences) {
    violations.push({
      invariant: "I9",
      what: `${view}: ${before[view]} rows and hash, rebuilt ${after[view]}`,
    });
  }
  return differences.length === 0;
}
