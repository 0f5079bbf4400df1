"""What lies on the Inbox's shelves."""

from collections.abc import Sequence

from leadbell.intake.models import Envelope


def quarantined(dealers: Sequence[int]) -> int:
    """How many envelopes of these dealers wait in quarantine for a person."""
    return Envelope.objects.filter(
        dealer__in=dealers, status=Envelope.Status.QUARANTINED, dismissed_at=None
    ).count()
