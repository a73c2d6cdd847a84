"""The two-stream head by hand."""

import torch
import torch.nn.functional as F

from actorsup.models.heads import TwoStreamHead

from .cases import LOGITS, VIDEO_INDEX, identity, pooled_logits


def two_streams():
    """The second layer gives class 0 the first channel, and class 1 nothing to choose by."""
    head = identity(TwoStreamHead)
    torch.nn.init.zeros_(head.selector.bias)
    with torch.no_grad():
        head.selector.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    return head


def test_two_streams_by_hand():
    losses = two_streams().loss(pooled_logits(), VIDEO_INDEX, torch.tensor([0, 0, 1]))
    classified, selected = LOGITS.softmax(dim=1), []
    for tubes in (LOGITS[:3], LOGITS[3:]):
        selected += torch.stack([tubes[:, 0].softmax(dim=0), torch.full((len(tubes),), 1 / len(tubes))], dim=1).tolist()
    products = classified * torch.tensor(selected)
    videos = torch.stack([products[:3].sum(dim=0), products[3:].sum(dim=0)])
    expected = F.binary_cross_entropy(videos, torch.tensor([[1.0, 0.0], [0.0, 1.0]]), reduction="sum") / 2
    torch.testing.assert_close(losses["loss_action"], expected)
    scores, of_video = two_streams().predict(pooled_logits(), VIDEO_INDEX, num_videos=3)[0]
    torch.testing.assert_close(scores.exp().float(), products[:3])
    torch.testing.assert_close(of_video, videos[0])


def test_two_streams_survive_certainty():
    pooled = (1000 * pooled_logits()).requires_grad_()
    loss = two_streams().loss(pooled, VIDEO_INDEX, torch.tensor([1, 0, 0]))["loss_action"]
    loss.backward()
    assert loss.isfinite()
    assert pooled.grad.isfinite().all()
