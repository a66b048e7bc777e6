from tests.recmodel.shard_process import trained
from tests.recmodel.side_by_side import train_side_by_side


def test_two_shards_side_by_side_have_the_bits_of_one_after_the_other():
    """Two workers on two cores, one thread each, as workers are configured."""
    assert train_side_by_side(0, 1) == [trained(0), trained(1)]
