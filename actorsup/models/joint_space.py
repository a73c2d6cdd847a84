"""Models that embed pictures and texts in one space, such as CLIP and SigLIP, and the prototypes that texts become."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from zipfile import BadZipFile

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from actorsup.errors import InputError
from actorsup.installation import unset_variable
from actorsup.io.checkpoints import read_checkpoint
from actorsup.io.files import whole_file
from actorsup.registry import MODELS

BATCH = 64  # texts that are embedded at a time
TOKENIZERS = ("tokenizer.json", "vocab.json", "spiece.model", "tokenizer.model")  # files that say which words there are

SMALLEST_DIFFERENCE = 1e-6  # of embeddings of different texts


@dataclass(frozen=True, eq=False)
class Prototypes:
    """What texts are in a joint space: pictures near the prototype of a name show what it says.

    Args:
        names: of the prototypes, each once.
        embeddings: ``(T, D)`` float32, of unit length.
        scale: what the model of the texts multiplies a cosine by, 1 / temperature.
        bias: what it then adds; 0 but for SigLIP's.
    """

    names: tuple[str, ...]
    embeddings: Tensor
    scale: float = 100.0
    bias: float = 0.0

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.names) or len({*self.names}) < len(self.names):
            shape = tuple(self.embeddings.shape)
            raise InputError(
                f"expected a row of embeddings for each name, each once, got {shape} for {', '.join(self.names)}"
            )

    def of(self, names: Sequence[str]) -> Tensor:
        """The embeddings ``(len(names), D)`` of some names; ``InputError`` if one has none."""
        if missing := [name for name in names if name not in self.names]:
            raise InputError(f"no prototype of {missing[0]!r}; there are {', '.join(self.names)}")
        return self.embeddings[[self.names.index(name) for name in names]]

    def save(self, path: str | Path) -> None:
        """Write ``names``, ``embeddings``, ``scale`` and ``bias`` as an ``.npz`` file, whole or not at all."""
        arrays = {"embeddings": self.embeddings.cpu().numpy(), "scale": self.scale, "bias": self.bias}
        with whole_file(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, names=np.array(self.names), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Prototypes":
        """Read an ``.npz`` file or, written by ``torch.save``, a dictionary; ``scale`` and ``bias`` may be absent.

        The embeddings are scaled to unit length. Nothing in the file is run.
        """
        if not Path(path).is_file():
            raise InputError(
                f"{path}: no such file of prototypes; Prototypes.save writes them (docs/tutorials/words.md)"
            )
        try:
            held = _npz(path) if Path(path).suffix == ".npz" else read_checkpoint(str(path), owner="TextHead")
            embeddings = F.normalize(torch.as_tensor(held["embeddings"]).float(), dim=-1)
            scale, bias = (float(held.get(name, default)) for name, default in (("scale", 100.0), ("bias", 0.0)))
            return cls(tuple(map(str, held["names"])), embeddings, scale, bias)
        except (KeyError, TypeError, ValueError, OSError, BadZipFile) as error:
            raise InputError(
                f"{path}: cannot be read as prototypes ({error}): expected `names`, T texts, and `embeddings` (T, D), "
                "in an .npz file or a dictionary that torch.save wrote"
            ) from error


def _npz(path: str | Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


class ImageTower(nn.Module):
    """The part of a joint model that embeds pictures.

    Args:
        body: from normalised RGB pictures ``(M, 3, *image_size)`` to embeddings ``(M, D)``.
        image_size: ``(height, width)`` in pixels.
        out_channels: D.
    """

    def __init__(self, body: nn.Module, image_size: int | Sequence[int], out_channels: int) -> None:
        super().__init__()
        self.body = body
        self.image_size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
        self.out_channels = out_channels

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings ``(M, D)`` float32 of unit length."""
        return F.normalize(self.body(images).float(), dim=-1)


class JointModel(ABC):
    """How a published model of pictures and texts is built and where its weights are. It holds none itself."""

    weights: str

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> tuple[Tensor, float, float]:
        """Embeddings ``(T, D)`` float32 of unit length, and the scale and bias of the model's cosines.

        The text tower is built for it, and let go.
        """

    @abstractmethod
    def image_tower(self) -> ImageTower:
        """The image tower with random weights."""

    @abstractmethod
    def load_image_tower(self, tower: ImageTower) -> None:
        """Load the weights of what ``image_tower`` gave."""

    def prototypes(
        self, names: Sequence[str], templates: Sequence[str], phrases: Mapping[str, str] | None = None
    ) -> Prototypes:
        """Of each name the mean of the embeddings of its prompts, each of unit length, scaled to unit length.

        A prompt is a template with ``{}`` replaced by the phrase of the name or, where it has none, by the name.

        Raises:
            InputError: if two names are the same to the model.
        """
        phrases = phrases or {}
        prompts = [template.format(phrases.get(name, name)) for name in names for template in templates]
        embeddings, scale, bias = self.embed(prompts)
        means = F.normalize(embeddings.unflatten(0, (len(names), len(templates))).mean(dim=1), dim=-1)
        alike = ((means[:, None] - means).abs().amax(dim=-1) < SMALLEST_DIFFERENCE).triu(diagonal=1).nonzero()
        if len(alike):
            first, second = (names[index] for index in alike[0].tolist())
            raise InputError(
                f"{first!r} and {second!r} are the same to {self.weights}: do they differ in words that its tokenizer "
                "does not know, or beyond the length of its texts?"
            )
        return Prototypes(tuple(names), means, scale, bias)


