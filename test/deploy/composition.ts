/** docker-compose.yml as Compose would read it: anchors merged, variables filled in. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

type Environment = Readonly<Record<string, string | number>>;
type Check = { readonly test?: readonly string[]; readonly disable?: boolean };

export type Service = {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Environment;
  readonly restart?: string;
  readonly healthcheck?: Check;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly deploy?: { readonly replicas?: number };
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
};

type Composition = {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, unknown>>;
};

export const COMPOSITION = parse(readFileSync(new URL("../../docker-compose.yml", import.meta.url), "utf8"), {
  merge: true,
}) as Composition;

export const SERVICES: readonly (readonly [string, Service])[] = Object.entries(COMPOSITION.services);

/** Services that run our program. */
export const OURS = SERVICES.filter(([, { image }]) => image.startsWith("reveille:"));

/** Of those, the ones that are a role and not a command. */
export const ROLE_SERVICES = OURS.filter(([, { command }]) => command?.[0] === "start");

const VARIABLE = /\$\{(\w+)(?::([-?])([^}]*))?\}/g;

/** What the operator has to give, in the test's words. */
const GIVEN: Readonly<Record<string, string>> = {
  MACHINE_ADDRESS: "192.0.2.10",
  TRUNK: "192.0.2.20:5060",
  MAIL_DOMAIN: "calls.example.com",
  CLICKHOUSE_PASSWORD: "of-clickhouse",
  REPORT_TOKEN: "of-the-reports",
};

/** A service's environment with every variable filled in. Throws for one that nobody gives. */
export function environmentOf({ environment = {} }: Service): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, String(value).replaceAll(VARIABLE, filledIn)]),
  );
}

function filledIn(whole: string, name: string, kind: string | undefined, word: string | undefined): string {
  const given = kind === "-" ? word : GIVEN[name];
  if (given === undefined) throw new Error(`${whole}: nobody gives it a value`);
  return given;
}
