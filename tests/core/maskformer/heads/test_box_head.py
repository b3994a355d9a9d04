import torch

from core.maskformer.heads.boxes import BoxHead


def test_boxes_are_fractions_in_float32_under_autocast_too():
    head = BoxHead(width=16)
    states = torch.randn(2, 3, 16) * 10
    with torch.autocast("cpu", torch.bfloat16):
        boxes = head(states)
    assert boxes.dtype == torch.float32
    assert boxes.shape == (2, 3, 4)
    assert ((boxes >= 0) & (boxes <= 1)).all()


def test_equals_the_box_head_of_detr_with_the_same_weights():
    import transformers.models.detr.modeling_detr as detr

    ours, theirs = BoxHead(width=16), detr.DetrMLPPredictionHead(16, 16, 4, 3)
    theirs.load_state_dict(
        {f"layers.{int(name.split('.')[1]) // 2}.{name.rpartition('.')[2]}": v for name, v in ours.state_dict().items()}
    )
    states = torch.randn(2, 3, 16)
    torch.testing.assert_close(ours(states), theirs(states).sigmoid())
