"""Models by their id on the Hugging Face hub, through its client's cache."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.preprocessing import PREPROCESSOR
from core.maskformer.checkpoints.weights import INDEX_ENDING, PYTORCH, SAFETENSORS, SHARD_NAME, weight_files
from core.maskformer.manifest import CONFIG_NAME

# Owner and name, as the hub allows them.
HUB_ID = re.compile(r"(?!.*(\.\.|--))[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(?<![.-])", re.ASCII)
# Asking which files there are; without a network a person waits this long at most.
TIMEOUT_S = 10.0


def is_hub_id(source: str) -> bool:
    """Whether `source` reads as "owner/name"."""
    return HUB_ID.fullmatch(source) is not None


def fetch_from_hub(hub_id: str, *, cache: Path | None = None) -> Path:
    """The folder in the client's cache that holds the model's config and weights, fetched when they are not there.

    A cached copy is taken as it is, without asking the network. `cache`: another folder than the client's own.
    Raises ModelError, with the files to put into a folder by hand, when they can neither be found nor fetched.
    """
    from huggingface_hub import HfApi, snapshot_download  # takes 0.3 s, for this source alone

    cached = _cached_folder(hub_id, cache)
    if cached is not None:
        return cached
    try:
        # One question first: the client's downloads repeat theirs for half a minute where there is no network.
        info = HfApi().model_info(hub_id, timeout=TIMEOUT_S)
        wanted = wanted_files({file.rfilename for file in info.siblings or ()})
        return Path(snapshot_download(hub_id, cache_dir=cache, allow_patterns=wanted))
    # The client passes on its HTTP library's errors, and that library has changed with the client's versions.
    except Exception as error:
        raise ModelError(
            f"{hub_id}: not in the cache and cannot be fetched ({type(error).__name__}: {error!s:.200}). Put the "
            f"model's {CONFIG_NAME}, {PREPROCESSOR} and {SAFETENSORS} (or {PYTORCH}) into a folder, and give the "
            "folder's path instead"
        ) from error


def wanted_files(names: Collection[str]) -> list[str]:
    """The files to fetch of those that a model has: config, preprocessor and one set of weights, safetensors first.

    Raises ModelError when there is no config or no weights.
    """
    if CONFIG_NAME not in names:
        raise ModelError(f"the model has no {CONFIG_NAME}, so it is none in the Hugging Face layout")
    described = [name for name in (CONFIG_NAME, PREPROCESSOR) if name in names]
    for weights in (SAFETENSORS, PYTORCH):
        if weights in names:
            return [*described, weights]
        if weights + INDEX_ENDING in names:
            ending = Path(weights).suffix
            shards = sorted(name for name in names if SHARD_NAME.fullmatch(name) and name.endswith(ending))
            return [*described, weights + INDEX_ENDING, *shards]
    raise ModelError(f"the model has no weights that can be read: neither {SAFETENSORS} nor {PYTORCH}")


def _cached_folder(hub_id: str, cache: Path | None) -> Path | None:
    """The cached copy, if all of its weights are there."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, CONFIG_NAME, cache_dir=cache)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    try:
        return folder if all(path.exists() for path in weight_files(folder)) else None
    except ModelError:
        return None
