"""Checks an import of The Complete Journey: orders, lines and sum of each household, from the CSV
and from the service, by code of its own."""

import csv
import sys

import orders_api

SAMPLED_HOUSEHOLDS = 25


def baskets(path, limit):
    """Reads `{household: (orders, lines, cents)}` from the file."""
    found, known = {}, set()
    with open(path, encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            is_new = row["basket_id"] not in known
            if is_new and limit is not None and len(known) == limit:
                break
            known.add(row["basket_id"])
            count, lines, total = found.get(row["household_id"], (0, 0, 0))
            paid = int(row["paid_cents"])
            found[row["household_id"]] = (count + is_new, lines + 1, total + paid)
    return found


def main():
    """Exits 1 on any difference."""
    options = orders_api.arguments(__doc__)
    expected = baskets(options.file, options.limit)
    households = sorted(expected)
    sample = households[:: max(1, len(households) // SAMPLED_HOUSEHOLDS)]
    return orders_api.compare(options.url, expected, sample)


if __name__ == "__main__":
    sys.exit(main())
