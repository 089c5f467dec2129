import { expect, test } from "vitest";
import { DATE, mail, startSmtpHouse } from "../../adapters/smtp/smtp-house.ts";
import { makeCertificate, runProgram } from "../../support/fake-certificate.ts";
import { ACME, PASSWORD } from "../../support/fake-gatekeeper.ts";

const ENVELOPE = ["--from", "ops@acme.example", "--to", "outbound@wake.example", "--timeout", "20"];
const LOGIN = ["--auth", "PLAIN", "--auth-user", ACME, "--auth-password", PASSWORD];

test("swaks hands a Request over and reads its id in the reply (C01)", async (ctx) => {
  const house = await startSmtpHouse();
  const words = ["--server", "127.0.0.1", "--port", String(house.port), ...ENVELOPE, ...LOGIN, "--data", "-"];
  const ran = (await runProgram("swaks", words, mail())) ?? ctx.skip("swaks is not installed");
  expect(ran.output).toMatch(/250 2\.6\.0 OK: rq_[0-9a-z]{26}_0a1 taken/);
  expect(ran.code).toBe(0);
  expect(house.intake.stored).toHaveLength(1);
});

test("swaks logs in after STARTTLS only where there is a certificate (H02)", async (ctx) => {
  const tls = (await makeCertificate()) ?? ctx.skip("openssl is not installed");
  const house = await startSmtpHouse({ tls, allowInsecureAuth: false });
  const server = ["--server", "127.0.0.1", "--port", String(house.port)];
  const clear =
    (await runProgram("swaks", [...server, ...ENVELOPE, ...LOGIN, "--data", "-"], mail())) ??
    ctx.skip("swaks is not installed");
  expect(clear.code).not.toBe(0);
  expect(house.gatekeeper.asked).toHaveLength(0);
  const sealed = await runProgram(
    "swaks",
    [...server, "--tls", ...ENVELOPE, ...LOGIN, "--data", "-"],
    mail(),
  );
  if (sealed?.output.includes("TLS not available") === true) ctx.skip("this swaks has no TLS (Net::SSLeay)");
  expect(sealed?.output).toContain(" taken");
  expect(house.intake.stored).toHaveLength(1);
});

test("swaks is told why a mail is no Request (C02)", async (ctx) => {
  const house = await startSmtpHouse();
  const body = ["--header", `Date: ${DATE}`, "--body", "Please call me back."];
  const words = ["--server", "127.0.0.1", "--port", String(house.port), ...ENVELOPE, ...LOGIN, ...body];
  const ran = (await runProgram("swaks", words)) ?? ctx.skip("swaks is not installed");
  expect(ran.output).toContain("554 5.6.0 mail.not-a-request");
  expect(house.intake.stored).toHaveLength(0);
});

test("swaks speaks LMTP to the gateway as a mail server in front would (C05)", async (ctx) => {
  const house = await startSmtpHouse({ lmtp: true });
  const server = ["--server", "127.0.0.1", "--port", String(house.port), "--protocol", "LMTP"];
  const ran =
    (await runProgram("swaks", [...server, ...ENVELOPE, ...LOGIN, "--data", "-"], mail())) ??
    ctx.skip("swaks is not installed");
  expect(ran.output).toMatch(/250 2\.6\.0 OK: rq_/);
  expect(house.intake.stored).toHaveLength(1);
});
