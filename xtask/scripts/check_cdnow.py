"""Checks an import of the CDNOW purchase records: count and sum of each customer, from the file
and from the service, by code of its own."""

import sys

import orders_api

SAMPLED_CUSTOMERS = 50


def purchases(path, limit):
    """Reads `{customer: (orders, lines, cents)}` from the file; one purchase is one line."""
    found = {}
    with open(path, encoding="ascii") as file:
        next(file)
        rows = [line.split() for line in file if line.strip()]
    for customer, _date, _cds, dollars in rows[:limit]:
        whole, cents = dollars.split(".")
        if len(cents) != 2:
            sys.exit(f"{dollars} is no amount with two decimals")
        count, lines, total = found.get(customer, (0, 0, 0))
        found[customer] = (count + 1, lines + 1, total + int(whole + cents))
    return found


def main():
    """Exits 1 on any difference."""
    options = orders_api.arguments(__doc__)
    expected = purchases(options.file, options.limit)
    customers = sorted(expected)
    sample = customers[:: max(1, len(customers) // SAMPLED_CUSTOMERS)]
    # The busiest customers have more than one page could hide.
    sample += sorted(expected, key=lambda customer: -expected[customer][0])[:3]
    return orders_api.compare(options.url, expected, sample)


if __name__ == "__main__":
    sys.exit(main())
