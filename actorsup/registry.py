"""The registries: every part that a config can name by ``type``.

The first group extends mmengine's root registries, so that whatever mmengine ships (optimizers, hooks, samplers) can be
named too. The second group is ours: dataset formats, the seams of proposal generation, and what follows a prediction.
"""

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry, root

MODELS = Registry(
    "model",
    parent=MMENGINE_MODELS,
    scope="actorsup",
    locations=["actorsup.models", "actorsup.models.heads", "actorsup.detectors", "actorsup.trackers"],
)
DATASETS = Registry(
    "dataset",
    parent=MMENGINE_DATASETS,
    scope="actorsup",
    # The last one is for configs that name GeneratedPairs: the core itself imports nothing synthetic.
    locations=["actorsup.datasets", "actorsup.trackers.training_data", "actorsup.synthetic.generated_pairs"],
)
TRANSFORMS = Registry(
    "transform", parent=MMENGINE_TRANSFORMS, scope="actorsup", locations=["actorsup.datasets.transforms"]
)
METRICS = Registry("metric", parent=MMENGINE_METRICS, scope="actorsup", locations=["actorsup.evaluation.metrics"])
HOOKS = Registry(
    "hook",
    parent=MMENGINE_HOOKS,
    scope="actorsup",
    locations=["actorsup.engine.hooks", "actorsup.detectors"],
)

DATASET_FORMATS = Registry("dataset format", scope="actorsup", locations=["actorsup.datasets.formats"])
VIDEO_READERS = Registry("video reader", scope="actorsup", locations=["actorsup.io"])
DETECTORS = Registry("detector", scope="actorsup", locations=["actorsup.detectors"])
TRACKERS = Registry("tracker", scope="actorsup", locations=["actorsup.trackers"])
LINKERS = Registry("linker", scope="actorsup", locations=["actorsup.linkers"])
POST_PROCESSING = Registry("post-processing", scope="actorsup", locations=["actorsup.models.post_processing"])

# A scope that lacks one of mmengine's registries makes it warn whenever something is looked up there.
for parent in [value for value in vars(root).values() if isinstance(value, Registry)]:
    if "actorsup" not in parent.children:
        Registry(parent.name, parent=parent, scope="actorsup")
