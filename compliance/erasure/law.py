"""The words of the law for those who are refused something."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# By the values of `Refusal`.
WORDS: dict[str, Promise] = {
    "17(3)(a)": _(
        "Article 17(3)(a) GDPR: the processing is necessary for exercising the right of freedom "
        "of expression and information."
    ),
    "17(3)(b)": _(
        "Article 17(3)(b) GDPR: the processing is necessary for compliance with a legal "
        "obligation under Union or Member State law, or for the performance of a task carried "
        "out in the public interest or in the exercise of official authority."
    ),
    "17(3)(c)": _(
        "Article 17(3)(c) GDPR: the processing is necessary for reasons of public interest in "
        "the area of public health."
    ),
    "17(3)(d)": _(
        "Article 17(3)(d) GDPR: the processing is necessary for archiving purposes in the public "
        "interest, scientific or historical research purposes or statistical purposes, which the "
        "erasure would make impossible or seriously impair."
    ),
    "17(3)(e)": _(
        "Article 17(3)(e) GDPR: the processing is necessary for the establishment, exercise or "
        "defence of legal claims."
    ),
    "12(5)": _(
        "Article 12(5) GDPR: the request is manifestly unfounded or excessive, in particular "
        "because of its repetitive character."
    ),
    "11(2)": _(
        "Articles 11(2) and 12(6) GDPR: we cannot identify you as the person whom the data is "
        "about."
    ),
    "no-match": _("Article 17(1) GDPR: we hold no personal data concerning you to be erased."),
}
