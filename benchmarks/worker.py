"""A clockwork that reads all that is unread, each time a line comes in: `python -m benchmarks.worker DIR` answers
`{"read", "seconds"}`."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from leadbell.cli import with_database


def main(folder: Path) -> None:
    with with_database(folder, "clockwork"):
        from leadbell.dealers.models import Organisation
        from leadbell.followup.clockwork import receive_some
        from leadbell.log import configure

        configure()
        logging.getLogger().handlers = [logging.NullHandler()]
        for dealer in Organisation.objects.filter(kind=Organisation.Kind.DEALER):
            dealer.opening_hours.is_open(datetime.now(UTC))
        for _ in sys.stdin:
            began = time.perf_counter()
            read = 0
            while more := receive_some(datetime.now(UTC)):
                read += more
            print(json.dumps({"read": read, "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
