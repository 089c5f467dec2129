import { allowedMethods } from "./sip-core.ts";

let written = "";
let count = 0;

/** The header line of what we understand. The list is the core's own, and complete once its faults are mended. */
export function allowHeader(): string {
  if (count !== allowedMethods.length) {
    written = `Allow: ${allowedMethods.join(", ")}`;
    count = allowedMethods.length;
  }
  return written;
}