LOCAL = "local-dir:"  # how open_clip calls a folder


@MODELS.register_module()
class OpenClipModel(JointModel):
    """A model of open_clip (CLIP, SigLIP, MobileCLIP, …) with weights from a file; nothing is downloaded.

    Args:
        name: open_clip's name of the model, such as ``ViT-B-32``, or ``local-dir:FOLDER``, a folder as the Hugging Face
            Hub has it, with ``open_clip_config.json`` and, if the model has one of its own, as SigLIP, the tokenizer.
            OpenAI's weights are of another network, which looks the same: ``ViT-B-32-quickgelu``.
        weights: the file, of any kind that open_clip reads.

    Raises:
        InputError: if open_clip is not installed, has no such model, or the weights are missing or do not fit.
    """

    def __init__(self, name: str, weights: str) -> None:
        self.name, self.weights = name, weights
        try:
            settings = None if name.startswith("hf-hub:") else self._open_clip.get_model_config(name)
        except (OSError, ValueError) as error:
            raise InputError(f"{name}: its open_clip_config.json cannot be read: {error}") from error
        if settings is None or not {"text_cfg", "vision_cfg"} <= settings.keys():
            raise InputError(
                f"open_clip has no model {name!r}: open_clip.list_models() names them; of a folder from the Hugging "
                f"Face Hub the name is {LOCAL}FOLDER"
            )
        self._settings = settings

    @property
    def _open_clip(self) -> ModuleType:
        return _extra("open_clip", "OpenClipModel", "openclip")

    def embed(self, texts: Sequence[str]) -> tuple[Tensor, float, float]:
        """As ``JointModel``."""
        model = self._load()
        if not self.name.startswith(LOCAL) and "hf_tokenizer_name" in self._settings["text_cfg"]:
            raise InputError(
                f"{self.name}: its tokenizer is no part of open_clip, and nothing is downloaded. Fetch the whole "
                f"folder from the Hugging Face Hub, and give name='{LOCAL}FOLDER'; or a file of prototypes as texts"
            )
        try:
            with _quiet():
                tokenizer = self._open_clip.get_tokenizer(self.name)
        except Exception as error:  # transformers reads that of a folder, and raises what it likes
            raise InputError(f"{self.name}: holds no tokenizer that open_clip can read: {error!s:.300}") from error
        with torch.no_grad():
            batches = [tokenizer(list(texts[start : start + BATCH])) for start in range(0, len(texts), BATCH)]
            embeddings = torch.cat([model.encode_text(tokens, normalize=True) for tokens in batches])
        return embeddings.float(), *_scale_and_bias(model)

    def image_tower(self) -> ImageTower:
        """As ``JointModel``."""
        visual = self._create().visual
        with torch.no_grad():
            embedding = visual(_blank(visual.image_size))
        if not isinstance(embedding, Tensor):
            raise InputError(f"{self.name}: its image tower gives more than one embedding of a picture")
        return ImageTower(visual, visual.image_size, embedding.shape[1])

    def load_image_tower(self, tower: ImageTower) -> None:
        """As ``JointModel``."""
        tower.body.load_state_dict(self._load().visual.state_dict())

    def _create(self) -> nn.Module:
        try:
            with _quiet():
                return self._open_clip.create_model(self.name, load_weights=False, pretrained_text=False).eval()
        except Exception as error:  # of what a folder's settings are wrong in, or a part that would be downloaded
            raise InputError(f"{self.name}: open_clip cannot build it: {error!s:.500}") from error

    def _load(self) -> nn.Module:
        if not Path(self.weights).is_file():
            unset = unset_variable(self.weights)
            absent = f"the environment variable {unset} is not set" if unset else f"{self.weights}: no such file"
            raise InputError(
                f"weights of {self.name}: {absent}, and nothing is downloaded. Fetch them"
                f"{self._where_published()} and give the path of the file: weights=PATH of each OpenClipModel and "
                "OpenClipEncoder in the config, or the environment variable that it reads (docs/tutorials/words.md)"
            )
        model = self._create()
        try:
            with _quiet():
                self._open_clip.load_checkpoint(model, self.weights, strict=True, weights_only=True)
        except Exception as error:  # open_clip raises what reading, unpickling and loading raise
            raise InputError(f"weights {self.weights} do not fit {self.name}: {error!s:.500}") from error
        return model

    def _where_published(self) -> str:
        """Of which address, if open_clip knows one whose network is this one."""
        if self.name.startswith(LOCAL):
            return ""
        tags = self._open_clip.list_pretrained_tags_by_model(self.name)
        published = [self._open_clip.get_pretrained_cfg(self.name, tag) for tag in tags]
        quick = self._settings.get("quick_gelu", False)
        addresses = [_address(each) for each in published if each.get("quick_gelu", False) == quick]
        first = next(filter(None, addresses), None)
        return "" if first is None else f", for instance from {first} (open_clip.list_pretrained() names all)"


