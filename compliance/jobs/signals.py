"""How a queued job reaches the broker without `compliance` knowing the workers."""

from django.dispatch import Signal

# Sent after the commit of a job's row, with `queue`. The workers' app wakes a worker on it.
job_queued = Signal()
