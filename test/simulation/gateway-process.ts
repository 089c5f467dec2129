/** The gateway of the run: Senders reach its intake while it lives. */
import { createDigests } from "../../adapters/system/digests.ts";
import { milliseconds } from "../../domain/kernel/time.ts";
import type { Intake } from "../../domain/ports/intake.ts";
import { createIntake } from "../../services/intake.ts";
import { createRequestBoard, type RequestBoard } from "../../services/request-board.ts";
import { dialled, type House, type Proc, SILENT, startProcess } from "./house.ts";
import { clockOf } from "./process-clock.ts";

export type GatewayProc = Proc & {
  /** Null while there is no gateway. */
  readonly intake: () => Intake | null;
  readonly board: () => RequestBoard | null;
  /** It has read the log up to where that ended when it began. */
  readonly isReady: () => boolean;
};

const digests = createDigests();

export function startGateway(house: House): GatewayProc {
  let intake: Intake | null = null;
  let board: RequestBoard | null = null;
  let readyLife: unknown = null;
  const proc = startProcess(house, { name: "gateway", role: "gateway" }, async ({ life }, log) => {
    const clock = clockOf(house.timeline, life);
    const made = createRequestBoard({ log, clock });
    board = made;
    intake = createIntake(
      {
        deadlineMs: milliseconds(86_400_000),
        decisionWaitMs: milliseconds(2_000),
        trunkCountry: "US",
        source: "gateway",
      },
      { ...house, log, digests, clock, operatorLog: SILENT, senderOf: () => null, board: made, dialled },
    );
    await made.start();
    readyLife = life;
    await made.ended;
  });
  const alive = (): boolean => proc.life.alive;
  return Object.assign(proc, {
    intake: () => (alive() ? intake : null),
    board: () => (alive() ? board : null),
    isReady: () => readyLife === proc.life,
  });
}
