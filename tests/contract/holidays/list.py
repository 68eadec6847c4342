"""Prints the public holidays of every German Land, 2026 to 2040.

One line per day: the date, then the Laender where nobody works, as ISO 3166-2
writes them. Source: the package `holidays`, category "public": what the law of
the Land makes a holiday everywhere in it. `public.txt` is what this prints;
tests/run compares the two, and a Rust test compares `public.txt` with what
the crate `ticket` makes of it.
"""

from collections import defaultdict

import holidays

LAENDER = "BW BY BE BB HB HH HE MV NI NW RP SL SN ST SH TH".split()
YEARS = range(2026, 2041)

days = defaultdict(list)
for land in LAENDER:
    for day in holidays.country_holidays("DE", subdiv=land, years=YEARS, categories="public"):
        days[day].append(f"DE-{land}")
for day in sorted(days):
    print(day, *sorted(days[day]))
