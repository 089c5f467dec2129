import { expect, test } from "vitest";
import { formatInstant, parseInstant } from "../../../domain/kernel/time.ts";

test("an instant is read with its offset and written in UTC", () => {
  const at = parseInstant("2026-11-20T10:00:00.250+01:00");
  expect(at && formatInstant(at)).toBe("2026-11-20T09:00:00.250Z");
});

test.each([
  "2026-11-20",
  "2026-11-20T09:00:00",
  "2026-13-20T09:00:00Z",
  "20 Nov 2026 09:00 GMT",
  "",
  "2026-11-20T25:00:00Z",
])("%j is no instant: without a zone it would be another one on every machine", (text) => {
  expect(parseInstant(text)).toBeNull();
});
