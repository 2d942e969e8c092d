"""What a paper says beside what was measured; whether they agree is decided by the numbers."""

import math
from typing import NamedTuple

from default_fit import summary

__all__ = ["Claim", "claims_table", "first_of_two", "in_both_counts", "number"]


class Claim(NamedTuple):
    """A sentence, the numbers for it, and whether they bear it out; None where they do not tell."""

    text: str
    measured: str
    holds: bool | None


def claims_table(claims):
    """A table of claims with a verdict each; a sentence where there is nothing to compare."""
    words = {True: "agrees", False: "**disagrees**", None: "undecided"}
    rows = [[claim.text, claim.measured, words[claim.holds]] for claim in claims]
    return summary.table(("expected", "measured (medians)", "verdict"), rows) if rows else "Nothing was measured yet."


def number(value, spec=".3g"):
    """A number for a table; infinite means that it was not reached."""
    return "-" if math.isnan(value) else "never" if math.isinf(value) else format(value, spec)


def in_both_counts(backprops, passes):
    """Backprops as a paper counts them, and in parentheses with the gradients."""
    return number(backprops) if math.isnan(backprops) or math.isinf(backprops) else f"{number(backprops)} ({number(passes)})"


def first_of_two(ours, theirs):
    """Whether `ours` is less than `theirs`; None where either is not known or both are infinite."""
    if math.isnan(ours) or math.isnan(theirs) or (math.isinf(ours) and math.isinf(theirs)):
        return None
    return ours < theirs
