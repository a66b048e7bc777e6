"""How a job's progress looks."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from compliance.jobs.models import Job, JobState

STATE_COLOURS: dict[str, str] = {
    JobState.QUEUED: "info",
    JobState.RUNNING: "primary",
    JobState.SUCCEEDED: "success",
    JobState.FAILED: "danger",
    JobState.CANCELLED: "warning",
}


def percent(job: Job) -> int | None:
    """Return how much of the job is done, or None while nobody has counted."""
    if job.state == JobState.SUCCEEDED:
        return 100
    if not job.progress_total:
        return None
    return min(100, 100 * job.progress_done // job.progress_total)


def progress_bar(job: Job) -> SafeString:
    """Return a bar that screen readers can read too."""
    label = _("Progress of %(kind)s") % {"kind": job.kind}
    context = {"percent": percent(job) or 0, "label": label, "job": job}
    return render_to_string("admin/lethe/progress.html", context)
