/**
 * How this house reads Avro: unions unwrapped (a nullable string is a string or null, as in the domain), and
 * times and durations as whole milliseconds. A duration that a monotonic clock gave with a fraction is rounded
 * when it is written: Avro's long would refuse it, and nobody bills fractions of a millisecond.
 */
import avsc from "avsc";
import { boundAvro } from "./bounded-avro.ts";

boundAvro();

/**
 * avsc 5.7 computes a long's zigzag form in doubles: beyond 2^52 it writes another number without a word. No time
 * that a Sender can name is as late, but a slip of units must fail instead of changing the instant.
 */
export const LONG_MAX = 2 ** 52;

class WholeMilliseconds extends avsc.types.LogicalType {
  override _fromValue(value: number): number {
    return value;
  }
  override _toValue(value: unknown): number | undefined {
    return typeof value === "number" && Math.abs(value) <= LONG_MAX ? Math.round(value) : undefined;
  }
  /** Both logical types rest on the same long, so that one may take the other's place in a later version. */
  override _resolve(type: avsc.Type): ((value: number) => number) | undefined {
    return avsc.Type.isType(type, "logical", "long", "int") ? (value) => value : undefined;
  }
}

/** Throws for a schema that is not Avro. */
export function avroType(schema: object): avsc.Type {
  return avsc.Type.forSchema(schema as avsc.Schema, {
    wrapUnions: "never",
    omitRecordMethods: true,
    logicalTypes: { "timestamp-millis": WholeMilliseconds, "duration-millis": WholeMilliseconds },
  });
}

export type AvroType = avsc.Type;
export type AvroResolver = ReturnType<avsc.Type["createResolver"]>;
