"""ADF leads that differ from each other in every byte that counts."""

_ADF = b"""<?xml version="1.0" encoding="UTF-8"?><?adf version="1.0"?><adf><prospect status="new">
<id source="portal.example">%d</id><requestdate>2026-11-23T09:14:02+01:00</requestdate>
<vehicle interest="buy" status="new"><year>2026</year><make>Hyundai</make><model>Kona</model><trim>Electric</trim>
</vehicle><customer><contact><name part="full">Customer %d</name><email>customer%d@example.org</email>
<phone type="cellphone">+316%08d</phone></contact><comments>Is the blue one in stock? I'd like to see it this weekend.
</comments></customer><vendor><vendorname>Dealer</vendorname></vendor><provider><name part="full">Portal</name>
</provider></prospect></adf>"""


def adf(number: int) -> bytes:
    """The lead of customer `number`, below 80,000,000; about 750 bytes."""
    return _ADF % (number, number, number, 10_000_000 + number)
