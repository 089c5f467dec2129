import { expect, test } from "vitest";
import { makeCertificate, runProgram } from "../../support/fake-certificate.ts";
import { PASSWORD } from "../../support/fake-gatekeeper.ts";
import { startHttpHouse, WAKE_UP } from "./http-house.ts";

const POST = ["--silent", "--include", "--max-time", "20", "--user", `acme:${PASSWORD}`, "--json", WAKE_UP];

test("one line of curl asks for a call (D02)", async (ctx) => {
  const house = await startHttpHouse();
  const ran =
    (await runProgram("curl", [...POST, "-H", "Idempotency-Key: k1", `${house.origin}/v1/requests`])) ??
    ctx.skip("curl is not installed");
  expect(ran.output).toMatch(/^HTTP\/1\.1 202 Accepted\r\n[^]*"status":"received"/);
});

test("curl asks over TLS, and nothing older than 1.2 is spoken (D04)", async (ctx) => {
  const tls = (await makeCertificate()) ?? ctx.skip("openssl is not installed");
  const house = await startHttpHouse({ tls });
  const url = `https://127.0.0.1:${house.port}/v1/requests`;
  const ran =
    (await runProgram("curl", [...POST, "--insecure", "-H", "Idempotency-Key: k1", url])) ??
    ctx.skip("curl is not installed");
  expect(ran.output).toContain("HTTP/1.1 202 Accepted");
  const old = await runProgram("curl", [...POST, "--insecure", "--tlsv1.0", "--tls-max", "1.1", url]);
  expect(old?.code).not.toBe(0);
  expect(house.intake.stored).toHaveLength(1);
});

test("whoever speaks plain HTTP to the TLS port gets no answer that could hold a secret", async (ctx) => {
  const tls = (await makeCertificate()) ?? ctx.skip("openssl is not installed");
  const house = await startHttpHouse({ tls });
  const ran =
    (await runProgram("curl", [...POST, `http://127.0.0.1:${house.port}/v1/requests`])) ??
    ctx.skip("curl is not installed");
  expect(ran.output).not.toContain("202");
  expect(house.gatekeeper.asked).toHaveLength(0);
});
