/** A small installation in a folder of its own, whose roles can be stopped, killed and started over what is there. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openHouse, type RoleName } from "../../compose.ts";
import { readConfig } from "../../config.ts";
import type { EventLog } from "../../domain/ports/event-log.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import { createFleet, type Fleet } from "../chaos/fleet.ts";
import { createFakeOperatorLog } from "../support/fake-operator-log.ts";
import { freeAddress } from "../support/free-address.ts";
import { applyDirectory, loopbackSettings } from "../support/house-setup.ts";
import { AUTHORIZATION, PASSWORD, SENDER } from "../support/processes.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const run = promisify(execFile);

/** Rings, waits a moment and says goodbye: no speech has to be made for it. */
export const BRIEF =
  '<vxml xmlns="http://www.w3.org/2001/vxml" version="2.1"><form><block><prompt><break time="200ms"/></prompt></block></form></vxml>';

type Told = { readonly request: string; readonly event: RequestEvent };

type Watching = {
  readonly told: readonly Told[];
  /** The first event of this type of a Request, past or to come. */
  event(request: string, type: RequestEvent["type"]): Promise<RequestEvent>;
  over(request: string): Promise<RequestEvent>;
  stop(): Promise<void>;
};

export type RestartableHouse = {
  readonly folder: string;
  readonly data: string;
  readonly fleet: Fleet;
  readonly gateway: string;
  readonly reports: string;
  post(body: object, key?: string): Promise<Response>;
  /** Posts, and answers the id; fails where the gateway refuses. */
  ask(body: object, key?: string): Promise<string>;
  /** Runs a command of the program; answers its exit code and what it said. */
  command(...words: string[]): Promise<{ readonly code: number; readonly said: string }>;
  /** Follows `events` until it is stopped. */
  watch(): Promise<Watching>;
  /** The log, for a moment. */
  withLog<T>(look: (log: EventLog) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export async function makeHouse(options: {
  readonly trunk: string;
  readonly roles: readonly RoleName[];
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<RestartableHouse> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-fault-"));
  const data = join(folder, "data");
  const gateway = await freeAddress();
  const reports = await freeAddress();
  const settings = {
    ...loopbackSettings(folder),
    REVEILLE_LOG_LEVEL: "warn",
    REVEILLE_HTTP: gateway,
    REVEILLE_REPORTS: reports,
    REVEILLE_TRUNK: options.trunk,
    ...options.settings,
  };
  const config = readConfig(settings);
  await applyDirectory(config, {
    senders: [{ sender: SENDER, password: PASSWORD }],
    rules: { version: "test@1", hours: [], volumeMax: 1_000 },
  });
  const env = { PATH: process.env["PATH"] ?? "", ...settings };
  const fleet = createFleet(
    options.roles.map((role) => ({ name: role, role, env })),
    folder,
    () => undefined,
  );

  async function withLog<T>(look: (log: EventLog) => Promise<T>): Promise<T> {
    const house = await openHouse(config, "test", createFakeOperatorLog());
    try {
      return await look(house.log);
    } finally {
      await house.close();
    }
  }

  async function watch(): Promise<Watching> {
    const house = await openHouse(config, "test", createFakeOperatorLog());
    const told: Told[] = [];
    const looks = new Set<() => void>();
    const following = house.log.follow("events", "start", (records) => {
      for (const record of records) {
        if (!record.ok || record.message === null) continue;
        told.push({ request: record.envelope.subject ?? "", event: record.message });
      }
      for (const look of looks) look();
    });
    await following.caughtUp;
    const first = (matches: (one: Told) => boolean): Promise<RequestEvent> =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = told.find(matches);
          if (found === undefined) return;
          looks.delete(look);
          resolve(found.event);
        };
        looks.add(look);
        look();
      });
    return {
      told,
      event: (request, type) => first((one) => one.request === request && one.event.type === type),
      over: (request) => first((one) => one.request === request && isTerminal(one.event)),
      async stop() {
        await following.stop();
        await house.close();
      },
    };
  }

  function post(body: object, key: string = crypto.randomUUID()): Promise<Response> {
    return fetch(`http://${gateway}/v1/requests`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: AUTHORIZATION,
        "idempotency-key": `"${key}"`,
      },
      body: JSON.stringify(body),
    });
  }

  return {
    folder,
    data,
    fleet,
    gateway,
    reports: `http://${reports}`,
    post,
    async ask(body, key) {
      const response = await post(body, key);
      const answer = (await response.json()) as { readonly id?: string };
      if (response.status === 202 && answer.id !== undefined) return answer.id;
      throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(answer)}`);
    },
    async command(...words) {
      try {
        const { stdout } = await run(process.execPath, [MAIN, ...words], { env });
        return { code: 0, said: stdout };
      } catch (error) {
        const { code, stderr } = error as { readonly code?: number; readonly stderr?: string };
        return { code: code ?? -1, said: stderr ?? String(error) };
      }
    },
    watch,
    withLog,
    async close() {
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
