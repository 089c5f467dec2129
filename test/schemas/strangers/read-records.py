"""Reads records as somebody would who has the .avsc files and a library that is not ours, and says what it found.

Standard input: one JSON object per line, {"schema": path of an .avsc file, "hex": a record in Confluent's framing}.
Standard output: one JSON object per line, {"id": the schema's id, "value": the record, "left": bytes left over}.
Times become whole milliseconds since the epoch again.
"""
import datetime
import io
import json
import struct
import sys

import fastavro

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MILLISECOND = datetime.timedelta(milliseconds=1)


def plain(value):
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // MILLISECOND
    if isinstance(value, dict):
        return {name: plain(field) for name, field in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value


schemas = {}
for line in sys.stdin:
    asked = json.loads(line)
    path = asked["schema"]
    if path not in schemas:
        schemas[path] = fastavro.schema.load_schema(path)
    body = io.BytesIO(bytes.fromhex(asked["hex"]))
    magic, schema_id = struct.unpack(">bI", body.read(5))
    assert magic == 0, magic
    value = fastavro.schemaless_reader(body, schemas[path])
    print(json.dumps({"id": schema_id, "value": plain(value), "left": len(body.read())}))
