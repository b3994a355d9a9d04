"""What all three views refuse, and how an output reaches them."""

import numpy as np
import pytest
import torch

from core.annotation.errors import ModelError
from core.inference import postprocess
from core.inference.postprocess.raw import on_cpu
from core.maskformer.output import MaskFormerOutput
from tests.core.inference.plain_views import label_set

VIEWS = [postprocess.semantic, postprocess.instance, postprocess.panoptic]


def output(*, class_value=9.0, mask_value=1.0):
    class_logits = torch.zeros(1, 3, 3)
    class_logits[..., 0] = 9.0
    class_logits[0, 0, 0] = class_value
    mask_logits = torch.full((1, 3, 4, 4), 2.0)
    mask_logits[0, 0, 1, 2] = mask_value
    return MaskFormerOutput(class_logits, mask_logits)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([], "sizes holds 0 sizes for 1 images"),
        ([(4, 4), (4, 4)], "2 sizes for 1 images"),
        ([(0, 4)], r"\(0, 4\).*\(height, width\)"),
        ([(4, -1)], r"\(4, -1\)"),
        ([(4.0, 4)], r"\(4\.0, 4\)"),
        ([(True, 4)], r"\(True, 4\)"),
        ([(4, 4, 3)], r"\(4, 4, 3\)"),
        ([7], "7"),
        ([(10**6, 10**6)], r"\(1000000, 1000000\).*pixels"),
    ],
)
def test_sizes_that_no_image_has_are_refused(view, sizes, message):
    with pytest.raises(ModelError, match=message):
        view(output(), sizes, label_set(2, 0))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("sizes", "message"), [([(17, 16)], "17.*4×4 cells"), ([], "input_sizes holds 0")])
def test_input_sizes_beyond_the_padded_input_are_refused(view, sizes, message):
    with pytest.raises(ModelError, match=message):
        view(output(), [(8, 8)], label_set(2, 0), input_sizes=sizes)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("categories", [0, 1, 3])
def test_a_label_set_that_does_not_fit_is_refused(view, categories):
    with pytest.raises(ModelError, match=rf"\[1, 3, 3\].* label set of {categories}"):
        view(output(), [(8, 8)], label_set(categories, 0))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(view, value):
    for name, bad in (("class", output(class_value=value)), ("mask", output(mask_value=value))):
        with pytest.raises(ModelError, match=f"{name} logits are not finite"):
            view(bad, [(8, 8)], label_set(2, 0))


@pytest.mark.parametrize("view", VIEWS)
def test_an_output_that_carries_a_graph_is_read_without_it(view):
    class_logits = torch.randn(1, 3, 3, requires_grad=True)
    mask_logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    result = MaskFormerOutput(class_logits, mask_logits)
    assert view(result, [(8, 8)], label_set(2, 0))
    (result.class_logits.sum() + result.mask_logits.sum()).backward()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("threshold", [-0.1, float("inf"), float("nan")])
def test_a_senseless_threshold_is_refused(view, threshold):
    with pytest.raises(ModelError, match=f"threshold is .*{threshold}"):
        view(output(), [(8, 8)], label_set(2, 0), threshold=threshold)


@pytest.mark.parametrize("view", VIEWS)
def test_half_precision_logits_are_read(view):
    result = MaskFormerOutput(torch.randn(1, 3, 3).bfloat16(), torch.randn(1, 3, 4, 4).bfloat16())
    assert view(result, [(8, 8)], label_set(2, 0))


def test_an_output_on_the_cpu_stays_as_lazy_as_it_is():
    result = output()
    assert on_cpu(result) is result


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("shape", [(1, 0, 4, 4), (1, 3, 0, 4), (1, 3, 4, 0)])
def test_an_output_without_a_query_or_a_cell_is_refused(view, shape):
    output = MaskFormerOutput(torch.zeros(*shape[:2], 4), torch.zeros(shape))
    with pytest.raises(ModelError, match="at least one query and one cell"):
        view(output, [(8, 8)], label_set(3, 0))


@pytest.mark.parametrize("view", VIEWS)
def test_sizes_may_be_an_array_or_a_tensor(view):
    output = MaskFormerOutput(torch.zeros(1, 3, 4), torch.zeros(1, 3, 4, 4))
    for sizes in (np.array([[8, 9]]), torch.tensor([[8, 9]]), [torch.tensor([8, 9])]):
        assert len(view(output, sizes, label_set(3, 0))) == 1
    for sizes in (None, 8):
        with pytest.raises(ModelError, match="one \\(height, width\\) an image"):
            view(output, sizes, label_set(3, 0))
