"""A pixel decoder from its configuration."""

from __future__ import annotations

from collections.abc import Sequence

from core.maskformer.config import DeepLabConfig, EncoderFPNConfig, FCNConfig, FPNConfig, PixelDecoderConfig
from core.maskformer.pixel_decoders.deeplab import DeepLabPixelDecoder
from core.maskformer.pixel_decoders.encoder import EncoderLayer, EncoderPixelDecoder, TransformerEncoder
from core.maskformer.pixel_decoders.fcn import FCNPixelDecoder
from core.maskformer.pixel_decoders.fpn import FPNPixelDecoder

# Each has `memory_channels`, those of `PixelFeatures.memory`. EncoderPixelDecoder is an FPNPixelDecoder.
PixelDecoder = FPNPixelDecoder | FCNPixelDecoder | DeepLabPixelDecoder


def build_pixel_decoder(config: PixelDecoderConfig, in_channels: Sequence[int]) -> PixelDecoder:
    """The pixel decoder behind a backbone with these output channels, finest first."""
    width, mask_dim = config.width, config.mask_dim
    match config:
        case FPNConfig():
            return FPNPixelDecoder(in_channels=in_channels, width=width, mask_dim=mask_dim)
        case FCNConfig():
            return FCNPixelDecoder(in_channels=in_channels, width=width, mask_dim=mask_dim)
        case DeepLabConfig():
            return DeepLabPixelDecoder(in_channels=in_channels, width=width, mask_dim=mask_dim, rates=config.rates)
        case EncoderFPNConfig():
            return EncoderPixelDecoder(
                in_channels=in_channels, width=width, mask_dim=mask_dim, encoder=_encoder(config)
            )


def _encoder(config: EncoderFPNConfig) -> TransformerEncoder:
    layers = [
        EncoderLayer(width=config.width, heads=config.heads, feedforward=config.feedforward, dropout=config.dropout)
        for _ in range(config.layers)
    ]
    return TransformerEncoder(layers=layers)
