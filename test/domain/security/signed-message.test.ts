import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAuthorization } from "../../../domain/security/authorization.ts";
import {
  parseCreated,
  parseSignature,
  signatureHeader,
  signatureOf,
  signedText,
} from "../../../domain/security/signed-message.ts";
import { createFakeDigests } from "../../support/fake-gate-ports.ts";

const digests = createFakeDigests();
const SECRET = "0123456789abcdef0123456789abcdef";
const covered = {
  method: "POST",
  path: "/v1/requests",
  body: new TextEncoder().encode('{"to":"+12125550123"}'),
};
const parts = {
  ...covered,
  keyId: "acme-1",
  created: "1795000000",
  id: "0f8fad5b-d9cb-469f-a165-70867728950e",
};

test("the published vector: seven lines and their signature (H05, H06)", () => {
  expect(signedText(parts, digests)).toBe(
    [
      "Reveille-HMAC-SHA256",
      "acme-1",
      "1795000000",
      "0f8fad5b-d9cb-469f-a165-70867728950e",
      "POST",
      "/v1/requests",
      "sha-256=:lXbJrJvZcmKJfq0SNIcpNuoOYbfU9PDv9GggxOzW98w=:",
    ].join("\n"),
  );
  const signature = Buffer.from(signatureOf(parts, SECRET, digests)).toString("base64");
  expect(signature).toBe("RWtFn5obk5KOigUd04WzDycqg6MI2w6YtAwcIPxaLgM=");
});

test("what a Sender writes is what we read", () => {
  const header = signatureHeader(parts, SECRET, digests);
  expect(parseAuthorization(header, covered)).toMatchObject({
    mechanism: "message-digest",
    keyId: parts.keyId,
    created: parts.created,
    id: parts.id,
    signature: "RWtFn5obk5KOigUd04WzDycqg6MI2w6YtAwcIPxaLgM=",
  });
});

test.each([
  'Reveille-HMAC-SHA256 keyId="a", created=1795000000, id="b"',
  'Reveille-HMAC-SHA256 keyId="a", keyId="b", created=1795000000, id="b", signature="c"',
  'Reveille-HMAC-SHA256 keyId="a", created=1795000000, id="b", signature="c", extra="d"',
  'Reveille-HMAC-SHA256 keyId=a, created=1795000000, id="b", signature="c"',
  'Reveille-HMAC-SHA256 keyId="a\u0000", created=1795000000, id="b", signature="c"',
  "Reveille-HMAC-SHA256",
  "Digest username=x",
  "Basic not base64",
  "Basic bm9jb2xvbg==",
  "Basic OnBhc3N3b3Jk",
  "Bearer two words",
  `Bearer ${"x".repeat(3_000)}`,
  "",
])("%s is no proof", (header) => {
  expect(parseAuthorization(header, covered)).toBeNull();
});

test("a password may hold colons and letters of any script", () => {
  const token = Buffer.from("acme:geh:eim ü").toString("base64");
  expect(parseAuthorization(`basic ${token}`, covered)).toEqual({
    mechanism: "password",
    sender: "acme",
    password: "geh:eim ü",
  });
});

test("no header makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (header) => {
      parseAuthorization(header, covered);
      parseAuthorization(`Basic ${header}`, covered);
      parseAuthorization(`Reveille-HMAC-SHA256 ${header}`, covered);
    }),
  );
});

test("times and signatures are read in one form only", () => {
  expect(
    ["1795000000", "01795000000", "1e9", "-1", " 1795000000", "1795000000.5", ""].map(parseCreated),
  ).toEqual([1_795_000_000, ...Array<null>(6).fill(null)]);
  expect(parseSignature(Buffer.alloc(32, 1).toString("base64"))).toEqual(new Uint8Array(32).fill(1));
  expect(
    ["", "AAAA", Buffer.alloc(31).toString("base64"), Buffer.alloc(32).toString("base64url")].map(
      parseSignature,
    ),
  ).toEqual(Array<null>(4).fill(null));
});
