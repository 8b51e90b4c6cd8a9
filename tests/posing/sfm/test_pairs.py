from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.posing.sfm.pairs import chosen_pairs, first_look, largest
from tests.posing.sfm.test_matching import descriptors

CHANCE = 20


def ring_scores(azimuths, elevations=None, seed=0):
    """Matches of the first look as photos of a turntable have them: they fall with the angle, and never to zero."""
    rng = np.random.default_rng(seed)
    azimuths = np.asarray(azimuths, float)
    elevations = np.zeros(len(azimuths)) if elevations is None else np.asarray(elevations, float)
    turn = np.abs((azimuths[:, None] - azimuths + 180) % 360 - 180)
    angle = np.hypot(turn, 1.5 * (elevations[:, None] - elevations))
    scores = rng.poisson(CHANCE + 140 * np.exp(-((angle / 30) ** 2)))
    scores = np.triu(scores, 1)
    return scores + scores.T


def graph(pairs, count):
    linked = nx.Graph()
    linked.add_nodes_from(range(count))
    linked.add_edges_from(pairs)
    return linked


def true_neighbours_linked(pairs, azimuths):
    """Whether photos next to each other on the turntable are paired."""
    order = np.argsort(azimuths)
    chosen = {frozenset(pair) for pair in pairs}
    return all(frozenset((int(a), int(b))) in chosen for a, b in zip(order, np.roll(order, -1), strict=True))


@settings(max_examples=30, deadline=None)
@given(st.integers(20, 70), st.randoms(use_true_random=False), st.integers(0, 99))
def test_neighbours_on_the_turntable_are_paired_whatever_the_photos_are_called(count, random, seed):
    azimuths = [360 * i / count for i in range(count)]
    random.shuffle(azimuths)
    pairs = chosen_pairs(ring_scores(azimuths, seed=seed), 8)
    assert true_neighbours_linked(pairs, azimuths)
    assert len(pairs) == len(set(pairs))
    assert all(i < j for i, j in pairs)
    assert len(pairs) < 12 * count


def test_far_fewer_pairs_than_all_are_chosen_in_a_ring_of_36():
    assert len(chosen_pairs(ring_scores(range(0, 360, 10)), 8)) < 36 * 35 / 2 / 2.5


@pytest.mark.parametrize("seed", range(5))
def test_two_rings_are_tied_together(seed):
    azimuths = [*range(0, 360, 15), *range(0, 360, 15)]
    elevations = [10] * 24 + [45] * 24
    pairs = chosen_pairs(ring_scores(azimuths, elevations, seed), 8)
    linked = graph([(i, j) for i, j in pairs if (i < 24) == (j < 24) or abs(i % 24 - j % 24) <= 1], 48)
    assert nx.is_connected(linked)
    assert sum(i < 24 <= j for i, j in pairs) >= 6


def test_photos_that_are_there_twice_do_not_cut_the_ring():
    azimuths = np.repeat(np.arange(0, 360, 15), 2)
    pairs = chosen_pairs(ring_scores(azimuths), 8)
    steps = graph([(i // 2, j // 2) for i, j in pairs if i // 2 != j // 2 and (j // 2 - i // 2) in (1, 23)], 24)
    assert nx.is_connected(steps)


def test_sides_with_nothing_in_common_are_bridged_by_their_best_pairs():
    scores = np.zeros((30, 30), int)
    scores[:15, :15] = scores[15:, 15:] = 50
    scores[4, 22] = scores[22, 4] = 9
    np.fill_diagonal(scores, 0)
    assert (4, 22) in chosen_pairs(scores, 8)


def test_few_photos_are_all_paired():
    assert chosen_pairs(np.zeros((9, 9), int), 8) == list(combinations(range(9), 2))


def test_the_first_look_counts_what_photos_share():
    shared = descriptors(60, 0)
    few = [
        np.concatenate([shared, descriptors(40, 1)]),
        np.concatenate([shared, descriptors(40, 2)]),
        descriptors(90, 3),
    ]
    scores = first_look(few)
    assert scores[0, 1] == scores[1, 0] >= 60
    assert scores[0, 2] < 10
    assert not scores.diagonal().any()


def test_the_first_look_takes_the_largest_features():
    all_features, scales = descriptors(900, 0), np.linspace(1, 9, 900, dtype=np.float32)
    assert np.array_equal(largest(all_features, scales), all_features[:-401:-1])
