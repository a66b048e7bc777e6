"""A sample data set in MovieLens' format: a fictional catalogue, and people who never were.

What moves a rating is what is known to move it: the person's own scale, how good the film is,
taste in genres and in decades, and chance. People meet popular films more often, and films that
suit them. The same seed gives the same bytes.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recmodel.fictional import FictionalItem, fictional_catalogue

Floats = npt.NDArray[np.float64]

SUBJECTS, ITEMS, SEED = 400, 1200, 1

# In stars. A film in the middle, rated by somebody in the middle, gets MEAN.
MEAN, BIAS, QUALITY, CHANCE = 3.3, 0.4, 0.45, 0.6
GENRE_TASTE, DECADE_TASTE = 0.7, 0.3
POPULARITY_EXPONENT = 0.8
SELECTION = 0.5  # how much what suits a person is met more often
FEWEST, MEDIAN, SPREAD = 15, 51, 0.8  # ratings of one person, log-normal
FIRST_DAY, LAST_DAY = datetime(2016, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
SITTING = 12  # ratings made in one go, on average
DAY = 86_400


@dataclass(frozen=True)
class Films:
    """What the simulation knows of the catalogue."""

    ids: list[str]
    genres: Floats  # (films, genres), rows of length 1
    decades: Floats  # in decades before or after 1990
    years: npt.NDArray[np.int64]
    quality: Floats
    log_popularity: Floats


@dataclass(frozen=True)
class Rating:
    """One line of `ratings.csv`."""

    subject: int
    item: str
    stars: float
    at: int


def write_sample(
    folder: Path, *, subjects: int = SUBJECTS, items: int = ITEMS, seed: int = SEED
) -> int:
    """Write `movies.csv` and `ratings.csv`; return the number of ratings."""
    catalogue = fictional_catalogue(items, seed)
    ratings = simulate(catalogue, subjects=subjects, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "movies.csv",
        ["movieId", "title", "genres"],
        [(item.external_id, _title(item), "|".join(item.genres)) for item in catalogue],
    )
    _write(
        folder / "ratings.csv",
        ["userId", "movieId", "rating", "timestamp"],
        [(rating.subject, rating.item, rating.stars, rating.at) for rating in ratings],
    )
    return len(ratings)


def simulate(catalogue: list[FictionalItem], *, subjects: int, seed: int) -> list[Rating]:
    """Return the ratings of `subjects` people, each person's in time order."""
    films = _films(catalogue, np.random.default_rng([seed, 0]))
    return [
        rating
        for subject in range(1, subjects + 1)
        for rating in _ratings(films, subject, np.random.default_rng([seed, subject]))
    ]


def _films(catalogue: list[FictionalItem], rng: np.random.Generator) -> Films:
    names = sorted({genre for item in catalogue for genre in item.genres})
    genres = np.array([[name in item.genres for name in names] for item in catalogue], float)
    years = np.array([item.year for item in catalogue])
    return Films(
        ids=[item.external_id for item in catalogue],
        genres=genres / np.linalg.norm(genres, axis=1, keepdims=True),
        decades=(years - 1990) / 10,
        years=years,
        quality=QUALITY * rng.standard_normal(len(catalogue)),
        log_popularity=-POPULARITY_EXPONENT * np.log1p(rng.permutation(len(catalogue))),
    )


def _ratings(films: Films, subject: int, rng: np.random.Generator) -> list[Rating]:
    begin = _draw_begin(rng)
    suits = films.quality + _taste(films, rng)
    met = _meet(films, suits, begin, rng)
    scale = MEAN + BIAS * rng.standard_normal()
    felt = scale + suits[met] + CHANCE * rng.standard_normal(len(met))
    stars = np.clip(np.round(2 * felt) / 2, 0.5, 5)
    times = _times(begin, len(met), rng)
    return [
        Rating(subject, films.ids[film], float(star), int(at))
        for film, star, at in zip(met, stars, times, strict=True)
    ]


def _taste(films: Films, rng: np.random.Generator) -> Floats:
    """Return how much each film is to one person's taste, in stars."""
    strength = np.exp(0.4 * rng.standard_normal())
    genres = films.genres @ rng.standard_normal(films.genres.shape[1])
    decades = rng.standard_normal() * np.tanh((films.decades - rng.normal(0, 1)) / 2)
    return np.asarray(strength * (GENRE_TASTE * genres + DECADE_TASTE * decades))


def _meet(
    films: Films, suits: Floats, begin: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Return the films that a person rates, in the order of rating; none that is not out yet."""
    out = films.years <= datetime.fromtimestamp(begin, UTC).year
    wanted = max(FEWEST, int(MEDIAN * np.exp(SPREAD * rng.standard_normal())))
    # The largest of log weight plus Gumbel noise are a draw without replacement.
    drawn = films.log_popularity + SELECTION * suits + rng.gumbel(size=len(suits))
    met = np.argsort(-np.where(out, drawn, -np.inf), kind="stable")[: min(wanted, out.sum() // 2)]
    return rng.permutation(met)


def _draw_begin(rng: np.random.Generator) -> int:
    return int(rng.integers(int(FIRST_DAY.timestamp()), int(LAST_DAY.timestamp()) - 365 * DAY))


def _times(begin: int, number: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return rising times: some seconds apart in a sitting, days apart between two."""
    pause = rng.random(number) < 1 / SITTING
    steps = np.where(pause, rng.exponential(6 * DAY, number), rng.exponential(40, number))
    times = begin + np.cumsum(1 + steps.astype(np.int64))
    return np.asarray(np.minimum(times, int(LAST_DAY.timestamp()) + np.arange(number)))


def _title(item: FictionalItem) -> str:
    return f"{item.title} ({item.year})"


def _write(path: Path, header: list[str], rows: list[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
