"""The same arithmetic as PyTorch's layers, faster: for inference on a CPU."""
