/** How many of each role one machine runs, and what each of several telephony servers has for its own. */
import { type Config, ConfigError } from "../config.ts";
import { ROLES, type RoleName } from "./role.ts";

export type Instance = {
  readonly role: RoleName;
  readonly name: string;
  /** On top of the house's settings. */
  readonly settings: Readonly<Record<string, string>>;
};

export type HowMany = { readonly dispatchers: number; readonly telephony: number };

/** Throws `ConfigError` where the settings do not stretch to so many. */
export function instancesOf(config: Config, howMany: HowMany): readonly Instance[] {
  return ROLES.flatMap((role) => {
    if (role === "dispatcher") return numbered(role, howMany.dispatchers, () => ({}));
    if (role === "telephony")
      return numbered(role, howMany.telephony, (index) => serverSettings(config, index, howMany.telephony));
    return [{ role, name: role, settings: {} }];
  });
}

function numbered(
  role: RoleName,
  count: number,
  settingsOf: (index: number) => Readonly<Record<string, string>>,
): Instance[] {
  if (count === 1) return [{ role, name: role, settings: {} }];
  return Array.from({ length: count }, (_, index) => ({
    role,
    name: `${role}-${index + 1}`,
    settings: settingsOf(index),
  }));
}

/** The names go on from REVEILLE_SERVER, the SIP ports from REVEILLE_SIP; REVEILLE_RTP_PORTS is shared out. */
export function serverSettings(
  { telephony }: Config,
  index: number,
  count: number,
): Readonly<Record<string, string>> {
  const { server, sip, rtpPorts, ports } = telephony;
  // Even: RTP has the even port of a pair, RTCP the odd one.
  const share = 2 * Math.floor((rtpPorts.last - rtpPorts.first + 1) / (2 * count));
  if (share < 2 * ports) {
    throw new ConfigError(
      `config: REVEILLE_RTP_PORTS has ${share} ports for each of ${count} telephony servers; ${ports} calls need ${2 * ports}`,
    );
  }
  const first = rtpPorts.first + index * share;
  return {
    REVEILLE_SERVER: serverName(server, index),
    REVEILLE_SIP: `${sip.host.includes(":") ? `[${sip.host}]` : sip.host}:${sip.port === 0 ? 0 : sip.port + index}`,
    REVEILLE_RTP_PORTS: `${first}-${first + share - 1}`,
  };
}

/** "telephony-1" is followed by "telephony-2", "house" by "house-2". */
function serverName(first: string, index: number): string {
  if (index === 0) return first;
  const [, stem = first, number = "1"] = /^(.*)-(\d+)$/.exec(first) ?? [];
  return `${stem}-${Number(number) + index}`;
}
