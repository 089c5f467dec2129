import { BlockList } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { countedAddress, isCidr, isWithin } from "../../../domain/security/cidr.ts";

test.each([
  ["192.0.2.7", "192.0.2.0/24", true],
  ["192.0.3.7", "192.0.2.0/24", false],
  ["192.0.2.7", "192.0.2.7", true],
  ["10.200.0.1", "10.1.2.3/8", true],
  ["::ffff:192.0.2.7", "192.0.2.0/24", true],
  ["::ffff:c000:207", "192.0.2.0/24", true],
  ["2001:db8::1", "2001:db8::/32", true],
  ["2001:db9::1", "2001:db8::/32", false],
  ["fe80::1%eth0", "fe80::/10", true],
  ["192.0.2.7", "0.0.0.0/0", true],
  ["2001:db8::1", "0.0.0.0/0", false],
  ["192.0.2.7", "::/0", false],
])("%s in %s: %s (H01)", (address, block, within) => {
  expect(isWithin(address, [block])).toBe(within);
});

test.each([
  "0177.0.0.1",
  "2130706433",
  "0x7f.1",
  "127.1",
  "1.2.3.4.5",
  "1.2.3.",
  "256.1.1.1",
  "::1::",
  "1:2:3",
  ":::",
  "g::",
  "",
  "localhost",
  "::1.2.3",
])("%s is no address and matches nothing", (text) => {
  expect(isCidr(text)).toBe(false);
  expect(isWithin(text, ["0.0.0.0/0", "::/0"])).toBe(false);
});

test.each([
  "10.0.0.0/33",
  "::/129",
  "10.0.0.0/08",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "/8",
])("%s is no block", (block) => {
  expect(isCidr(block)).toBe(false);
  expect(isWithin("10.0.0.0", [block])).toBe(false);
});

// Node mixes the families where a block is wider than the mapped addresses; we never do, so each is tried apart.
test.each([
  ["ipv4", fc.ipV4(), 32],
  ["ipv6", fc.ipV6(), 128],
] as const)("any %s address and block: the same answer as Node's own block list", (family, address, bits) => {
  const mapped = /^[0:]*ffff:/i;
  fc.assert(
    fc.property(address, address, fc.nat(bits), (asked, network, prefix) => {
      fc.pre(!mapped.test(asked) && !mapped.test(network));
      const list = new BlockList();
      list.addSubnet(network, prefix, family);
      expect(isWithin(asked, [`${network}/${prefix}`])).toBe(list.check(asked, family));
      expect(isWithin(network, [`${network}/${prefix}`])).toBe(true);
    }),
  );
});

test("a network of one household is counted as one", () => {
  expect(countedAddress("2001:db8::1")).toBe(countedAddress("2001:db8::ffff:ffff:ffff:ffff"));
  expect(countedAddress("2001:db8::1")).not.toBe(countedAddress("2001:db8:0:1::1"));
  expect(countedAddress("::ffff:192.0.2.1")).toBe(countedAddress("192.0.2.1"));
  expect(countedAddress("garbage")).toBe("unknown");
});
