/**
 * Reveille as its users run it: every role a process of its own over a temporary data folder, a softphone at the
 * other end of the trunk, a web server with the Sender's documents. What happened is read from the log.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PhoneEvent, PhoneSettings, RunningPhone } from "../../adapters/cli/phone-command.ts";
import { createSupervisor, type SupervisedRole, type Supervisor } from "../../adapters/process/supervisor.ts";
import { createSystemClock } from "../../adapters/system/clock.ts";
import type { Instance } from "../../compose/instances.ts";
import { openHouse, ROLES, type RoleName } from "../../compose.ts";
import { startPhone } from "../../compose-phone.ts";
import { type Config, readConfig, settingsFor } from "../../config.ts";
import type { EventLog, Subscription } from "../../domain/ports/event-log.ts";
import type { Keyring } from "../../domain/ports/keyring.ts";
import { isTerminal, type RequestEvent } from "../../domain/request/events.ts";
import type { RulesForm } from "../../services/directory-form.ts";
import { createFakeOperatorLog } from "./fake-operator-log.ts";
import { applyDirectory, loopbackSettings } from "./house-setup.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
export const SENDER = "hotel";
export const PASSWORD = "a-long-password";
export const GUEST = "+12125550123";
/** Of the Sender, for HTTP. */
export const AUTHORIZATION = `Basic ${Buffer.from(`${SENDER}:${PASSWORD}`).toString("base64")}`;
/** What it takes to place calls: all but the reports, whose engine takes its time to start. */
export const CALLING_ROLES: readonly RoleName[] = ["telephony", "dispatcher", "gateway"];

type Seen = { readonly request: string; readonly seq: number; readonly event: RequestEvent };

