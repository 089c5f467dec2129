/** The most that a Sender may ask for at once passes through every record that is made of it. */
import { expect, test } from "vitest";
import {
  INLINE_BYTES_MAX,
  RESOURCES_MAX,
  URL_CHARACTERS_MAX,
  USER_DATA_BYTES_MAX,
} from "../../domain/request/parse-draft.ts";
import { createHouse } from "../support/house.ts";

test("the largest Request that is taken is called, and its owner can commit all that follows", async () => {
  const house = await createHouse();
  const dispatcher = await house.startDispatcher();
  const { server } = await house.startServer("telephony-1");
  const url = `https://hotel.example/${"x".repeat(URL_CHARACTERS_MAX - 22)}`;
  const request = await house.post({
    document: { kind: "inline", text: "語".repeat(INLINE_BYTES_MAX / 3) },
    userData: "u".repeat(USER_DATA_BYTES_MAX),
    resources: Array.from({ length: RESOURCES_MAX }, (_, index) => ({
      name: `resource-${index}`,
      url,
      sha256: null,
    })),
  });
  await house.until(request, "RequestCompleted");
  expect(dispatcher.figures().quarantined).toBe(0);
  await server.stop();
  await dispatcher.stop();
  await house.close();
});
