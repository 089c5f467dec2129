import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { getOf, NEVER, newFetcher, startCanary } from "./canary.ts";

const OPENSSL = spawnSync("openssl", ["version"]).status === 0;
const WHY = "openssl is not installed: no certificate to test with";

/** A certificate for ivr.example that nobody has signed but itself. */
function selfSigned(): { readonly key: string; readonly cert: string } {
  const directory = mkdtempSync(join(tmpdir(), "reveille-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const name = ["-subj", "/CN=ivr.example", "-addext", "subjectAltName=DNS:ivr.example"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...name, "-keyout", key, "-out", cert], {
    stdio: "ignore",
  });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

async function startSecure(
  pair: { readonly key: string; readonly cert: string },
  answer: (response: ServerResponse) => void,
) {
  const server = createServer(pair, (_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function fetcherFor(ports: readonly number[], trustedCertificates: readonly string[]) {
  return newFetcher({
    allowPlainHttp: true,
    allowedPorts: ports,
    trustedCertificates,
    resolve: () => Promise.resolve(["127.0.0.1"]),
    mayReach: (address) => address === "127.0.0.1",
  });
}

test("a certificate must be signed by somebody whom we trust, and be for the host that was asked", async (context) => {
  if (!OPENSSL) context.skip(WHY);
  const pair = selfSigned();
  const port = await startSecure(pair, (response) => response.end("page"));
  const get = (host: string, trusted: readonly string[]) =>
    fetcherFor([port], trusted).fetch(getOf(`https://${host}:${port}/`), NEVER);
  expect(await get("ivr.example", [])).toMatchObject({ ok: false, failure: "connection-failed" });
  expect(await get("other.example", [pair.cert])).toMatchObject({ ok: false, failure: "connection-failed" });
  expect(await get("ivr.example", [pair.cert])).toMatchObject({ ok: true, status: 200 });
});

test("a redirect from https to http is not followed", async (context) => {
  if (!OPENSSL) context.skip(WHY);
  const pair = selfSigned();
  const canary = await startCanary((_, response) => response.end());
  const port = await startSecure(pair, (response) =>
    response.writeHead(302, { location: `http://ivr.example:${canary.port}/` }).end(),
  );
  const fetcher = fetcherFor([port, canary.port], [pair.cert]);
  const result = await fetcher.fetch(getOf(`https://ivr.example:${port}/`), NEVER);
  expect(result).toMatchObject({ ok: false, failure: "blocked" });
  expect(canary.connections()).toBe(0);
});
