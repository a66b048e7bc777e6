"""How jobs and messages are heard of by apps that this one does not know."""

from django.dispatch import Signal

# Sent after the commit of a job's row, with `queue`. The workers' app wakes a worker on it.
job_queued = Signal()

# Sent after a delivery was noted, with `message`, in the transaction that ends the delivery's job.
# After an error it is sent again later; the message is not.
message_delivered = Signal()
