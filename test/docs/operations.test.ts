import { expect, test } from "vitest";
import { ROLES } from "../../compose.ts";
import type { Address } from "../../config/setting-reader.ts";
import { readConfig } from "../../config.ts";
import { instant } from "../../domain/kernel/time.ts";
import { defaultReceiverRules } from "../../domain/policy/default-rules.ts";
import { parseDirectoryForm } from "../../services/directory-form.ts";
import { quotedIn, readGuide, readSource, sectionOf, tableRows } from "./guide.ts";

const guide = readGuide("operations.md");
function address({ host, port }: Address): string {
  return `${host}:${port}`;
}

const settings = tableRows(sectionOf(guide, "## Settings"));

test("the guide for operators lists every setting and no other", () => {
  const known = [...readSource("config.ts").matchAll(/^ {2}"(REVEILLE_[A-Z_]+)",$/gm)].map(
    ([, name]) => name,
  );
  expect(known.length).toBeGreaterThan(20);
  const listed = settings.flatMap(([names]) => quotedIn(names ?? ""));
  expect(new Set(listed)).toEqual(new Set(known));
  expect(listed).toHaveLength(known.length);
});

test("no guide names a setting that there is not", () => {
  const guides = ["senders.md", "voicexml.md", "analysts.md", "auditors.md", "operations.md"];
  const source = readSource("config.ts");
  for (const name of guides.flatMap((file) => readGuide(file).match(/REVEILLE_[A-Z_]+[A-Z]/g) ?? []))
    expect(source).toContain(`"${name}"`);
});

test("the defaults in the guide are those of the program", () => {
  const { gateway, reporting, telephony, dispatcher, logLevel } = readConfig({});
  const told = new Map(settings.map(([names, value]) => [quotedIn(names ?? "")[0], value]));
  expect(told.get("REVEILLE_LOG_LEVEL")).toBe(logLevel);
  expect(told.get("REVEILLE_HTTP")).toBe(address(gateway.http));
  expect(told.get("REVEILLE_SMTP")).toBe(address(gateway.smtp));
  expect(told.get("REVEILLE_MAIL_DOMAIN")).toBe(gateway.mailDomain);
  expect(told.get("REVEILLE_REPORTS")).toBe(address(reporting.http));
  expect(told.get("REVEILLE_ANALYTICS")).toBe(reporting.analytics);
  expect(told.get("REVEILLE_OFFER_TTL_MS")).toBe(String(dispatcher.offerTtlMs));
  expect(told.get("REVEILLE_SERVER_SILENT_MS")).toBe(String(dispatcher.serverSilentMs));
  expect(told.get("REVEILLE_SERVER")).toBe(telephony.server);
  expect(told.get("REVEILLE_SIP")).toBe(address(telephony.sip));
  expect(told.get("REVEILLE_RTP_PORTS")).toBe(`${telephony.rtpPorts.first}-${telephony.rtpPorts.last}`);
  expect(told.get("REVEILLE_PORTS")).toBe(String(telephony.ports));
  expect(told.get("REVEILLE_TRUNK")).toBe(address(telephony.trunk));
  expect(told.get("REVEILLE_TRUNK_COUNTRY")).toBe(telephony.trunkCountry);
  expect(told.get("REVEILLE_VOICE")).toBe(telephony.voice);
  expect(told.get("REVEILLE_DIALOG_WORKERS")).toBe(String(telephony.dialogWorkers));
});

test("the guide for operators lists every role", () => {
  const rows = tableRows(sectionOf(guide, "## Start and stop")).map(([role]) => quotedIn(role ?? "")[0]);
  expect(rows).toEqual([...ROLES]);
});

test("the directory file in the guide is one that the program takes", () => {
  const section = sectionOf(guide, "## Accounts and rules");
  const example = /```json\n([\s\S]*?)```/.exec(section)?.[1] ?? "";
  const form = parseDirectoryForm(JSON.parse(example));
  expect(form.senders).toHaveLength(1);
  const fields = tableRows(section).flatMap(([cell]) => quotedIn(cell ?? ""));
  expect(fields).toEqual(expect.arrayContaining(Object.keys(form.senders?.[0] ?? {})));
});

test("the built-in rules are told as they are", () => {
  const rules = defaultReceiverRules(instant(0));
  const section = sectionOf(guide, "## Accounts and rules");
  expect(section).toContain(`\`${rules.version}\``);
  expect(section).toContain(
    `| ${rules.volumeMax} in ${(rules.volumePeriodMs / 1000).toLocaleString("en-US")} s |`,
  );
  expect(section).toContain(`| ${rules.countries.length} countries`);
  expect(rules.hours).toEqual([{ fromMinute: 480, toMinute: 1_260, zone: null }]);
});
