import { expect, test } from "vitest";
import { ConfigError, readConfig } from "../../config.ts";

test("without any setting everything stays on this machine", () => {
  const config = readConfig({});
  expect(config.development).toBe(false);
  for (const { host } of [
    config.gateway.http,
    config.gateway.smtp,
    config.reporting.http,
    config.telephony.sip,
  ]) {
    expect(host).toBe("127.0.0.1");
  }
});

test("settings of other programs are none of ours", () => {
  expect(readConfig({ PATH: "/bin", HOME: "/root" }).telephony.ports).toBe(24);
});

test.each([
  ["an unknown setting", { REVEILLE_HTPP: "127.0.0.1:80" }, "REVEILLE_HTPP is no setting"],
  ["an empty port range", { REVEILLE_RTP_PORTS: "9000-8000" }, "give a first port below the last"],
  ["a port that is none", { REVEILLE_HTTP: "127.0.0.1:99999" }, "give host:port"],
  ["too few media ports", { REVEILLE_RTP_PORTS: "20000-20010", REVEILLE_PORTS: "24" }, "give at least 48"],
  ["a reserve that leaves nothing", { REVEILLE_PORTS: "2", REVEILLE_INBOUND_RESERVE: "2" }, "leaves none"],
  ["half a certificate", { REVEILLE_TLS_KEY: "/k.pem" }, "go together"],
  ["a switch that is neither", { REVEILLE_DEVELOPMENT: "yes" }, "neither 0 nor 1"],
  ["an impossible number", { REVEILLE_PORTS: "0" }, "whole number from 1"],
  ["a place for analytics that is none", { REVEILLE_ANALYTICS: "there" }, "neither"],
] as const)("%s is refused at start, with what to do", (_, env, advice) => {
  expect(() => readConfig(env)).toThrow(ConfigError);
  expect(() => readConfig(env)).toThrow(advice);
});

test("every problem is told at once", () => {
  expect(() => readConfig({ REVEILLE_PORTS: "0", REVEILLE_HTTP: "x" })).toThrow(
    /REVEILLE_PORTS[\s\S]*REVEILLE_HTTP|REVEILLE_HTTP[\s\S]*REVEILLE_PORTS/,
  );
});