export type Processes = {
  readonly gateway: string;
  readonly smtp: string;
  readonly reports: string;
  readonly folder: string;
  readonly log: EventLog;
  readonly keyring: Keyring;
  readonly supervisor: Supervisor;
  /** Events so far, in the order read. */
  readonly seen: readonly Seen[];
  /** Resolves with the first event of this type of a Request, past or to come. */
  event<Type extends RequestEvent["type"]>(
    request: string,
    type: Type,
  ): Promise<Extract<RequestEvent, { type: Type }>>;
  /** Resolves with what `find` finds, now or after some batch of events. */
  until<T>(find: (seen: readonly Seen[]) => T | undefined): Promise<T>;
  /** Resolves with the Request's last event. */
  over(request: string): Promise<RequestEvent>;
  post(body: object, key?: string): Promise<Response>;
  /** Posts and answers the id; fails where the gateway refuses. */
  request(body: object, key?: string): Promise<string>;
  history(request: string): readonly string[];
  /** One more process, of the house's settings and its own. Resolves when it is ready. */
  add(instance: Instance): Promise<void>;
  /** SIGKILL, to the process of this name; the role's where there is one of each. */
  kill(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** A web server on a free port of 127.0.0.1. */
export async function startWeb(listener: RequestListener): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const QUIET_PHONE: PhoneSettings = {
  listen: "127.0.0.1:0",
  behaviour: "answer",
  declineCode: 603,
  answerAfterMs: 200,
  keys: [],
  hangUpAfterMs: null,
  recordTo: null,
  call: null,
};

export type WatchedPhone = RunningPhone & {
  readonly events: readonly PhoneEvent[];
  /** The telephone has hung up as often as it was answered: the next call does not find it busy. */
  idle(): Promise<void>;
};

export async function ringingPhone(change: Partial<PhoneSettings> = {}): Promise<WatchedPhone> {
  const events: PhoneEvent[] = [];
  const waiting = new Set<() => void>();
  const phone = await startPhone({ ...QUIET_PHONE, ...change }, (event) => {
    events.push(event);
    // In a later turn: the telephone says that it hung up just before it is free.
    setImmediate(() => {
      for (const look of waiting) look();
    });
  });
  const count = (name: string): number => events.filter(({ what }) => what === name).length;
  const idle = (): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (count("hung-up") < count("answered")) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return { ...phone, events, idle };
}

export async function startProcesses(options: {
  readonly trunk: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly rules?: Partial<RulesForm>;
  readonly roles?: readonly RoleName[];
  /** Instead of one of each of `roles`. */
  readonly instances?: (config: Config) => readonly Instance[];
}): Promise<Processes> {
  const folder = mkdtempSync(join(tmpdir(), "reveille-e2e-"));
  const settings = {
    ...loopbackSettings(folder),
    REVEILLE_TRUNK: options.trunk,
    ...options.settings,
  };
  const config = readConfig(settings);
  const operatorLog = createFakeOperatorLog();
  await applyDirectory(config, {
    senders: [{ sender: SENDER, password: PASSWORD }],
    rules: { version: "test@1", hours: [], volumeMax: 1_000, ...options.rules },
  });
  const roles = options.roles ?? ROLES;
  const instances: readonly Instance[] =
    options.instances?.(config) ?? roles.map((role) => ({ role, name: role, settings: {} }));
  const specOf = ({ role, name, settings: own }: Instance): SupervisedRole => ({
    role,
    name,
    env: settingsFor({ PATH: process.env["PATH"] }, { ...settings, ...own }),
  });
  const supervisor = createSupervisor({
    entry: MAIN,
    roles: instances.map(specOf),
    clock: createSystemClock(),
    operatorLog,
  });
  const listens = await supervisor.start();
  const house = await openHouse(config, "test", operatorLog);
  const seen: Seen[] = [];
  const waiting = new Set<() => void>();
  const subscription: Subscription = house.log.follow("events", "start", (records) => {
    for (const record of records) {
      if (!record.ok || record.message === null) continue;
      const { subject, sequence } = record.envelope;
      seen.push({ request: subject ?? "", seq: sequence ?? 0, event: record.message });
    }
    for (const look of waiting) look();
  });

  /** Looks now and after each batch of events until `find` has found something. */
  function whenSeen<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  }

  const gateway = listens.get("gateway")?.["http"] ?? "";

  function post(body: object, key: string = crypto.randomUUID()): Promise<Response> {
    return fetch(`http://${gateway}/v1/requests`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: AUTHORIZATION,
        "idempotency-key": key,
      },
      body: JSON.stringify(body),
    });
  }

  return {
    gateway,
    smtp: listens.get("gateway")?.["smtp"] ?? "",
    reports: listens.get("reporting")?.["reports"] ?? "",
    folder,
    log: house.log,
    keyring: house.keyring,
    supervisor,
    seen,
    event: <Type extends RequestEvent["type"]>(request: string, type: Type) =>
      whenSeen(() => {
        const found = seen.find((one) => one.request === request && one.event.type === type)?.event;
        return found as Extract<RequestEvent, { type: Type }> | undefined;
      }),
    until: (find) => whenSeen(() => find(seen)),
    over: (request) =>
      whenSeen(() => seen.find((one) => one.request === request && isTerminal(one.event))?.event),
    post,
    async request(body, key) {
      const response = await post(body, key);
      const answer = (await response.json()) as { id?: string };
      if (response.status !== 202 || answer.id === undefined) {
        throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(answer)}`);
      }
      return answer.id;
    },
    history: (request) => seen.filter((one) => one.request === request).map(({ event }) => event.type),
    add: async (instance) => void (await supervisor.add(specOf(instance))),
    async kill(name) {
      const pid = supervisor.pidOf(name);
      if (pid === null) throw new Error(`role ${name} is not running`);
      process.kill(pid, "SIGKILL");
      // The exit is noticed in a later turn; only then does "ready" mean the next run.
      while (supervisor.pidOf(name) === pid) await new Promise((resolve) => setImmediate(resolve));
    },
    async stop() {
      await subscription.stop();
      await supervisor.stop();
      await house.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
