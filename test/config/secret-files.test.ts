import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError, readConfig } from "../../config.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "reveille-secrets-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const path = join(folder, `secret-${content.length}`);
  writeFileSync(path, content);
  return path;
}

function problemsOf(env: Readonly<Record<string, string>>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

function token(content: string): string | null {
  return readConfig({ REVEILLE_REPORT_TOKEN_FILE: file(content) }).reporting.token;
}

test("a secret may stand in a file, with or without a line's end behind it", () => {
  expect(token("s3cret\n")).toBe("s3cret");
  expect(token("s3cret\r\n")).toBe("s3cret");
  expect(token(" s3 cret ")).toBe(" s3 cret ");
});

test("a file's name that is empty counts as none, as an unset variable of a composition gives it", () => {
  expect(readConfig({ REVEILLE_REPORT_TOKEN_FILE: "" }).reporting.token).toBeNull();
  expect(readConfig({ REVEILLE_REPORT_TOKEN_FILE: "", REVEILLE_REPORT_TOKEN: "t" }).reporting.token).toBe(
    "t",
  );
});

test("a secret that is given twice is refused, and so is a file that is missing or empty", () => {
  expect(problemsOf({ REVEILLE_REPORT_TOKEN: "one", REVEILLE_REPORT_TOKEN_FILE: file("another") })).toContain(
    "REVEILLE_REPORT_TOKEN is given twice",
  );
  expect(problemsOf({ REVEILLE_REPORT_TOKEN_FILE: join(folder, "none") })).toContain(
    "can't be read (ENOENT)",
  );
  expect(problemsOf({ REVEILLE_REPORT_TOKEN_FILE: file("\n") })).toContain("is empty");
});

test("what is no secret can't stand in a file: the setting is unknown", () => {
  expect(problemsOf({ REVEILLE_HTTP_FILE: file("127.0.0.1:1") })).toContain(
    "REVEILLE_HTTP_FILE is no setting",
  );
});

const KAFKA = { REVEILLE_KAFKA: "kafka-1:9092" };

function registry(settings: Readonly<Record<string, string>>) {
  return readConfig({ ...KAFKA, ...settings }).kafka?.registry;
}

test("the schema registry is a URL with its login in it, or a token beside it", () => {
  expect(registry({})).toBeNull();
  const url = "http://registry:8080/apis/ccompat/v7";
  expect(registry({ REVEILLE_KAFKA_REGISTRY: url })).toEqual({ url, token: null });
  expect(
    registry({ REVEILLE_KAFKA_REGISTRY: "https://r", REVEILLE_KAFKA_REGISTRY_TOKEN_FILE: file("t0ken\n") }),
  ).toEqual({ url: "https://r", token: "t0ken" });
});

test("a registry's address that is none is refused without repeating it: it may hold a password", () => {
  const told = problemsOf({ ...KAFKA, REVEILLE_KAFKA_REGISTRY: "user:pass@registry" });
  expect(told).toContain("REVEILLE_KAFKA_REGISTRY");
  expect(told).not.toContain("pass");
});

test("a login goes to a registry over TLS only, but for trials", () => {
  const inClear = { ...KAFKA, REVEILLE_KAFKA_REGISTRY: "http://user:pass@registry:8080" };
  expect(problemsOf(inClear)).toContain("login in clear");
  expect(problemsOf(inClear)).not.toContain("pass@");
  expect(readConfig({ ...inClear, REVEILLE_DEVELOPMENT: "1" }).kafka?.registry).not.toBeNull();
});
