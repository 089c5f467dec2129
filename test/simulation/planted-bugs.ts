/**
 * Bugs on purpose: each breaks one promise from outside the product, through the doors of `plant.ts`. That the
 * invariants catch them is the proof that the simulator can find such a thing at all.
 */
import { BUGS_OF_OWNERS } from "./bugs-of-owners.ts";
import { BUGS_OF_SERVERS } from "./bugs-of-servers.ts";
import { BUGS_OF_THE_HOUSE } from "./bugs-of-the-house.ts";

export const PLANTED_BUGS = { ...BUGS_OF_THE_HOUSE, ...BUGS_OF_SERVERS, ...BUGS_OF_OWNERS };

export type PlantedBug = keyof typeof PLANTED_BUGS;
