"""The public list of orders, read page by page: what both checks of an import share.

Standard library only, and nothing of the service or the importer: the checks must be able to
disagree with them.
"""

import argparse
import http.client
import json
import sys
import urllib.parse

PAGE_SIZE_ORDERS = 500
REQUEST_TIMEOUT_SECONDS = 60
MAX_SHOWN_DIFFERENCES = 10


def arguments(description):
    """Parses `--file`, `--url` and `--limit`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--file", required=True, help="the file that was imported")
    parser.add_argument("--url", required=True, help="where REST is served")
    parser.add_argument("--limit", type=int, help="only the first so many orders were imported")
    return parser.parse_args()


def orders(url, **filters):
    """Yields every order that `GET /v1/orders` lists under these filters."""
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=REQUEST_TIMEOUT_SECONDS)
    token, seen_tokens = None, set()
    while True:
        query = {"page_size": PAGE_SIZE_ORDERS, **filters}
        if token:
            query["page_token"] = token
        path = "/v1/orders?" + urllib.parse.urlencode(query)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            sys.exit(f"GET {path}: {response.status} {body[:300].decode(errors='replace')}")
        # Amounts are integers; a float in an answer is a fault by itself.
        page = json.loads(body, parse_float=refuse_float)
        yield from page["orders"]
        token = page.get("next_page_token")
        if not token:
            return
        if token in seen_tokens:
            sys.exit(f"GET {path}: the page token {token!r} came twice")
        seen_tokens.add(token)


def refuse_float(text):
    """A JSON number with a fraction where only integers belong."""
    raise ValueError(f"the service answered the float {text}")


def by_customer(listed):
    """Counts and sums orders for each customer; an order that is listed twice is an error."""
    found, ids = {}, set()
    for order in listed:
        if order["order_id"] in ids:
            sys.exit(f"order {order['order_id']} is listed twice")
        ids.add(order["order_id"])
        count, lines, total = found.get(order["customer_id"], (0, 0, 0))
        found[order["customer_id"]] = (
            count + 1,
            lines + len(order["lines"]),
            total + order["totals"]["total"],
        )
    return found


def compare(url, expected, sample):
    """Compares `{customer: (orders, lines, total)}` with the service's; returns the exit code."""
    found = by_customer(orders(url))
    differences = []
    for customer in sorted(expected.keys() | found.keys()):
        if expected.get(customer) != found.get(customer):
            differences.append((customer, expected.get(customer), found.get(customer)))
    # The filter is another way through the store than the whole list.
    for customer in sample:
        filtered = by_customer(orders(url, customer_id=customer))
        if filtered != {customer: expected[customer]}:
            differences.append((customer, expected[customer], f"filtered: {filtered}"))
    for name, side in (("file", expected), ("service", found)):
        count, lines, total = (sum(column) for column in zip(*side.values(), strict=True)) if side else (0, 0, 0)
        print(f"{name:>8}: {len(side)} customers, {count} orders, {lines} lines, {total} minor units")
    print(f"{'sample':>8}: {len(sample)} customers listed by filter")
    for customer, wanted, got in differences[:MAX_SHOWN_DIFFERENCES]:
        print(f"customer {customer}: file {wanted}, service {got} (orders, lines, minor units)")
    print(f"{'verdict':>8}: {len(differences)} differences")
    return 1 if differences or not expected else 0
