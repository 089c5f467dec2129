#!/usr/bin/env python3
"""Checks an export of Reveille's log without Reveille: docs/auditors.md, "The file", in another language.

Usage: check-export.py FILE [PUBLIC-KEY]

Says "sound" and exits with 0, or says what is wrong and exits with 1. The signature is checked where the package
`cryptography` is installed; without it the answer says so. It does not read the Avro bodies: any Avro library
does, with the schemas in the header.
"""
import base64
import hashlib
import json
import struct
import sys

NO_BODY = 0xFFFFFFFF


def sha256(data):
    return hashlib.sha256(data).digest()


def part(data):
    return struct.pack(">I", NO_BODY) if data is None else struct.pack(">I", len(data)) + data


def require(condition, what):
    if not condition:
        raise ValueError(what)


def digest_of(record):
    body = None if record["body"] is None else base64.b64decode(record["body"])
    return sha256(part(record["key"].encode()) + part(body) + part(record["envelope"].encode()))


def check_signature(line, wanted):
    """Answers whether the signature itself could be checked."""
    require(wanted in (None, line["publicKey"]), f"signed by {line['publicKey']}, not by {wanted}")
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return False
    text = f"reveille audit export v1\n{line['lines']} lines\n{line['hash']}\n"
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(line["publicKey"]))
    key.verify(bytes.fromhex(line["signature"]), text.encode())
    return True


def check(lines, wanted):
    running, count, records = bytes(32), 0, 0
    ranges, link, signature = {}, None, None
    for raw in lines:
        require(signature is None, "something stands after the signature")
        line = json.loads(raw)
        kind = line["kind"]
        if kind == "signature":
            require(json.dumps(line, separators=(",", ":")).encode() + b"\n" == raw, "the signature is written otherwise")
            signature = line
            continue
        running, count = sha256(running + sha256(raw)), count + 1
        if kind == "reveille-audit-export":
            require(line["version"] == 1, f"version {line['version']} is unknown here")
            ranges = {one["partition"]: one for one in line["ranges"]}
        elif kind == "range":
            anchor = ranges[line["partition"]]["anchor"]
            link = None if anchor is None else bytes.fromhex(anchor)
        elif kind == "record":
            digest = digest_of(line)
            require(digest.hex() == line["digest"], f"the record at {line['offset']} has another digest")
            link = None if link is None else sha256(link + digest)
            if line["link"] is not None:
                claimed = bytes.fromhex(line["link"])
                require(link in (None, claimed), f"the chain is broken at or before {line['offset']}")
                link = claimed
            records += 1
        elif kind == "left-out":
            digests = base64.b64decode(line["digests"])
            require(len(digests) == 32 * line["count"], "left-out records are not as many as they say")
            for at in range(0, len(digests), 32):
                link = None if link is None else sha256(link + digests[at : at + 32])
        elif kind == "end":
            require((None if link is None else link.hex()) == line["link"], "the chain does not end where it should")
        else:
            require(False, f"{kind} is no line of an export")
    require(signature is not None, "it is not signed")
    require(signature["lines"] == count and signature["hash"] == running.hex(), "its lines are not those that were signed")
    return records, signature["publicKey"], check_signature(signature, wanted)


def main():
    wanted = sys.argv[2] if len(sys.argv) > 2 else None
    try:
        with open(sys.argv[1], "rb") as lines:
            records, key, signed = check(lines, wanted)
    except Exception as error:
        print(f"not sound: {error or type(error).__name__}")
        return 1
    print(f"sound: {records} records, signed by {key}" + ("" if signed else " (signature not checked: no cryptography)"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
