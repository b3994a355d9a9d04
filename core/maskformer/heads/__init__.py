"""From pixel features to the model's answer: masks with classes, or classes pixel by pixel."""
