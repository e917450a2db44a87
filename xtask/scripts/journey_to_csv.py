"""Writes the transactions of The Complete Journey as CSV: parquet in, text that both the importer
and the check can read without a library out. Needs pyarrow."""

import os
import sys

import pyarrow.parquet

HEADER = "basket_id,household_id,day,product_id,quantity,paid_cents,off_cents"


def cents(dollars):
    """The file keeps dollars as doubles that stand for two decimals; this is the decimal meant."""
    whole, fraction = f"{dollars:.2f}".split(".")
    return int(whole + fraction)


def main():
    """`journey_to_csv.py IN.parquet OUT.csv`; a basket's lines are put together, oldest first."""
    source, target = sys.argv[1:]
    names = "transaction_timestamp basket_id household_id product_id quantity sales_value".split()
    columns = pyarrow.parquet.read_table(source, columns=names + ["retail_disc"]).to_pydict()
    rows = zip(*(columns[name] for name in names + ["retail_disc"]), strict=True)
    first_seen = {}
    keyed = []
    for row in sorted(rows):
        first_seen.setdefault(row[1], len(first_seen))
        keyed.append((first_seen[row[1]], row))
    keyed.sort(key=lambda pair: pair[0])
    # Written beside and renamed, so that an interrupted run leaves no half file.
    with open(target + ".part", "w", encoding="ascii") as file:
        print(HEADER, file=file)
        for _, (time, basket, household, product, quantity, paid, off) in keyed:
            day = time.date().isoformat()
            print(basket, household, day, product, quantity, cents(paid), cents(off), sep=",", file=file)
    os.replace(target + ".part", target)


if __name__ == "__main__":
    main()
