import { expect, test } from "vitest";
import { instancesOf, serverSettings } from "../../compose/instances.ts";
import { ConfigError, readConfig } from "../../config.ts";

const names = (env: Record<string, string>, dispatchers: number, telephony: number): readonly string[] =>
  instancesOf(readConfig(env), { dispatchers, telephony }).map(({ name }) => name);

test("one of each is named for its role", () => {
  expect(names({}, 1, 1)).toEqual(["gateway", "telephony", "dispatcher", "reporting"]);
});

test("several are numbered, and stay beside each other (A05)", () => {
  expect(names({}, 2, 3)).toEqual([
    "gateway",
    "telephony-1",
    "telephony-2",
    "telephony-3",
    "dispatcher-1",
    "dispatcher-2",
    "reporting",
  ]);
});

test("each telephony server has a name, a SIP port and media ports of its own (I01)", () => {
  const config = readConfig({ REVEILLE_RTP_PORTS: "20000-20299", REVEILLE_SIP: "192.0.2.1:5060" });
  const own = instancesOf(config, { dispatchers: 1, telephony: 3 })
    .filter(({ role }) => role === "telephony")
    .map(({ settings }) => settings);
  expect(own).toEqual([
    { REVEILLE_SERVER: "telephony-1", REVEILLE_SIP: "192.0.2.1:5060", REVEILLE_RTP_PORTS: "20000-20099" },
    { REVEILLE_SERVER: "telephony-2", REVEILLE_SIP: "192.0.2.1:5061", REVEILLE_RTP_PORTS: "20100-20199" },
    { REVEILLE_SERVER: "telephony-3", REVEILLE_SIP: "192.0.2.1:5062", REVEILLE_RTP_PORTS: "20200-20299" },
  ]);
  // What the children read is what the parent wrote.
  for (const settings of own) expect(() => readConfig(settings)).not.toThrow();
});

test.each([
  ["telephony-1", "telephony-3"],
  ["berlin-07", "berlin-9"],
  ["house", "house-3"],
])("the third server after %s is %s", (first, third) => {
  expect(serverSettings(readConfig({ REVEILLE_SERVER: first }), 2, 3)["REVEILLE_SERVER"]).toBe(third);
});

test("a SIP port that the system chooses is chosen for each, and an IPv6 address stays one", () => {
  const config = readConfig({ REVEILLE_SIP: "[::1]:0" });
  expect(serverSettings(config, 1, 2)["REVEILLE_SIP"]).toBe("[::1]:0");
});

test("media ports that do not stretch to so many servers are refused, with how many are needed", () => {
  const config = readConfig({ REVEILLE_RTP_PORTS: "20000-20099", REVEILLE_PORTS: "24" });
  expect(() => instancesOf(config, { dispatchers: 1, telephony: 3 })).toThrow(ConfigError);
  expect(() => instancesOf(config, { dispatchers: 1, telephony: 3 })).toThrow("24 calls need 48");
});
