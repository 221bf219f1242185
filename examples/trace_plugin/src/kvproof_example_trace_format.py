"""A trace format of one's own in a package: which columns mean what, and what a time counts."""

from fractions import Fraction

from kvproof import TraceFormat

#: As a gateway writes it: ``received_ms,tokens_in,tokens_out``.
ACCESS_LOG = TraceFormat(
    name="access-log",
    time="received_ms",
    prompt="tokens_in",
    output="tokens_out",
    unit=Fraction(1, 1000),  # seconds per unit of time
)
