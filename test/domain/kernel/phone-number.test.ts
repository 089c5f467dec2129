import { expect, test } from "vitest";
import { maskPhoneNumber, parsePhoneNumber } from "../../../domain/kernel/phone-number.ts";

test.each([
  "+12125550123",
  "+4917012345678",
  "+881612345678",
  "+123456789012345",
])("%s is a number (B01)", (text) => {
  expect(parsePhoneNumber(text)).toBe(text);
});

test.each([
  "12125550123",
  "+02125550123",
  "+1212",
  `+${"1".repeat(40)}`,
  " +12125550123",
  "+12125550123 ",
  "+12125550123\r\nX: y",
  "sip:+12125550123@evil",
  "tel:+12125550123",
  "+12125550123,,99",
  "+12125550123;ext=5",
  "+１２１２５５５０１２３",
  "+١٢١٢٥٥٥٠١٢٣",
])("%j is no number, however lenient others are (G07)", (text) => {
  expect(parsePhoneNumber(text)).toBeNull();
});

test("a number is shown without its middle", () => {
  const number = parsePhoneNumber("+12125550123");
  expect(number && maskPhoneNumber(number)).toBe("+1***123");
});
