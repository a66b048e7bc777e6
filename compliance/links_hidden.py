"""Links of status pages are keys: no log line shows a whole one."""

import logging
import re

LINK = re.compile(r"(/requests/[0-9a-fA-F-]{36}/)[^/\s?]+|(/hand-off\?(?:[^\s&]*&)*token=)[^\s&]+")


class LinksHidden(logging.Filter):
    """Takes the key out of every line; the request's number stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if LINK.search(line):
            record.msg = LINK.sub(lambda found: (found[1] or found[2]) + "...", line)
            record.args = None
        return True
