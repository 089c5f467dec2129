"""Makes zones-by-prefix.json, the time zones of telephone prefixes, from libphonenumber's own table.

Run it once for each new edition of the metadata, in an environment of its own:

    python3 -m venv /tmp/zones && /tmp/zones/bin/pip install phonenumbers==9.0.43
    /tmp/zones/bin/python adapters/numbering/build-zone-table.py > adapters/numbering/zones-by-prefix.json

Prefixes are grouped by their zones, so that a change of the table reads well in a diff. Origin and licence stand
in NOTICE.
"""

import json
from collections import defaultdict

import phonenumbers
from phonenumbers.tzdata import TIMEZONE_DATA

prefixes_of = defaultdict(list)
for prefix, zones in TIMEZONE_DATA.items():
    prefixes_of[" ".join(zones)].append(prefix)

table = {
    "version": phonenumbers.__version__,
    "prefixesOfZones": {zones: " ".join(sorted(prefixes_of[zones])) for zones in sorted(prefixes_of)},
}
print(json.dumps(table, indent=2))
