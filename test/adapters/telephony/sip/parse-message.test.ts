import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseMessage } from "../../../../adapters/telephony/sip/parse-message.ts";
import { parseNameAddr } from "../../../../adapters/telephony/sip/parse-name-addr.ts";
import { parseUri } from "../../../../adapters/telephony/sip/parse-uri.ts";
import { parseVia } from "../../../../adapters/telephony/sip/parse-via.ts";
import { SipSyntaxError } from "../../../../adapters/telephony/sip/sip-syntax-error.ts";
import { request } from "./wire.ts";

function parse(text: string): ReturnType<typeof parseMessage> {
  return parseMessage(Buffer.from(text));
}

function statusOf(text: string | Buffer): number | null {
  try {
    parseMessage(Buffer.from(text));
    return null;
  } catch (error) {
    if (error instanceof SipSyntaxError) return error.status;
    throw error;
  }
}

const token = fc.stringMatching(/^[A-Za-z0-9\-.!%*+`'~]{1,12}$/);
const host = fc.oneof(
  fc.stringMatching(/^[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}$/),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
);
const user = fc.stringMatching(/^[A-Za-z0-9+_.;,?&=$!~*'()-]{1,16}$/);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: null });

test("a URI that is written is read back: user, host and port", () => {
  fc.assert(
    fc.property(user, host, port, (userPart, hostPart, portPart) => {
      const text = `sip:${userPart}@${hostPart}${portPart === null ? "" : `:${portPart}`}`;
      const { uri } = parseUri(text);
      expect([uri.user, uri.host, uri.port ?? null]).toEqual([userPart, hostPart.toLowerCase(), portPart]);
      expect([uri.toString(), uri.clone().toRaw()]).toEqual([text, text]);
    }),
  );
});

test("a display name in quotes is read back, whatever it holds", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~é€]{0,20}$/), token, (name, tag) => {
      const quoted = name.replaceAll(/["\\]/g, (character) => `\\${character}`);
      const address = parseNameAddr(`"${quoted}" <sip:a@b>;tag=${tag}`);
      expect([address.displayName, address.parameters["tag"]]).toEqual([name, tag]);
    }),
  );
});

test("a Via that is written is read back, with blanks wherever they may stand", () => {
  fc.assert(
    fc.property(token, host, port, fc.constantFrom("", " "), (branch, sentBy, sentPort, blank) => {
      const portText = sentPort === null ? "" : `${blank}:${blank}${sentPort}`;
      const text = `SIP${blank}/${blank}2.0${blank}/${blank}UDP ${sentBy}${portText}${blank};branch${blank}=${blank}${branch}`;
      expect(parseVia(text)).toEqual({
        transport: "UDP",
        host: sentBy.toLowerCase(),
        port: sentPort,
        parameters: { branch },
      });
    }),
  );
});

const WRONG: readonly (readonly [string, (text: string) => string, number])[] = [
  ["two From", (text) => text.replace("Max-Forwards: 70", "f: <sip:a@b>;tag=1"), 400],
  ["no Call-ID", (text) => text.replace(/Call-ID: .*\r\n/, ""), 400],
  ["a CSeq above 2^31", (text) => text.replace("CSeq: 1", "CSeq: 2147483648"), 400],
  ["a CSeq of another method", (text) => text.replace("1 INVITE", "1 BYE"), 400],
  ["a body shorter than stated", (text) => text.replace(/Content-Length: \d+/, "Content-Length: 9999"), 400],
  ["a negative length", (text) => text.replace(/Content-Length: \d+/, "Content-Length: -1"), 400],
  ["256 hops", (text) => text.replace("Max-Forwards: 70", "Max-Forwards: 256"), 400],
  ["another version", (text) => text.replace("SIP/2.0\r\n", "SIP/3.0\r\n"), 505],
  ["a port above 65535", (text) => text.replace("192.0.2.10:5060;", "192.0.2.10:65536;"), 400],
  [
    "a user with a broken escape",
    (text) => text.replace("sip:+18005550100@192.0.2.1 ", "sip:%zz@192.0.2.1 "),
    400,
  ],
  [
    "a user whose escapes are no UTF-8",
    (text) => text.replace("sip:+18005550100@192.0.2.1 ", "sip:%ff@192.0.2.1 "),
    400,
  ],
  ["an unbalanced quote", (text) => text.replace('"Somebody"', '"Somebody'), 400],
  ["a line without colon", (text) => text.replace("Max-Forwards: 70", "Max-Forwards 70"), 400],
  ["300 header lines", (text) => text.replace("Max-Forwards: 70", "a: b\r\n".repeat(300).trimEnd()), 513],
  ["17 KB of header", (text) => text.replace("Max-Forwards: 70", `Subject: ${"x".repeat(17_000)}`), 513],
  ["a Via of 3 KB", (text) => text.replace("branch=", `x=${"y".repeat(3_000)};branch=`), 400],
];

test.for(WRONG)("a request with %s is refused", ([, spoil, status]) => {
  expect(spoil(request())).not.toBe(request());
  expect(statusOf(spoil(request()))).toBe(status);
});

test("names of headers may be short, in any case, folded and spaced", () => {
  const text = request()
    .replace("From: ", "f :  ")
    .replace("Via: ", "V: ")
    .replace("Call-ID: ", "i:\r\n \t")
    .replace("Content-Length", "L");
  const { message } = parse(text);
  expect([message.callId, message.fromTag, message.body.length > 0]).toEqual(["call-1", "caller", true]);
});

test("an inherited name in a parameter is only a name", () => {
  const { message } = parse(request({ to: "<sip:a@b>;__proto__=x;constructor=y" }));
  expect(message.toTag).toBe("");
  expect(Object.keys(message.to.parameters)).toEqual(["constructor"]);
});

test("15 KB of blanks in a Via cost no time", () => {
  const text = request({ via: `SIP/2.0/UDP${" ".repeat(15_600)}192.0.2.10;branch=z9hG4bKx` });
  const start = performance.now();
  expect(statusOf(text)).toBe(null);
  expect(performance.now() - start).toBeLessThan(20);
});

const LONG_RUNS = [" ", ",", ";", '"', "<", "\\", "(", "=", "%41", ";a=b", "\t ", "a.", "[::"];

test.for(LONG_RUNS)("a long run of %j in any header costs no time", (piece) => {
  for (const name of ["Via", "From", "To", "Contact", "Record-Route", "Call-ID", "Content-Type", "CSeq"]) {
    const text = request({ extra: [`${name}: SIP/2.0/UDP a${piece.repeat(15_000 / piece.length)}`] });
    const start = performance.now();
    statusOf(text);
    expect(performance.now() - start).toBeLessThan(50);
  }
});

const FOLDER = join(import.meta.dirname, "../../../../../shared/sip-torture");

test("no mutilation of a message breaks the parser: it reads it or says what is wrong", () => {
  const torture = existsSync(FOLDER)
    ? readdirSync(FOLDER)
        .filter((name) => name.endsWith(".dat"))
        .map((name) => readFileSync(join(FOLDER, name)))
    : [];
  const seeds = [Buffer.from(request()), Buffer.from(request({ method: "BYE" })), ...torture];
  const cut = fc.record({
    seed: fc.nat(seeds.length - 1),
    from: fc.nat(2_000),
    length: fc.nat(40),
    fill: fc.uint8Array({ maxLength: 30 }),
  });
  fc.assert(
    fc.property(cut, ({ seed, from, length, fill }) => {
      const bytes = seeds[seed] ?? Buffer.alloc(0);
      const at = from % Math.max(1, bytes.length);
      const spoilt = Buffer.concat([bytes.subarray(0, at), fill, bytes.subarray(at + length)]);
      // Throws, and fails the property, when it is no SipSyntaxError.
      const status = statusOf(spoilt);
      expect([null, 400, 505, 513]).toContain(status);
    }),
    { numRuns: 5_000 },
  );
});
