import { type Command, EXIT, flagOption, UsageError } from "../adapters/cli/command.ts";
import type { TopicChanges } from "../adapters/event-log/kafka/apply-topics.ts";
import { ConfigError, readConfig } from "../config.ts";
import type { SchemaChanges } from "./schema-ids.ts";

type Changes = TopicChanges & { readonly schemas: SchemaChanges };

/** For `reveille topics apply`: what was done, or with a dry run what would be. */
function describe({ created, changed, schemas }: Changes, dryRun: boolean): readonly string[] {
  const isDone = !dryRun && schemas.refused.length === 0;
  const [make, set] = dryRun ? ["would be made", "would be set"] : ["made", "set"];
  const register = isDone ? "registered" : "would be registered";
  return [
    ...created.map((name) => `${name}: ${make}`),
    ...changed.map(
      ({ topic, setting, found, wanted }) => `${topic}: ${setting} is "${found}", ${set} to "${wanted}"`,
    ),
    ...schemas.registered.map((subject) => `schema ${subject}: ${register}`),
    ...schemas.refused.map((subject) => `schema ${subject}: refused by the registry beside what it has`),
  ];
}

export const topicsCommand: Command = {
  name: "topics",
  usage: "topics apply [--dry-run] [--json]",
  summary: "Makes the topics on the Kafka brokers, sets them right, and registers the schemas.",
  options: { "dry-run": { type: "boolean" }, json: { type: "boolean" } },
  help: [
    ["--dry-run", "only say what differs; exit code 1 if anything does"],
    ["--json", "answer as JSON"],
    ["", "Brokers, replicas and partitions come from REVEILLE_KAFKA…: see docs/operations.md."],
    ["", "Another number of partitions than a topic has is refused: every key would move."],
  ],
  positionals: { min: 1, max: 1 },
  async run(words, streams) {
    const [verb] = words.positionals;
    if (verb !== "apply") throw new UsageError(`there is no "topics ${verb}"; say topics apply`);
    const { kafka } = readConfig(process.env);
    if (kafka === null) {
      throw new ConfigError(
        "config: REVEILLE_KAFKA names no broker, and the embedded log has no topics to make",
      );
    }
    const dryRun = flagOption(words, "dry-run");
    const { applyTopics } = await import("../adapters/event-log/kafka/apply-topics.ts");
    const { kafkaConnection, topicPlans } = await import("./event-log.ts");
    const { applySchemas } = await import("./schema-ids.ts");
    // Before the topics: what waits for those then finds every schema, and registers none itself.
    const schemas = await applySchemas(kafka, { dryRun });
    const topics = await applyTopics(kafkaConnection(kafka, "topics"), topicPlans(kafka), { dryRun });
    const changes: Changes = { ...topics, schemas };
    const { registered, refused } = schemas;
    const differs = topics.created.length + topics.changed.length + registered.length + refused.length > 0;
    if (flagOption(words, "json")) streams.out(JSON.stringify({ dryRun, ...changes }));
    else for (const line of describe(changes, dryRun)) streams.out(line);
    if (!differs && !flagOption(words, "json")) streams.out("every topic and schema is as it should be");
    return (dryRun && differs) || refused.length > 0 ? EXIT.failed : EXIT.ok;
  },
};
