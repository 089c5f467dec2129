import { describe, expect, test } from "vitest";
import { isPublicAddress } from "../../../adapters/fetch/public-address.ts";
import { getOf, NEVER, newFetcher, startCanary } from "./canary.ts";

/** Every way to write "this machine" that we know of. */
const HOSTS = [
  "127.0.0.1",
  "localhost",
  "localhost.",
  "LOCALHOST",
  "canary.localhost",
  "0",
  "0.0.0.0",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0x7f000001",
  "017700000001",
  "0177.0.0.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::7f00:1]",
  "[0:0:0:0:0:ffff:127.0.0.1]",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
  "foo@127.0.0.1",
  "foo:bar@[::1]",
  "127.0.0.1%2f@x",
];

const PRIVATE_ADDRESSES =
  "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1 192.0.0.8 192.0.2.1 " +
  "198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 0.0.0.0 " +
  "127.0.0.1 127.255.255.254 192.88.99.1 192.31.196.1 192.52.193.1 192.175.48.1 64:ff9b::7f00:1 64:ff9b:1::7f00:1 " +
  "2002:7f00:1:: 2001:0:7f00:1:: 2001:db8::1 fc00::1 fd00:ec2::254 fe80::1 fec0::1 ff02::1 100::1 2001:2::1 " +
  "2001:10::1 2001:20::1 3fff::1 5f00::1 ::ffff:0:127.0.0.1 ::ffff:10.0.0.1 ::1 :: ::7f00:1";

test.each(PRIVATE_ADDRESSES.split(" "))("%s is not a public address", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  "93.184.216.34",
  "1.1.1.1",
  "8.8.8.8",
  "2606:2800:220:1:248:1893:25c8:1946",
  "2a00:1450:4001::1",
])("%s is a public address", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  "",
  "localhost",
  "1",
  "127.1",
  "fe80::1%eth0",
  "1.2.3.4.5",
  "::g",
])("%j is no address that we connect to", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

function toThisMachine(): Promise<readonly string[]> {
  return Promise.resolve(["127.0.0.1"]);
}

describe("G07 a Sender's URL never reaches this machine", () => {
  test.each(HOSTS)("as %s", async (host) => {
    const canary = await startCanary((_, response) => response.end("secret"), "::");
    const fetcher = newFetcher({ allowPlainHttp: true, allowedPorts: [canary.port], resolve: toThisMachine });
    const result = await fetcher.fetch(getOf(`http://${host}:${canary.port}/`), NEVER);
    expect(result).toMatchObject({ ok: false, failure: "blocked" });
    expect(canary.connections()).toBe(0);
  });

  test.each([
    ["a private address", ["10.0.0.7"]],
    ["this machine", ["127.0.0.1"]],
    ["a public and a private one", ["93.184.216.34", "127.0.0.1"]],
    ["the cloud's metadata service", ["169.254.169.254"]],
    ["an IPv6 loopback", ["::1"]],
    ["no IP address at all", ["localhost"]],
  ])("through a name that answers with %s", async (_, addresses) => {
    const canary = await startCanary((__, response) => response.end("secret"), "::");
    const resolve = () => Promise.resolve(addresses);
    const fetcher = newFetcher({ allowPlainHttp: true, allowedPorts: [canary.port], resolve });
    const result = await fetcher.fetch(getOf(`http://evil.example:${canary.port}/`), NEVER);
    expect(result).toMatchObject({ ok: false, failure: "blocked" });
    expect(canary.connections()).toBe(0);
  });

  test("through a name that answers with a public address first and a private one later", async () => {
    const canary = await startCanary((_, response) => {
      response.setHeader("connection", "close").end("public page");
    });
    const answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]];
    const asked: string[] = [];
    const fetcher = newFetcher({
      allowPlainHttp: true,
      allowedPorts: [canary.port],
      mayReach: (address) => address === "127.0.0.1",
      resolve: (host) => {
        asked.push(host);
        return Promise.resolve(answers.shift() ?? []);
      },
    });
    const url = `http://rebinding.example:${canary.port}/`;
    expect(await fetcher.fetch(getOf(url), NEVER)).toMatchObject({ ok: true, status: 200 });
    // One look-up per connection: what was judged is what was connected to.
    expect(asked).toEqual(["rebinding.example"]);
    expect(await fetcher.fetch(getOf(url), NEVER)).toMatchObject({ ok: false, failure: "blocked" });
    expect(canary.connections()).toBe(1);
  });

  test.each([
    "301",
    "302",
    "303",
    "307",
    "308",
  ])("through a public URL that redirects there (%s)", async (status) => {
    const canary = await startCanary((_, response) => response.end("secret"), "127.0.0.2");
    const open = await startCanary((_, response) => {
      response.writeHead(Number(status), { location: `http://127.0.0.2:${canary.port}/` }).end();
    });
    const fetcher = newFetcher({
      allowPlainHttp: true,
      allowedPorts: [canary.port, open.port],
      mayReach: (address) => address === "127.0.0.1",
    });
    const result = await fetcher.fetch(getOf(`http://127.0.0.1:${open.port}/`), NEVER);
    expect(result).toMatchObject({ ok: false, failure: "blocked" });
    expect(canary.connections()).toBe(0);
  });

  test.each([
    "file:///etc/passwd",
    "data:text/plain,x",
    "ftp://example.com/",
    "gopher://x/",
    "javascript:1",
    "builtin:dtmf",
  ])("%s is not fetched", async (url) => {
    expect(await newFetcher({}).fetch(getOf(url), NEVER)).toMatchObject({ ok: false, failure: "blocked" });
  });

  test("plain http, other ports and hosts off the Sender's list are refused before any look-up", async () => {
    const asked: string[] = [];
    const resolve = (host: string) => {
      asked.push(host);
      return Promise.resolve([]);
    };
    const fetcher = newFetcher({ resolve, hostsOf: () => ["ivr.acme.example"] });
    const urls = ["http://ivr.acme.example/", "https://ivr.acme.example:22/", "https://elsewhere.example/"];
    for (const url of urls) {
      expect(await fetcher.fetch(getOf(url), NEVER)).toMatchObject({ ok: false, failure: "blocked" });
    }
    expect(asked).toEqual([]);
  });

  test("with the development setting this machine is reached, and no other private address", async () => {
    const canary = await startCanary((_, response) => response.end("hello"));
    const fetcher = newFetcher({ allowLoopback: true, resolve: () => Promise.resolve(["10.0.0.1"]) });
    expect(await fetcher.fetch(getOf(`http://localhost:${canary.port}/`), NEVER)).toMatchObject({ ok: true });
    expect(await fetcher.fetch(getOf(`http://127.0.0.1:${canary.port}/`), NEVER)).toMatchObject({ ok: true });
    expect(await fetcher.fetch(getOf("https://intranet.example/"), NEVER)).toMatchObject({
      failure: "blocked",
    });
    expect(await fetcher.fetch(getOf("https://192.168.0.1/"), NEVER)).toMatchObject({ failure: "blocked" });
  });
});
