import { readFileSync } from "node:fs";
import { type Command, EXIT, flagOption, requireOption } from "../adapters/cli/command.ts";
import { readConfig } from "../config.ts";
import { DirectoryFormError, parseDirectoryForm } from "../services/directory-form.ts";
import { openOperatorLog } from "./system.ts";

/** Never tells what stands in the file: it holds secrets, and a JSON error quotes some of them. */
function readJsonFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new DirectoryFormError(`directory: ${file} cannot be read (${code}); give a JSON file`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new DirectoryFormError(`directory: ${file} is not JSON; a JSON checker says where`);
  }
}

export const directoryCommand: Command = {
  name: "directory",
  usage: "directory --file FILE [--json]",
  summary: "Writes accounts and rules from a JSON file into the log; secrets are hashed or sealed.",
  options: { file: { type: "string" }, json: { type: "boolean" } },
  help: [
    ["--file FILE", '{"senders": [{"sender": "hotel", "password": "…"}], "rules": {"version": "…"}}'],
    ["--json", "answer as JSON"],
  ],
  positionals: { min: 0, max: 0 },
  async run(words, streams) {
    const form = parseDirectoryForm(readJsonFile(requireOption(words, "file")));
    const { openAdministration } = await import("./administration.ts");
    const administration = await openAdministration(readConfig(process.env), openOperatorLog("warn"));
    try {
      const keys = await administration.apply(form);
      streams.out(
        flagOption(words, "json") ? JSON.stringify({ applied: keys }) : `applied: ${keys.join(", ")}`,
      );
      return EXIT.ok;
    } finally {
      await administration.close();
    }
  },
};
