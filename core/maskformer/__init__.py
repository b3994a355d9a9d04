"""The network: photo → N masks with class scores."""
