import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseMessage } from "../../../../adapters/telephony/sip/parse-message.ts";
import { SipSyntaxError } from "../../../../adapters/telephony/sip/sip-syntax-error.ts";

// The messages of RFC 4475 as packaged in poroh/ersip (MIT), kept beside the project.
const FOLDER = join(import.meta.dirname, "../../../../../shared/sip-torture");
const present = existsSync(join(FOLDER, "expectations.tsv"));

type Case = { readonly message: string; readonly parse: string; readonly outcome: string };

function cases(): readonly Case[] {
  return readFileSync(join(FOLDER, "expectations.tsv"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#") && !line.startsWith("message\t"))
    .map((line) => {
      const [message = "", , parse = "", outcome = ""] = line.split("\t");
      return { message, parse, outcome };
    });
}

function verdict(message: string): "ok" | "rej" {
  try {
    parseMessage(readFileSync(join(FOLDER, `${message}.dat`)));
    return "ok";
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
    return "rej";
  }
}

test("the parser judges all 49 torture messages of RFC 4475 rightly", (context) => {
  if (!present) context.skip(`the torture messages are not in ${FOLDER}`);
  const judged = cases().map(({ message, parse }) => [message, parse, verdict(message)]);
  expect(judged).toHaveLength(49);
  expect(judged.filter(([, parse, found]) => parse !== "either" && parse !== found)).toEqual([]);
});
