"""The project's error tree: what a user may see, with the bad value and the remedy in the message."""


class MaskwrightError(ValueError):
    """Base of every error meant for a user; its text shows the bad value and what to do."""


class MaskError(MaskwrightError):
    """A mask whose size or run lengths are wrong."""


class LabelSetError(MaskwrightError):
    """A category or label set that cannot be used."""


class CorrectionError(MaskwrightError):
    """A correction that does not fit the image's truth; nothing was changed."""


class PhotoError(MaskwrightError):
    """An image file that cannot be read; the message starts with the file's name."""


class FormatError(MaskwrightError):
    """A data-set file that cannot be read or written."""


class ModelError(MaskwrightError):
    """A checkpoint or model configuration that cannot be used."""


class TrainingError(MaskwrightError):
    """A training that cannot start or go on."""


class StorageError(MaskwrightError):
    """A workspace or database that cannot be used; nothing was changed."""
