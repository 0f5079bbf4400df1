"""A clockwork that reads all that is unread, each time a line comes in: `python -m benchmarks.worker DIR` answers
`{"read", "seconds", "cpu", "database_cpu"}`, all in seconds."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.processes import cpu_seconds
from leadbell.cli import with_database


def main(folder: Path) -> None:
    with with_database(folder, "clockwork"):
        from django.db import connection

        from leadbell.dealers.models import Organisation
        from leadbell.followup.clockwork import receive_some
        from leadbell.log import configure
        from leadbell.process import keep_what_is_loaded

        configure()
        keep_what_is_loaded()
        logging.getLogger().handlers = [logging.NullHandler()]
        for dealer in Organisation.objects.filter(kind=Organisation.Kind.DEALER):
            dealer.opening_hours.is_open(datetime.now(UTC))
        connection.ensure_connection()
        database = connection.connection.info.backend_pid
        for _ in sys.stdin:
            began, ours, its = time.perf_counter(), time.process_time(), cpu_seconds(database)
            read = 0
            while more := receive_some(datetime.now(UTC)):
                read += more
            took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - ours}
            print(json.dumps({"read": read, "database_cpu": cpu_seconds(database) - its} | took), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
