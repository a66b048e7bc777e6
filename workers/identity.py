"""Who this process is."""

import os
import socket
import uuid

# Tells this process from every other, one that gets the same process id later included.
WORKER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
