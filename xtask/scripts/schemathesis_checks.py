"""Checks for `cargo xtask schemathesis`: what the schema allows and the service still refuses.

A JSON Schema cannot say that a time is in the future, that a discount is no larger than what it
reduces, or that a token came from this service. Such a refusal is excused here by what the problem
says, each with its reason. A 400 is excused only if every one of its violations is; whatever else
is refused, schemathesis' own check reports.
"""

import itertools
import re

import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

PLACE = "POST /v1/orders"
BATCH = "POST /v1/orders:batchPlace"
AMEND = "POST /v1/orders/{order_id}:amend"
CANCEL = "POST /v1/orders/{order_id}:cancel"

# Operation, field, reason: whole patterns. Every other violation is a failure.
EXCUSED = [
    # Tokens are opaque, and those of another list, order or store are not taken.
    ("GET /v1/orders", r"page_token", r"must be a next_page_token of a list with the same filters"),
    (
        "GET /v1/orders/{order_id}/events",
        r"page_token",
        r"must be a next_page_token of this order's history",
    ),
    ("GET /v1/changes", r"after", r"this position is ahead of the feed, .*"),
    ("GET /v1/changes", r"after", r"must be a position that this service gave"),
    # The schema has no clock.
    (PLACE, r"confirm_before", r"must be in the future"),
    (AMEND, r"confirm_before", r"must be in the future"),
    # Rules between several amounts of an order.
    (PLACE, r"discount", r"must not exceed the sum of the lines"),
    (PLACE, r"lines\[\d+\]\.discount", r"must not exceed quantity × unit_price"),
    (PLACE, r"lines\[\d+\]\.unit_price", r"times quantity exceeds \d+ minor units"),
    (PLACE, r"lines(\[\d+\])?", r"the total exceeds \d+ minor units"),
    (PLACE, r"expected_total", r"is \d+, but the order's total is \d+"),
    # How many lines the order has, its other metadata, and whether it has an address to change.
    (CANCEL, r"lines\[\d+\]\.line_no", r"must be a line of the order, 1 to \d+"),
    (AMEND, r"metadata", r"must have at most 50 pairs"),
    (AMEND, r"shipping_address\.(name|city)", r"must be 1 to 200 characters"),
    (AMEND, r"shipping_address\.lines", r"must have 1 to 10 lines"),
    (AMEND, r"shipping_address\.country", r"must be an ISO 3166-1 alpha-2 code such as DE"),
]

# The longest idempotency key.
MAX_KEY_CHARS = 255

# Of so many keys one stays as it was generated, mostly one that was used before.
KEYS_FOR_ONE_REUSED = 4

numbers = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Lets valid requests come further than the generator's few short keys would."""
    if not is_valid(case):
        return
    number = next(numbers)
    key = case.headers.get("Idempotency-Key")
    if key is not None and number % KEYS_FOR_ONE_REUSED:
        case.headers["Idempotency-Key"] = f"{number}-{key}"[:MAX_KEY_CHARS]
    case.body = as_integers(case.body)


def is_valid(case):
    """Whether the request was generated to be valid."""
    return case.meta is not None and case.meta.generation.mode.is_positive


def as_integers(value):
    """The same JSON value with 5 in place of 5.0.

    To JSON Schema both are integers, so the contract cannot tell them apart in any other way than
    in words; the service reads no floats and takes 5 alone.
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [as_integers(element) for element in value]
    if isinstance(value, dict):
        return {name: as_integers(member) for name, member in value.items()}
    return value


@schemathesis.check
def valid_requests_are_accepted(ctx, response, case):
    """schemathesis' `positive_data_acceptance`, for all that is not excused."""
    if is_excused(case, response):
        return
    positive_data_acceptance(ctx, response, case)
    if case.operation.label == BATCH and response.status_code == 200 and is_valid(case):
        refused = list(refused_of_batch(response))
        assert not refused, f"valid orders of a batch were refused: {refused}"


@schemathesis.check
def invalid_requests_are_refused(ctx, response, case):
    """schemathesis' `negative_data_rejection`; an order of a batch is refused in its own result."""
    if case.operation.label == BATCH and response.status_code == 200:
        if any(result.get("problem") for result in response.json()["results"]):
            return
    # The version is compared before the body is looked at; either answer refuses the request.
    if response.status_code == 412 and names_versions(response):
        return
    negative_data_rejection(ctx, response, case)


@schemathesis.check
class EveryOperationSucceeds:
    """Fails if an operation refused every request: the checks above would have little to look at."""

    def __init__(self):
        self.tried = set()
        self.succeeded = set()

    def after_response(self, ctx, response, case):
        # Requests with a method that the path does not have go under the operation's name too.
        if not is_valid(case):
            return
        self.tried.add(case.operation.label)
        if response.status_code < 300:
            self.succeeded.add(case.operation.label)

    def after_run(self, ctx):
        never = sorted(self.tried - self.succeeded)
        assert not never, f"never answered with success: {', '.join(never)}"


def is_excused(case, response):
    """Whether the schema could not have said why this was refused."""
    if response.status_code not in (400, 412, 422):
        return False
    try:
        problem = response.json()
    except ValueError:
        return False
    match problem.get("code"):
        case "version_mismatch":
            return names_versions(response)
        case "idempotency_key_reused":
            return "Idempotency-Key" in response.request.headers
    if case.operation.label == AMEND and is_valid(case) and judges_given_address(case, problem):
        return False
    return is_beyond_schema(case.operation.label, problem)


def judges_given_address(case, problem):
    """Whether a part of the address that the request itself has is told to be wrong."""
    given = [f"shipping_address.{name}" for name in case.body.get("shipping_address") or {}]
    return any(one["field"] in given for one in problem.get("violations", []))


def refused_of_batch(response):
    """The problems of a batch's orders that only a rule of the schema can be the reason for."""
    for result in response.json()["results"]:
        problem = result.get("problem", {"status": 200})
        # Other statuses are about other orders and keys.
        if problem["status"] == 400 and not is_beyond_schema(PLACE, problem):
            yield problem


def names_versions(response):
    return response.request.headers.get("If-Match", "*") != "*"


def is_beyond_schema(operation, problem):
    violations = problem.get("violations", [])
    return bool(violations) and all(
        any(
            operation == excused
            and re.fullmatch(fields, re.sub(r"^orders\[\d+\]\.order\.", "", one["field"]))
            and re.fullmatch(reasons, one["reason"])
            for excused, fields, reasons in EXCUSED
        )
        for one in violations
    )