def _address(published: Mapping) -> str | None:
    """Where open_clip downloads weights from."""
    if hub := published.get("hf_hub"):
        return f"https://huggingface.co/{hub.rstrip('/')}"
    return published.get("url") or None


@MODELS.register_module()
class TransformersJointModel(JointModel):
    """A CLIP or SigLIP of transformers, from a folder as the Hugging Face Hub has it; nothing is downloaded.

    Args:
        weights: the folder, with ``config.json``, the weights and the tokenizer.

    Raises:
        InputError: if transformers is not installed, or the folder is missing or holds no such model.
    """

    def __init__(self, weights: str) -> None:
        self.weights = weights
        _extra("transformers", "TransformersJointModel", "transformers")
        if not Path(weights, "config.json").is_file():
            raise InputError(
                f"weights {weights}: no folder with a config.json, and nothing is downloaded. Fetch a model, such as "
                "https://huggingface.co/google/siglip-base-patch16-224, and give the path of its folder"
            )

    @property
    def _transformers(self) -> ModuleType:
        return _extra("transformers", "TransformersJointModel", "transformers")

    def embed(self, texts: Sequence[str]) -> tuple[Tensor, float, float]:
        """As ``JointModel``."""
        model = self._load()
        # Without its files transformers may make a tokenizer that knows no word, and say nothing.
        if not any(Path(self.weights, name).is_file() for name in TOKENIZERS):
            raise InputError(f"weights {self.weights}: holds no tokenizer, none of {', '.join(TOKENIZERS)}")
        tokenizer = self._read(self._transformers.AutoTokenizer.from_pretrained)
        length = model.config.text_config.max_position_embeddings  # SigLIP reads the padding too
        tokens = tokenizer(list(texts), padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        with torch.no_grad():
            embeddings = F.normalize(model.get_text_features(**tokens).pooler_output.float(), dim=-1)
        return embeddings, *_scale_and_bias(model)

    def image_tower(self) -> ImageTower:
        """As ``JointModel``."""
        config = self._read(self._transformers.AutoConfig.from_pretrained)
        if not hasattr(config, "vision_config") or not hasattr(config, "text_config"):
            raise InputError(f"{self.weights}: a {config.model_type} is no model of pictures and texts")
        pictures, size = (
            _TransformersPictures(self._transformers.AutoModel.from_config(config)),
            config.vision_config.image_size,
        )
        with torch.no_grad():
            return ImageTower(pictures, size, pictures(_blank(size)).shape[1])

    def load_image_tower(self, tower: ImageTower) -> None:
        """As ``JointModel``."""
        tower.body.load_state_dict(_TransformersPictures(self._load()).state_dict())

    def _load(self) -> nn.Module:
        return self._read(self._transformers.AutoModel.from_pretrained).eval()

    def _read(self, read: Callable):
        try:
            with _quiet(), _without_bars(self._transformers):
                return read(self.weights, local_files_only=True)
        except Exception as error:  # transformers raises what reading and loading raise
            raise InputError(f"weights {self.weights}: transformers cannot read them: {error!s:.500}") from error


class _TransformersPictures(nn.Module):
    """What a model of transformers needs for pictures alone."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model.eval()
        for name in [name for name, _ in model.named_children() if name.startswith("text_")]:
            delattr(model, name)

    def forward(self, images: Tensor) -> Tensor:
        """Embeddings ``(M, D)``."""
        return self.model.get_image_features(images).pooler_output


def _scale_and_bias(model: nn.Module) -> tuple[float, float]:
    bias = getattr(model, "logit_bias", None)  # SigLIP's
    return model.logit_scale.exp().item(), 0.0 if bias is None else bias.item()


def _blank(size: int | Sequence[int]) -> Tensor:
    height, width = (size, size) if isinstance(size, int) else size
    return torch.zeros((1, 3, height, width))


def _extra(module: str, part: str, extra: str) -> ModuleType:
    try:
        return __import__(module)
    except ImportError as error:
        raise InputError(f"{part} needs {module}: pip install 'actorsup[{extra}]'") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip, which logs to the root logger, from printing, and from giving that logger a handler."""
    root = logging.getLogger()
    before, disabled = root.handlers[:], root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        root.handlers[:] = before
        logging.disable(disabled)


@contextmanager
def _without_bars(transformers: ModuleType) -> Iterator[None]:
    """Keep transformers from drawing a progress bar while it reads a file."""
    bars = transformers.utils.logging
    enabled = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            bars.enable_progress_bar()
