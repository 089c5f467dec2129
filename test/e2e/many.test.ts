import { afterAll, beforeAll, describe } from "vitest";
import { type ManyHouse, manyOfEach, startMany } from "./many-of-each.ts";

let house: ManyHouse;

beforeAll(async () => {
  house = await startMany({ REVEILLE_TAKEOVER_MS: "1500" });
});
afterAll(() => house?.stop());

describe("over the embedded log", { timeout: 90_000 }, () => {
  manyOfEach(() => house);
});
