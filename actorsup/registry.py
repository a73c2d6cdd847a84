"""The registries: every part that a config can name by ``type``."""

from mmengine import registry
from mmengine.registry import Registry, root


def _registry(name: str, *modules: str, parent: Registry | None = None) -> Registry:
    locations = [f"actorsup.{module}" for module in modules]
    return Registry(name, parent=parent, scope="actorsup", locations=locations)


# Children of mmengine's, so that whatever it ships (optimizers, hooks, samplers) can be named too.
MODELS = _registry("model", "models", "models.heads", "detectors", "trackers", parent=registry.MODELS)
# The last one is for configs that name GeneratedPairs: the core itself imports nothing synthetic.
DATASETS = _registry(
    "dataset", "datasets", "trackers.training_data", "synthetic.generated_pairs", parent=registry.DATASETS
)
TRANSFORMS = _registry("transform", "datasets.transforms", parent=registry.TRANSFORMS)
METRICS = _registry("metric", "evaluation.metrics", parent=registry.METRICS)
HOOKS = _registry("hook", "engine.hooks", "detectors", parent=registry.HOOKS)

DATASET_FORMATS = _registry("dataset format", "datasets.formats")
VIDEO_READERS = _registry("video reader", "io")
DETECTORS = _registry("detector", "detectors")
TRACKERS = _registry("tracker", "trackers")
LINKERS = _registry("linker", "linkers")
POST_PROCESSING = _registry("post-processing", "models.post_processing")

# A scope that lacks one of mmengine's registries makes it warn whenever something is looked up there.
for parent in [value for value in vars(root).values() if isinstance(value, Registry)]:
    if "actorsup" not in parent.children:
        Registry(parent.name, parent=parent, scope="actorsup")
