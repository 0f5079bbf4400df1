"""An action that can't be done answers why, in words for the person who tried."""

from leadbell.dealers.refused import Refused

__all__ = ["Refused"]
