/**
 * Every file that the program needs came with the Request or is named by a URL (F01). A URL's content is held
 * to its hash when it is fetched; what came attached is held to it here, where the gateway measured it.
 */
import type { Resource } from "../request/terms.ts";
import type { RequestFacts } from "./facts.ts";
import { requestRule } from "./rule-name.ts";
import type { Verdict } from "./verdict.ts";

export function checkResources(request: RequestFacts): readonly Verdict[] {
  const { resources } = request.terms;
  const missing = resources.filter((resource) => isMissing(resource, request));
  const mismatched = resources.filter((resource) => isMismatched(resource, request));
  const verdict = (says: Verdict["says"], reason: Verdict["reason"], of: readonly Resource[]): Verdict => ({
    check: "resources.required",
    setBy: "sender",
    rule: requestRule("resources"),
    says,
    reason,
    until: null,
    facts: { required: String(resources.length), names: of.map(({ name }) => name).join(",") },
  });
  const faults = [
    ...(missing.length > 0 ? [verdict("refuse", "resource.missing", missing)] : []),
    ...(mismatched.length > 0 ? [verdict("refuse", "resource.mismatch", mismatched)] : []),
  ];
  return faults.length > 0 ? faults : [verdict("allow", null, resources)];
}

function isMissing({ name, url }: Resource, { terms }: RequestFacts): boolean {
  return url === null && !terms.attached.includes(name);
}

function isMismatched({ name, sha256 }: Resource, { attachedSha256 }: RequestFacts): boolean {
  const found = attachedSha256?.get(name);
  return sha256 !== null && found !== undefined && found.toLowerCase() !== sha256.toLowerCase();
}
