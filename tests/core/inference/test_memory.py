"""A 12-megapixel photo: what the views and proposals take beside the model."""

import subprocess
import sys

import pytest

LIMIT_BYTES = 1 << 30
# As much as a batch of one at 800 pixels gives, with the easy masks of a trained network and without any order.
PROGRAM = """
import sys
import numpy as np, torch
from core.inference.predictor import Predictor
from tests.benchmarks.made_outputs import label_set, made_output
from tests.benchmarks.memory import peak_growth
from tests.core.maskformer.small_models import small_model

kind = sys.argv[1]
torch.set_num_threads(1)
model = small_model()
predictor = Predictor(model, precision="float32")
image = np.zeros((3000, 4000, 3), dtype=np.uint8)
predictor.propose(image[:300, :400])
if kind != "network":
    output = made_output(60, (200, 267))
    if kind == "noise":
        output.mask_logits.copy_(4 * torch.randn(output.mask_logits.shape))
    model.label_set = label_set()
    predictor.run_network = lambda image: output
for question in (predictor.propose, predictor.semantic, predictor.instance, predictor.panoptic):
    print(peak_growth(lambda: question(image)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
@pytest.mark.parametrize("kind", ["network", "smooth", pytest.param("noise", marks=pytest.mark.long)])
def test_twelve_megapixels_take_less_than_a_gibibyte(kind):
    done = subprocess.run([sys.executable, "-c", PROGRAM, kind], capture_output=True, text=True, check=True)
    peaks = [int(line) for line in done.stdout.split()]
    assert len(peaks) == 4
    assert max(peaks) < LIMIT_BYTES
