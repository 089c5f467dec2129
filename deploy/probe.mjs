// `node deploy/probe.mjs 127.0.0.1:9464` ends with 0 when the process there is ready: for health checks of
// containers. Plain JavaScript without packages, because it is started every few seconds.
const [address] = process.argv.slice(2);
if (!address) {
  process.stderr.write("probe: give the address of REVEILLE_HEALTH, e.g. 127.0.0.1:9464\n");
  process.exit(2);
}
try {
  const answer = await fetch(`http://${address}/healthz`, { signal: AbortSignal.timeout(3_000) });
  process.stdout.write(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`probe: ${address} does not answer: ${error.message}\n`);
  process.exitCode = 1;
}
