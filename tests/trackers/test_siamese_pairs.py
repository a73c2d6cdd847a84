import pytest
import torch

from actorsup.errors import InputError
from actorsup.trackers import SiamesePairs, SiameseTracker

NETWORK = {
    "type": "SiameseNetwork",
    "backbone": {"type": "UnpaddedThinNet", "channels": (4, 4, 4, 4, 4, 4)},
    "correlation": {"type": "CrossCorrelation", "normalized": True, "trainable": True, "scale": 10.0},
}


def make_batch(num_pairs: int = 2) -> dict[str, torch.Tensor]:
    """Noise; the exemplar is cut out of the search crop 16 pixels right of its middle and 8 above."""
    generator = torch.Generator().manual_seed(0)
    search = torch.randint(0, 256, (num_pairs, 3, 255, 255), generator=generator, dtype=torch.uint8)
    exemplar = search[..., 56:183, 80:207]
    return {"exemplar": exemplar, "search": search, "offset": torch.tensor([[16.0, -8.0]]).expand(num_pairs, 2)}


@pytest.fixture
def model() -> SiamesePairs:
    torch.manual_seed(0)
    return SiamesePairs(NETWORK)


def test_the_target_is_found_where_the_exemplar_was_cut_out(model):
    model.eval()
    with torch.no_grad():
        responses = model(**make_batch(), mode="tensor")
        predictions = model(**make_batch(), mode="predict")
    assert responses.shape == (2, 17, 17)
    assert all(divmod(int(response.argmax()), 17) == (7, 10) for response in responses)
    assert all(prediction["center_error"] < 1 for prediction in predictions)


def test_a_few_steps_on_one_batch_lower_its_loss_and_train_every_parameter(model):
    model.train()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(8):
        outputs = model(**make_batch(), mode="loss")
        optimizer.zero_grad()
        outputs["loss"].backward()
        optimizer.step()
        losses.append(outputs["loss"].item())
        assert 0 <= outputs["accuracy"] <= 1
    assert losses[-1] < 0.7 * losses[0]
    assert all(not torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


def test_crops_without_any_pattern_give_finite_gradients(model):
    batch = {name: torch.full_like(tensor, 7) for name, tensor in make_batch().items()}
    model.train()
    model(**batch, mode="loss")["loss"].backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_a_tracker_loads_the_network_out_of_its_checkpoint(model, tmp_path):
    path = str(tmp_path / "trained.pth")
    torch.save({"state_dict": model.state_dict()}, path)
    tracker = SiameseTracker(NETWORK, checkpoint=path)
    trained = model.network.state_dict()
    assert all(torch.equal(tensor.cpu(), trained[name]) for name, tensor in tracker.network.state_dict().items())


@pytest.mark.parametrize("change", ["rename", "shrink", "rename all"])
def test_a_checkpoint_that_does_not_fit_is_refused(model, tmp_path, change):
    state = model.state_dict()
    if change == "rename":
        state["network.backbone.features.99.weight"] = state.pop("network.backbone.features.0.weight")
    elif change == "shrink":
        state["network.backbone.features.0.weight"] = torch.zeros(1)
    else:
        state = {f"model.{name}": tensor for name, tensor in state.items()}
    path = str(tmp_path / "other.pth")
    torch.save(state, path)
    with pytest.raises(InputError, match=r"other\.pth does not fit SiameseTracker"):
        SiameseTracker(NETWORK, checkpoint=path)


def test_a_radius_that_holds_no_cell_is_refused():
    with pytest.raises(InputError, match="positive_radius must be positive, got 0"):
        SiamesePairs(NETWORK, positive_radius=0)
