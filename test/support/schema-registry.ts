import { hasRegistry, REGISTRY_FOLDER } from "../../deploy/schema-registry/registry-jars.ts";
import { programPath } from "./installed.ts";

/** Null where a registry can be started; otherwise what is missing. A failure where TEST_REQUIRE names registry. */
export function whyNoRegistry(): string | null {
  const missing =
    programPath("java") === null
      ? "java is not installed on this machine"
      : hasRegistry()
        ? null
        : `no registry in ${REGISTRY_FOLDER}: start deploy/schema-registry/registry.ts once, which gathers it`;
  if (missing !== null && (process.env["TEST_REQUIRE"] ?? "").split(",").includes("registry")) {
    throw new Error(`registry is required by TEST_REQUIRE, but ${missing}`);
  }
  return missing;
}
