import pytest

from recmodel.fictional import domains, fictional_catalogue


@pytest.mark.parametrize("domain", domains())
def test_a_catalogue_is_large_varied_and_well_formed(domain):
    items = fictional_catalogue(2000, 1, domain)
    assert len({i.external_id for i in items}) == len({i.title for i in items}) == 2000
    assert len({i.genres for i in items}) > 100
    assert all(1930 <= i.year <= 2025 and i.genres == tuple(sorted(i.genres)) for i in items)
    assert not any("{" in i.title for i in items)


def test_a_seed_gives_the_same_and_a_longer_one_begins_with_the_shorter():
    assert fictional_catalogue(50, 1) == fictional_catalogue(80, 1)[:50]
    assert fictional_catalogue(50, 1) != fictional_catalogue(50, 2)


def test_the_text_is_what_real_catalogues_look_like():
    item = fictional_catalogue(1, 1)[0]
    assert item.text == f"{item.title} ({item.year}). {', '.join(item.genres)}"


def test_an_unknown_domain_is_named():
    with pytest.raises(ValueError, match="no domain 'cars'; there are film, book"):
        fictional_catalogue(1, 1, "cars")
