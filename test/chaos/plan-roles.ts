/** The roles of a run, with what each is to be called, to listen on and to reach. */
import type { RoleName } from "../../compose.ts";
import { type Config, readConfig } from "../../config.ts";
import { freeAddress } from "../support/free-address.ts";
import { applyDirectory, loopbackSettings } from "../support/house-setup.ts";
import type { ChaosOptions } from "./chaos-result.ts";
import type { FarEnd } from "./far-end.ts";
import type { FleetRole } from "./fleet.ts";
import { ACCOUNT, API_KEY } from "./sender.ts";

export type RolePlan = {
  readonly roles: readonly FleetRole[];
  readonly config: Config;
  readonly gateway: string;
  readonly reports: string;
};

/** A port rests for ten seconds after its call: 48 lines, and the calls of ten seconds, two ports each. */
const RTP_PORTS_EACH = 800;
const RTP_FIRST = 24_000;

export async function planRoles(
  options: Pick<ChaosOptions, "dispatchers" | "reporting" | "settings">,
  folder: string,
  servers: readonly string[],
  farEnd: FarEnd,
): Promise<RolePlan> {
  // The same after each restart, as in production: only then do Senders and trunks find a role again.
  const [http, reports] = [await freeAddress(), await freeAddress()];
  const common = {
    PATH: process.env["PATH"] ?? "",
    ...loopbackSettings(folder),
    REVEILLE_LOG_LEVEL: "warn",
    REVEILLE_HTTP: http,
    REVEILLE_REPORTS: reports,
    REVEILLE_SERVER_SILENT_MS: "6000",
    REVEILLE_OFFER_TTL_MS: "2000",
    REVEILLE_TAKEOVER_MS: "1500",
    ...options.settings,
  };
  const one = (name: string, role: RoleName, env: Readonly<Record<string, string>> = {}): FleetRole => ({
    name,
    role,
    env: { ...common, ...env },
  });
  const telephony: FleetRole[] = [];
  for (const [index, name] of servers.entries()) {
    const first = RTP_FIRST + index * RTP_PORTS_EACH;
    telephony.push(
      one(name, "telephony", {
        REVEILLE_SERVER: name,
        REVEILLE_SIP: await freeAddress(),
        REVEILLE_RTP_PORTS: `${first}-${first + RTP_PORTS_EACH - 1}`,
        REVEILLE_PORTS: "48",
        REVEILLE_DIALOG_WORKERS: "1",
        REVEILLE_TRUNK: farEnd.addressFor(name),
      }),
    );
  }
  const dispatchers = Array.from({ length: options.dispatchers }, (_, index) =>
    one(`dispatcher-${index + 1}`, "dispatcher"),
  );
  const roles = [
    ...telephony,
    ...dispatchers,
    ...(options.reporting ? [one("reporting", "reporting")] : []),
    one("gateway", "gateway"),
  ];
  const { PATH: _, ...settings } = common;
  return { roles, config: readConfig(settings), gateway: http, reports: `http://${reports}` };
}

/** A server that was just killed refuses nothing and answers nothing: offers to it run out until it is missed. */
export const OFFER_REFUSALS_MAX = 50;

/** Rules that let everything through, and the account of the Sender. */
export async function openAccount(config: Config): Promise<void> {
  await applyDirectory(config, {
    senders: [{ sender: ACCOUNT, apiKey: API_KEY }],
    rules: {
      version: "chaos@1",
      hours: [],
      volumeMax: 1_000_000,
      unknownZone: "allow",
      offerRefusalsMax: OFFER_REFUSALS_MAX,
    },
  });
}
